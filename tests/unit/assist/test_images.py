"""A still's type and size are read from its bytes, never from what somebody says of it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assist.images import NoPicture, Picture, picture_of

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab" + b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", 720, 1280) + b"\x03"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + struct.pack(">II", 640, 480)
WEBP_LOSSY = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(10) + struct.pack("<HH", 320, 240)
WEBP_LOSSLESS = b"RIFF\x00\x00\x00\x00WEBPVP8L" + bytes(5) + struct.pack("<I", 319 | 239 << 14)
WEBP_EXTENDED = (
    b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + (319).to_bytes(3, "little") + (239).to_bytes(3, "little")
)


@pytest.mark.parametrize(
    ("octets", "picture"),
    [
        (JPEG, Picture("image/jpeg", 1280, 720)),
        (PNG, Picture("image/png", 640, 480)),
        (WEBP_LOSSY, Picture("image/webp", 320, 240)),
        (WEBP_LOSSLESS, Picture("image/webp", 320, 240)),
        (WEBP_EXTENDED, Picture("image/webp", 320, 240)),
    ],
)
def test_the_first_bytes_say_type_and_size(octets: bytes, picture: Picture) -> None:
    """JPEG past its other segments, PNG, and the three kinds of WebP."""
    assert picture_of(octets + bytes(100)) == picture


@pytest.mark.parametrize(
    "octets", [b"", b"GIF89a", JPEG[:9], PNG[:20], PNG[:16] + bytes(8), b"\xff\xd8\xff\xe0\x00\x00"]
)
def test_what_is_no_picture_is_refused(octets: bytes) -> None:
    """Another type, one cut short, and one without a size."""
    with pytest.raises(NoPicture):
        picture_of(octets)


@given(
    start=st.sampled_from([b"", b"\xff\xd8\xff", PNG[:16], WEBP_LOSSY[:16], WEBP_EXTENDED[:16]]),
    rest=st.binary(),
)
def test_any_bytes_are_answered(start: bytes, rest: bytes) -> None:
    """A picture or NoPicture, never another error and never an endless walk."""
    try:
        picture_of(start + rest)
    except NoPicture:
        return
