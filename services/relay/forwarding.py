"""The hot path: one packet of a source, rewritten, protected and sent to each of its viewers.

A viewer's lane holds, flat, every number that this needs: a compiled pump can take the place of `fan_out`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from services.relay.aiortc_compat import srtp_functions
from services.relay.payloads import rewritten_vp8
from services.relay.rtp import (
    EXTENDED,
    EXTENSION_OF_ONE_WORD,
    HEADER,
    HEADER_BYTES,
    PLAIN,
    WITH_EXTENSION,
    MediaPacket,
    abs_send_time,
)
from services.relay.wire import BUFFER_BYTES, TRAILER_BYTES, ShortWire

PAYLOAD_BYTES = BUFFER_BYTES - TRAILER_BYTES - EXTENDED.size
SEND_TIME_FIELD = 0x02000000


class Lane:
    """What is added to a source's numbers so that one viewer sees one stream, and where it is sent.

    `first`, `shift` and `next_out` are unwrapped sequence numbers; `quick` says that nothing stands between a
    packet and the wire: the stream is open, its link is not paced, and the short path is there.
    """

    __slots__ = (
        "_picture_shift", "_source", "_tl0_shift", "address", "first", "last", "last_at", "level_id",
        "memory", "next_out", "octets", "packets", "payload_type", "quick", "send_time_id", "sendto",
        "session", "shift", "shifted", "size", "space", "ssrc", "timestamp_shift", "view",
    )  # fmt: skip

    def __init__(self, ssrc: int, next_out: int, send_time_id: int, level_id: int) -> None:
        self.ssrc, self.next_out = ssrc, next_out
        self.send_time_id, self.level_id = send_time_id << 28, level_id << 28
        self.quick = self.shifted = False
        self.payload_type = self.first = self.shift = self.timestamp_shift = 0
        self.packets = self.octets = 0
        self.last: MediaPacket | None = None
        self.last_at = 0.0
        self._source = self._picture_shift = self._tl0_shift = 0
        self.session: Any = None
        self.memory: Any = None
        self.space: Any = None
        self.size: Any = None
        self.view: Any = None
        self.sendto: Any = None
        self.address: Any = None

    def take(self, wire: ShortWire | None) -> None:
        """Be quick on this wire; None: be slow and let go of it."""
        self.quick = wire is not None and wire.session is not None
        if wire is None or wire.session is None:
            self.session = self.sendto = self.memory = self.space = self.view = self.size = None
            return
        self.session, self.size = wire.session, wire.session.size
        self.memory, self.space, self.view = wire.staging.memory, wire.staging.bytes, wire.staging.view
        self.sendto, self.address = wire.sendto, wire.address

    def align(self, packet: MediaPacket, source_ssrc: int, clock_rate: int, now: float) -> None:
        """Go on with this packet; of a new source, its timestamp is the time passed since the last."""
        changed, self._source = self._source != source_ssrc, source_ssrc
        last = self.last
        if last is not None:
            if changed:
                passed = max(1, int((now - self.last_at) * clock_rate))
                self.timestamp_shift += last.timestamp + passed - packet.timestamp
            if last.picture_id >= 0 and packet.picture_id >= 0:
                self._picture_shift += last.picture_id + 1 - packet.picture_id
            if last.tl0 >= 0 and packet.tl0 >= 0:
                self._tl0_shift += last.tl0 + 1 - packet.tl0
            self.shifted = bool(self._picture_shift or self._tl0_shift)
        self.first, self.shift = packet.sequence, self.next_out - packet.sequence

    def payload(self, packet: MediaPacket) -> bytes:
        """The payload as this viewer gets it."""
        if self.shifted and packet.picture_id_at >= 0:
            return rewritten_vp8(packet, self._picture_shift, self._tl0_shift)
        return packet.payload

    def header(self, packet: MediaPacket, payload_type: int, sequence: int, ssrc: int, now: float) -> bytes:
        """The RTP header as this viewer gets it, with the one extension that its m-line agreed to."""
        second = packet.marker << 7 | payload_type
        timestamp = packet.timestamp + self.timestamp_shift & 0xFFFFFFFF
        if self.send_time_id:
            word = self.send_time_id | SEND_TIME_FIELD | abs_send_time(now)
        elif self.level_id and packet.level >= 0:
            word = self.level_id | packet.level << 16
        else:
            return HEADER.pack(PLAIN, second, sequence & 0xFFFF, timestamp, ssrc)
        return EXTENDED.pack(
            WITH_EXTENSION, second, sequence & 0xFFFF, timestamp, ssrc, EXTENSION_OF_ONE_WORD, word
        )

    def sent(self, packet: MediaPacket, out: int, octets: int, now: float) -> None:
        """Count a packet, and remember the one that is furthest on."""
        self.packets += 1
        self.octets += octets
        if out >= self.next_out:
            self.next_out, self.last, self.last_at = out + 1, packet, now


class Watcher(Protocol):
    """Who receives a source's packets."""

    @property
    def lane(self) -> Lane | None:
        """Where its packets may go without asking; None: it is always asked."""

    def forward(self, packet: MediaPacket, now: float) -> None:
        """Send it on, or not."""


def fan_out(packet: MediaPacket, watchers: Sequence[Watcher], now: float) -> None:
    """Send one packet to everybody who watches its source."""
    marker, sequence, timestamp = packet.marker << 7, packet.sequence, packet.timestamp
    size, fits, send_time = len(packet.payload), len(packet.payload) <= PAYLOAD_BYTES, abs_send_time(now)
    send_time |= SEND_TIME_FIELD
    protect, extend, plain = srtp_functions.srtp_protect, EXTENDED.pack_into, HEADER.pack_into
    for watcher in watchers:
        lane = watcher.lane
        if lane is None or not lane.quick or not fits:
            watcher.forward(packet, now)
            continue
        if sequence < lane.first:
            continue
        out, space, begin = sequence + lane.shift, lane.space, EXTENDED.size
        second, stamped = marker | lane.payload_type, timestamp + lane.timestamp_shift & 0xFFFFFFFF
        if lane.send_time_id:
            word = lane.send_time_id | send_time
            extend(space, 0, 0x90, second, out & 0xFFFF, stamped, lane.ssrc, EXTENSION_OF_ONE_WORD, word)
        elif lane.level_id and packet.level >= 0:
            word = lane.level_id | packet.level << 16
            extend(space, 0, 0x90, second, out & 0xFFFF, stamped, lane.ssrc, EXTENSION_OF_ONE_WORD, word)
        else:
            begin = HEADER_BYTES
            plain(space, 0, 0x80, second, out & 0xFFFF, stamped, lane.ssrc)
        end = begin + size
        space[begin:end] = lane.payload(packet) if lane.shifted else packet.payload
        length = lane.size
        length[0] = end
        if protect(lane.session.pointer, lane.memory, length) == 0:
            try:
                lane.sendto(lane.view[: length[0]], lane.address)
            except OSError:
                lane.session.dropped += 1
        lane.packets += 1
        lane.octets += size
        if out >= lane.next_out:
            lane.next_out, lane.last, lane.last_at = out + 1, packet, now
