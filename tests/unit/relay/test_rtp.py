"""RTP headers, extensions and payload descriptors are read without trusting them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.relay.payloads import inspect_h264, inspect_vp8, rewritten_vp8
from services.relay.rtp import (
    EXTENDED,
    HEADER,
    Malformed,
    MediaPacket,
    body_of,
    extension_value,
    unwrapped,
)
from tests.media.client import vp8_payload


def media(payload: bytes, timestamp: int = 9) -> MediaPacket:
    """A packet with this payload."""
    return MediaPacket(1, timestamp, 0, payload)


def test_the_body_stands_behind_sources_and_extension_and_before_the_padding() -> None:
    """CSRCs, extension words and padding are left out, as RFC 3550 section 5.1 counts them."""
    packet = HEADER.pack(0xB1, 96, 1, 2, 3) + bytes(4) + b"\xbe\xde\x00\x01\x32abc" + b"payload" + b"\0\0\3"
    extension, begin, end = body_of(packet, len(packet))
    assert packet[begin:end] == b"payload"
    assert extension_value(packet, extension, begin, 3) == b"abc"
    assert extension_value(packet, extension, begin, 4) is None


def test_both_forms_of_extensions_are_read() -> None:
    """One-byte and two-byte elements (RFC 8285), padding between them skipped."""
    two = b"\x10\x00\x00\x02\x05\x02hi\x00\x07\x01x"
    assert extension_value(two, 4, len(two), 5) == b"hi"
    assert extension_value(two, 4, len(two), 7) == b"x"
    cut = b"\xbe\xde\x00\x01\x37abc"
    assert extension_value(cut, 4, len(cut), 3) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes(11),
        HEADER.pack(0x40, 96, 1, 2, 3),
        HEADER.pack(0x8F, 96, 1, 2, 3),
        HEADER.pack(0x90, 96, 1, 2, 3) + b"\xbe\xde\xff\xff",
        HEADER.pack(0xA0, 96, 1, 2, 3) + b"\x00",
        HEADER.pack(0xA0, 96, 1, 2, 3) + b"\x05",
    ],
)
def test_a_header_that_promises_more_than_there_is_is_refused(packet: bytes) -> None:
    """Truncated, of another version, with padding or extension beyond its end."""
    with pytest.raises((Malformed, IndexError)):
        body_of(packet, len(packet))


def test_sequence_numbers_go_on_past_65535_in_both_directions() -> None:
    """The nearest number counts, late packets included."""
    assert unwrapped(1, 65535) == 65537
    assert unwrapped(65535, 65537) == 65535
    assert unwrapped(5, 5) == 5


def test_a_vp8_frame_begins_in_its_first_partition() -> None:
    """The S bit with partition 0 begins a frame, a clear P bit makes it a key frame (RFC 7741)."""
    key, delta = media(vp8_payload(50, start=True, key=True, picture=300, tl0=7)), media(b"\x10\x01")
    middle = media(vp8_payload(50, start=False, key=False, picture=300))
    for one in (key, delta, middle):
        inspect_vp8(one, -1)
    assert (key.starts_frame, key.starts_key_frame, key.picture_id, key.tl0) == (True, True, 300, 7)
    assert (delta.starts_frame, delta.starts_key_frame, delta.picture_id) == (True, False, -1)
    assert (middle.starts_frame, middle.starts_key_frame) == (False, False)


def test_picture_ids_are_moved_within_their_width() -> None:
    """15-bit ids wrap at 32768, 7-bit ids at 128, TL0PICIDX at 256; the rest of the payload stays."""
    wide = media(vp8_payload(30, start=True, key=True, picture=32767, tl0=255))
    inspect_vp8(wide, -1)
    moved = media(rewritten_vp8(wide, 2, 1))
    inspect_vp8(moved, -1)
    assert (moved.picture_id, moved.tl0, moved.payload[5:]) == (1, 0, wide.payload[5:])
    narrow = media(b"\x90\x80\x7f\x00rest")
    inspect_vp8(narrow, -1)
    assert rewritten_vp8(narrow, 2, 0) == b"\x90\x80\x01\x00rest"


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b"\x67sps", True),
        (b"\x18\x00\x02\x67a\x00\x02\x68b", True),
        (b"\x7c\x85idr", True),
        (b"\x7c\x05idr goes on", False),
        (b"\x65idr", True),
        (b"\x41slice", False),
        (b"\x18\xff\xff\x67", False),
        (b"", False),
    ],
)
def test_an_h264_key_frame_begins_with_its_parameter_sets_or_an_idr_slice(payload: bytes, key: bool) -> None:
    """Single NAL units, STAP-A and FU-A (RFC 6184 section 5)."""
    one = media(payload)
    inspect_h264(one, 8)
    assert one.starts_key_frame is key


def test_an_idr_slice_behind_its_parameter_sets_begins_nothing() -> None:
    """Of one frame only the first packet is the start."""
    one = media(b"\x65idr", timestamp=9)
    inspect_h264(one, 9)
    assert not one.starts_key_frame


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_no_payload_breaks_its_inspection(payload: bytes) -> None:
    """VP8 and H264 alike; what was found can be moved without leaving the payload."""
    for inspect in (inspect_vp8, inspect_h264):
        one = media(payload)
        inspect(one, 1)
        if one.picture_id_at >= 0 or one.tl0_at >= 0:
            assert len(rewritten_vp8(one, 12345, 99)) == len(payload)


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=12, max_size=80), st.integers(1, 14))
def test_no_header_breaks_its_reading(packet: bytes, wanted: int) -> None:
    """Any bytes are either refused or give a body within the packet."""
    try:
        extension, begin, end = body_of(packet, len(packet))
    except Malformed:
        return
    assert 12 <= begin <= end <= len(packet)
    if extension:
        extension_value(packet, extension, begin, wanted)


@pytest.mark.parametrize("seed", range(10))
def test_no_damage_to_a_true_packet_breaks_its_reading(seed: int) -> None:
    """Flipped and cut bytes of a real packet."""
    chance = random.Random(seed)
    whole = EXTENDED.pack(0x90, 96, 1, 2, 3, 0xBEDE0001, 0x32ABCDEF) + vp8_payload(
        40, start=True, key=True, picture=5, tl0=1
    )
    for _ in range(200):
        packet = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            packet[chance.randrange(len(packet))] = chance.getrandbits(8)
        test_no_header_breaks_its_reading.hypothesis.inner_test(  # type: ignore[attr-defined]
            bytes(packet[: chance.randint(12, len(packet))]), 3
        )
