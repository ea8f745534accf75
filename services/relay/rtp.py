"""RTP on the wire (RFC 3550 section 5, RFC 8285): what the relay reads of a packet and writes anew."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER = struct.Struct("!BBHLL")
HEADER_BYTES = 12
PACKET_BYTES = 1500
ONE_BYTE, TWO_BYTE = 0xBEDE, 0x1000
EXTENDED = struct.Struct("!BBHLLLL")
EXTENSION_OF_ONE_WORD = 0xBEDE0001
PLAIN, WITH_EXTENSION = 0x80, 0x90

ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


class Malformed(ValueError):
    """Bytes that are no packet of their kind; they are dropped and counted."""


@dataclass(slots=True)
class MediaPacket:
    """One packet of a source, kept once for all who watch it and for who asks for it again.

    `sequence` counts on past 65535; `level` is the audio level byte (RFC 6464), -1 where there is none; the
    `_at` fields are where the VP8 picture id and TL0PICIDX stand in the payload, -1 where they do not.
    """

    sequence: int
    timestamp: int
    marker: int
    payload: bytes
    starts_frame: bool = True
    starts_key_frame: bool = True
    level: int = -1
    picture_id: int = -1
    picture_id_at: int = -1
    tl0: int = -1
    tl0_at: int = -1


def body_of(packet: bytes | bytearray | memoryview, length: int) -> tuple[int, int, int]:
    """Where the extension's content begins (0: none) and where the payload begins and ends.

    Raises Malformed where the header promises more than the packet holds.
    """
    first = packet[0]
    if length < HEADER_BYTES or first >> 6 != 2:
        raise Malformed("no RTP header")
    begin = HEADER_BYTES + 4 * (first & 0x0F)
    extension = 0
    if first & 0x10:
        if begin + 4 > length:
            raise Malformed("truncated header extension")
        extension = begin + 4
        begin = extension + 4 * (packet[begin + 2] << 8 | packet[begin + 3])
    end = length
    if first & 0x20:
        end -= packet[length - 1]
        if packet[length - 1] == 0:
            raise Malformed("padding of no bytes")
    if begin > end:
        raise Malformed("the header is longer than the packet")
    return extension, begin, end


def extension_value(
    packet: bytes | bytearray | memoryview, content: int, end: int, wanted: int
) -> bytes | None:
    """The value of header extension `wanted` between `content` and `end`; None where absent or malformed."""
    profile = packet[content - 4] << 8 | packet[content - 3]
    two_byte = profile & 0xFFF0 == TWO_BYTE
    if not two_byte and profile != ONE_BYTE:
        return None
    at = content
    while at < end:
        if packet[at] == 0:
            at += 1
            continue
        if two_byte:
            if at + 1 >= end:
                return None
            identifier, size, at = packet[at], packet[at + 1], at + 2
        else:
            identifier, size, at = packet[at] >> 4, (packet[at] & 0x0F) + 1, at + 1
            if identifier == 15:
                return None
        if at + size > end:
            return None
        if identifier == wanted:
            return bytes(packet[at : at + size])
        at += size
    return None


def abs_send_time(now_s: float) -> int:
    """A time in seconds as 6.18 fixed point, 24 bits, as abs-send-time carries it."""
    return int(now_s * 262144) & 0xFFFFFF


def unwrapped(sequence: int, highest: int) -> int:
    """The 16-bit `sequence` as the number nearest to `highest` (RFC 3711 section 3.3.1)."""
    step = (sequence - highest) & 0xFFFF
    return highest + step if step < 0x8000 else highest + step - 0x10000
