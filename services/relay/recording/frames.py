"""Packets in their order, and what they hold put together to frames, undecoded (RFC 7741, RFC 6184).

Times are seconds of one monotonic clock. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.relay.payloads import FU_A, NAL_IDR, NAL_SPS, STAP_A
from services.relay.recording.ebml import VideoTrack
from services.relay.recording.h264 import configuration, picture_size
from services.relay.rtp import MediaPacket

WAIT_S = 1.2
"""A source gives a packet up after a second at the latest."""
HELD_PACKETS = 2048
FRAME_BYTES = 4 * 1024 * 1024
NAL_PPS, NAL_DELIMITER, NAL_FILLER = 8, 9, 12


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture or a stretch of sound as it is stored; `track` says of a key frame what decodes it."""

    timestamp: int
    payload: bytes
    track: VideoTrack | None = None


class InOrder:
    """Hands packets on by number; what is missing is waited for, then left out up to the next key frame."""

    def __init__(self) -> None:
        self.next = -1
        """The number of the packet to come; -1 while a key frame is waited for."""
        self.skipped = 0
        """Times that something was left out."""
        self._held: dict[int, MediaPacket] = {}
        self._since = 0.0

    def take(self, packet: MediaPacket, now: float) -> Iterator[tuple[MediaPacket, bool]]:
        """The packets that are in turn now, each with whether something before it was left out."""
        number, broken = packet.sequence, False
        if self.next >= 0 and number < self.next:
            return
        if not self._held:
            self._since = now
        self._held[number] = packet
        if len(self._held) > HELD_PACKETS and self.next < 0:
            del self._held[next(iter(self._held))]
        if self.next < 0:
            broken = packet.starts_key_frame and self._begin(number)
        elif len(self._held) > HELD_PACKETS or (self.next not in self._held and now - self._since > WAIT_S):
            broken = self._jump()
        while self.next >= 0 and (found := self._held.pop(self.next, None)) is not None:
            self.next, self._since = self.next + 1, now
            yield found, broken
            broken = False

    def _jump(self) -> bool:
        """Go on with the next key frame that came; without one, wait for it."""
        self.skipped += 1
        keys = [number for number, held in self._held.items() if held.starts_key_frame]
        return self._begin(min(keys, default=-1))

    def _begin(self, number: int) -> bool:
        self.next = number
        if number >= 0:
            self._held = {at: held for at, held in self._held.items() if at >= number}
        return True


@dataclass(slots=True)
class _Parts:
    """A frame that is being put together."""

    timestamp: int = -1
    parts: list[bytes] = field(default_factory=list)
    octets: int = 0

    def begin(self, timestamp: int) -> None:
        self.timestamp, self.octets = timestamp, 0
        self.parts = []

    def add(self, part: bytes) -> None:
        self.octets += len(part)
        if self.octets <= FRAME_BYTES:
            self.parts.append(part)

    def end(self) -> bytes:
        whole = b"".join(self.parts) if self.octets <= FRAME_BYTES else b""
        self.begin(-1)
        return whole


class Vp8Frames:
    """VP8: payloads without their descriptors, one after the other."""

    def __init__(self) -> None:
        self._frame = _Parts()

    def take(self, packet: MediaPacket, broken: bool) -> Iterator[Frame]:
        """The frame that this packet ends, or that the one before did."""
        frame, payload = self._frame, packet.payload
        if broken:
            frame.begin(-1)
        if not payload:
            return
        if frame.timestamp >= 0 and packet.timestamp != frame.timestamp:
            yield from self._whole(frame.timestamp)
        if frame.timestamp < 0:
            if not packet.starts_frame:
                return
            frame.begin(packet.timestamp)
        frame.add(payload[_vp8_begin(payload) :])
        if packet.marker:
            yield from self._whole(packet.timestamp)

    def _whole(self, timestamp: int) -> Iterator[Frame]:
        whole = self._frame.end()
        if len(whole) < 3:
            return
        track = None
        if whole[0] & 1 == 0:
            if len(whole) < 10 or whole[3:6] != b"\x9d\x01\x2a":
                return
            width, height = struct.unpack_from("<HH", whole, 6)
            track = VideoTrack("vp8", width & 0x3FFF, height & 0x3FFF)
        yield Frame(timestamp, whole, track)


def _vp8_begin(payload: bytes) -> int:
    """Where the payload begins behind its descriptor (RFC 7741 section 4.2)."""
    if payload[0] & 0x80 == 0 or len(payload) < 2:
        return 1
    flags, at = payload[1], 2
    if flags & 0x80:
        at += 2 if at < len(payload) and payload[at] & 0x80 else 1
    if flags & 0x40:
        at += 1
    if flags & 0x30:
        at += 1
    return at


class H264Frames:
    """H264: NAL units with their length before them; parameter sets go into the track's configuration."""

    def __init__(self) -> None:
        self._frame = _Parts()
        self._unit: list[bytes] = []
        self._sets: dict[int, bytes] = {}
        self._key = False

    def take(self, packet: MediaPacket, broken: bool) -> Iterator[Frame]:
        """The frame that this packet ends, or that the one before did."""
        frame = self._frame
        if broken:
            frame.begin(-1)
            self._unit, self._key = [], False
        if not packet.payload:
            return
        if frame.timestamp >= 0 and packet.timestamp != frame.timestamp:
            yield from self._whole(frame.timestamp)
        if frame.timestamp < 0:
            frame.begin(packet.timestamp)
        for unit in self._units(packet.payload):
            self._add(unit)
        if packet.marker:
            yield from self._whole(packet.timestamp)

    def _units(self, payload: bytes) -> Iterator[bytes]:
        kind = payload[0] & 0x1F
        if kind == STAP_A:
            at = 1
            while at + 2 < len(payload):
                size = payload[at] << 8 | payload[at + 1]
                if size == 0 or at + 2 + size > len(payload):
                    return
                yield payload[at + 2 : at + 2 + size]
                at += 2 + size
        elif kind == FU_A and len(payload) > 2:
            if payload[1] & 0x80:
                self._unit = [bytes([payload[0] & 0xE0 | payload[1] & 0x1F])]
            if self._unit:
                self._unit.append(payload[2:])
            if payload[1] & 0x40 and self._unit:
                yield b"".join(self._unit)
                self._unit = []
        elif 0 < kind < STAP_A:
            yield payload

    def _add(self, unit: bytes) -> None:
        kind = unit[0] & 0x1F
        if kind in (NAL_SPS, NAL_PPS):
            self._sets[kind] = unit
        elif kind not in (NAL_DELIMITER, NAL_FILLER):
            self._key = self._key or kind == NAL_IDR
            self._frame.add(len(unit).to_bytes(4) + unit)

    def _whole(self, timestamp: int) -> Iterator[Frame]:
        whole, key = self._frame.end(), self._key
        self._key = False
        if not whole:
            return
        track = self._track() if key else None
        if not key or track is not None:
            yield Frame(timestamp, whole, track)

    def _track(self) -> VideoTrack | None:
        sequence, picture = self._sets.get(NAL_SPS), self._sets.get(NAL_PPS)
        size = picture_size(sequence) if sequence is not None else None
        if sequence is None or picture is None or size is None:
            return None
        return VideoTrack("h264", *size, configuration(sequence, picture))


VideoFrames = Vp8Frames | H264Frames
FRAMES: dict[str, type[VideoFrames]] = {"vp8": Vp8Frames, "h264": H264Frames}
