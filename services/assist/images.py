"""What a picture's first bytes say of it: its type and its size, without decoding it. Pure.

Source: JPEG ITU-T T.81 annex B, PNG (ISO/IEC 15948) section 11.2.2, WebP container (RFC 9649).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_SIDE = 16_384


class NoPicture(ValueError):
    """Bytes that are no JPEG, PNG or WebP of a size that can be."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's media type and its size in pixels."""

    media_type: str
    width: int
    height: int


def picture_of(octets: bytes) -> Picture:
    """Type and size of a JPEG, PNG or WebP; NoPicture for anything else."""
    try:
        if octets.startswith(b"\xff\xd8\xff"):
            found = Picture("image/jpeg", *_jpeg(octets))
        elif octets.startswith(b"\x89PNG\r\n\x1a\n") and octets[12:16] == b"IHDR":
            found = Picture("image/png", *struct.unpack_from(">II", octets, 16))
        elif octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
            found = Picture("image/webp", *_webp(octets))
        else:
            raise NoPicture("a still is a JPEG, a PNG or a WebP")
    except (struct.error, IndexError) as error:
        raise NoPicture("the picture ends before it says how large it is") from error
    if not (0 < found.width <= MAX_SIDE and 0 < found.height <= MAX_SIDE):
        raise NoPicture(f"a side of a still has 1 to {MAX_SIDE} pixels")
    return found


def _jpeg(octets: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header."""
    at = 2
    while True:
        marker = octets[at + 1]
        if octets[at] != 0xFF:
            raise NoPicture("a JPEG whose segments can not be followed")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", octets, at + 5)
            return width, height
        (length,) = struct.unpack_from(">H", octets, at + 2)
        if length < 2:
            raise NoPicture("a JPEG whose segments can not be followed")
        at += 2 + length


def _webp(octets: bytes) -> tuple[int, int]:
    kind = octets[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", octets, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", octets, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        width, height = (int.from_bytes(octets[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    raise NoPicture("a WebP of an unknown kind")
