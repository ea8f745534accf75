"""What a payload tells without decoding it: where frames and key frames begin (RFC 7741, RFC 6184)."""

from __future__ import annotations

from collections.abc import Callable

from services.relay.rtp import MediaPacket

NAL_IDR, NAL_SPS, STAP_A, FU_A = 5, 7, 24, 28

Inspect = Callable[[MediaPacket, int], None]
"""Fills a packet's fields from its payload; the second value is the timestamp of the packet before it."""


def inspect_sound(_packet: MediaPacket, _timestamp_before: int) -> None:
    """Every packet of sound stands alone."""


def inspect_vp8(packet: MediaPacket, _timestamp_before: int) -> None:
    """Read the VP8 payload descriptor (RFC 7741 section 4.2); a truncated one starts nothing."""
    payload = packet.payload
    packet.starts_frame = packet.starts_key_frame = False
    if len(payload) < 2:
        return
    first, at = payload[0], 1
    if first & 0x80:
        at = _read_vp8_extension(packet, payload)
    if at >= len(payload):
        return
    packet.starts_frame = first & 0x17 == 0x10
    packet.starts_key_frame = packet.starts_frame and payload[at] & 1 == 0


def _read_vp8_extension(packet: MediaPacket, payload: bytes) -> int:
    """Note where picture id and TL0PICIDX stand; returns where the VP8 payload header begins."""
    flags, at = payload[1], 2
    if flags & 0x80 and at < len(payload):
        wide = payload[at] & 0x80
        if wide and at + 1 < len(payload):
            packet.picture_id, packet.picture_id_at = (payload[at] & 0x7F) << 8 | payload[at + 1], at
        elif not wide:
            packet.picture_id, packet.picture_id_at = payload[at], at
        at += 2 if wide else 1
    if flags & 0x40:
        if at < len(payload):
            packet.tl0, packet.tl0_at = payload[at], at
        at += 1
    if flags & 0x30:
        at += 1
    return at


def rewritten_vp8(packet: MediaPacket, picture_shift: int, tl0_shift: int) -> bytes:
    """The payload with its picture id and TL0PICIDX moved, so that they run on where the source changed."""
    payload, at = bytearray(packet.payload), packet.picture_id_at
    if at >= 0:
        if payload[at] & 0x80:
            moved = (packet.picture_id + picture_shift) & 0x7FFF
            payload[at], payload[at + 1] = 0x80 | moved >> 8, moved & 0xFF
        else:
            payload[at] = (packet.picture_id + picture_shift) & 0x7F
    if packet.tl0_at >= 0:
        payload[packet.tl0_at] = (packet.tl0 + tl0_shift) & 0xFF
    return bytes(payload)


def inspect_h264(packet: MediaPacket, timestamp_before: int) -> None:
    """A key frame begins with its parameter sets, or with an IDR slice where they travel elsewhere."""
    payload = packet.payload
    new_frame = packet.timestamp != timestamp_before
    packet.starts_frame, packet.starts_key_frame = new_frame, False
    if not payload:
        packet.starts_frame = False
        return
    kind = payload[0] & 0x1F
    if kind == NAL_SPS:
        packet.starts_key_frame = True
    elif kind == STAP_A:
        kinds = _aggregated(payload)
        packet.starts_key_frame = NAL_SPS in kinds or (new_frame and NAL_IDR in kinds)
    elif kind == FU_A and len(payload) > 1:
        packet.starts_key_frame = new_frame and bool(payload[1] & 0x80) and payload[1] & 0x1F == NAL_IDR
    else:
        packet.starts_key_frame = new_frame and kind == NAL_IDR
    packet.starts_frame = new_frame or packet.starts_key_frame


def _aggregated(payload: bytes) -> set[int]:
    """The kinds of NAL units in a STAP-A; what is truncated is not counted."""
    kinds, at = set(), 1
    while at + 2 < len(payload):
        size = payload[at] << 8 | payload[at + 1]
        if size == 0 or at + 2 + size > len(payload):
            break
        kinds.add(payload[at + 2] & 0x1F)
        at += 2 + size
    return kinds


INSPECT: dict[str, Inspect] = {"vp8": inspect_vp8, "h264": inspect_h264}
