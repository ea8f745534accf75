"""One place of a viewer: whatever source is shown in it, the viewer sees a single stream that goes on.

SSRC, sequence numbers, timestamps, payload type, picture ids and header extensions are the slot's own. It
opens on a key frame; where it drops, it drops up to the next one.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from services.relay.forwarding import Lane
from services.relay.reception import ViewerLoss
from services.relay.resends import Resends
from services.relay.rtcp import SenderReport
from services.relay.rtp import MediaPacket, unwrapped
from services.relay.source import Codec, Extensions, Source
from services.relay.wire import ShortWire

SEGMENTS_KEPT = 4
VAIN_AFTER_S = 5.0
SLOW_FRAME_EVERY_S = 1.0
DROPS_FOR_S = 1.0
SEQUENCE = struct.Struct("!H")


class Downstream(Protocol):
    """The viewer's link, shared by its slots."""

    rtt_s: float

    @property
    def loss(self) -> float:
        """The share of packets (0..1) that the viewer lately missed, before any repair."""

    def send_rtp(self, header: bytes, payload: bytes) -> None:
        """Send now."""

    def hold(self, slot: Slot, segment: Segment, packet: MediaPacket, now: float) -> bool:
        """Whether the link is slow and took the packet into its queue; False: send it now."""

    def wake(self, slot: Slot) -> None:
        """Call the slot's `tick` soon."""

    def quick_wire(self, kind: str) -> ShortWire | None:
        """The short path where packets of this kind need not wait; None where they do."""


@dataclass(slots=True)
class Segment:
    """A stretch of one source in the slot's stream: its sequence numbers, shifted."""

    source: Source
    first: int
    shift: int
    last_out: int = -1


@dataclass(slots=True)
class SlotTerms:
    """What was agreed for the m-line: SSRCs, formats in the viewer's order, header extensions."""

    ssrc: int
    rtx_ssrc: int
    codecs: list[Codec]
    extensions: Extensions = field(default_factory=Extensions)


class Slot:
    """The sending half of an m-line.

    `kind` is `audio` or `video`; times are seconds of one monotonic clock.
    """

    def __init__(self, kind: str, terms: SlotTerms, link: Downstream, first_sequence: int) -> None:
        self.kind, self.terms, self._link = kind, terms, link
        self.source: Source | None = None
        self.codec: Codec | None = None
        self.slow = self.muted = False
        self.on_mismatch: Callable[[Slot], None] | None = None
        self._open = self._resting = False
        self._segments: deque[Segment] = deque(maxlen=SEGMENTS_KEPT)
        self._segment: Segment | None = None
        extensions = terms.extensions
        self.lane = Lane(
            terms.ssrc, first_sequence + 0x10000, extensions.abs_send_time, extensions.audio_level
        )
        self._rtx_sequence = first_sequence
        self._shown = -1
        self._not_before = 0.0
        self.resends = Resends(self._send_again)
        self.loss = ViewerLoss()
        self._waits_since: float | None = None

    def watch(self, source: Source | None, now: float) -> None:
        """Show this source from its next key frame on; None shows nothing more."""
        if source is self.source:
            return
        if self.source is not None:
            self.source.watchers.remove(self)
        self.source, self._waits_since = source, now
        self._close_gate()
        self._segments.clear()
        if source is not None:
            source.watchers.append(self)
            self.codec_changed()
            self._not_before = 0.0
            if not self.muted:
                source.want_key_frame(now)

    def source_time(self, timestamp: int) -> int:
        """The source's RTP timestamp of what the viewer has under this one."""
        return timestamp - self.lane.timestamp_shift & 0xFFFFFFFF

    def codec_changed(self) -> None:
        """Begin anew, in the viewer's format for what the source sends; none fits: nothing is sent."""
        self._close_gate()
        self._segments.clear()
        theirs = self.source.codec if self.source is not None else None
        self.codec = next((ours for ours in self.terms.codecs if theirs and ours.same_media(theirs)), None)
        if theirs is not None and self.codec is None and self.on_mismatch is not None:
            self.on_mismatch(self)

    def limit(self, *, muted: bool, slow: bool, now: float) -> None:
        """Send nothing (`muted`), one frame a second (`slow`), or everything."""
        if (muted, slow) == (self.muted, self.slow):
            return
        opened = (self.muted and not muted) or (self.slow and not slow)
        self.muted, self.slow = muted, slow
        if muted or opened:
            self._close_gate()
        self.refresh()
        if opened and self.source is not None:
            self._not_before = 0.0
            self.source.want_key_frame(now)

    def drop_to_key_frame(self, now: float) -> None:
        """The link can not keep up: leave everything out for a second, and then up to a key frame.

        Asking at once would make everybody pay for key frames that this viewer can not take either.
        """
        if self._open and self.source is not None:
            self._close_gate()
            self._not_before = now + DROPS_FOR_S
            self._link.wake(self)

    def _close_gate(self) -> None:
        if self._segment is not None:
            self._segment.last_out = self.lane.next_out - 1
        self._open, self._resting, self._segment = False, False, None
        self.lane.take(None)

    def refresh(self) -> None:
        """The gate, the limits, the link's wire or its pace changed: take the quick lane where it is free."""
        free = self._open and not self.slow
        self.lane.take(self._link.quick_wire(self.kind) if free else None)

    def forward(self, packet: MediaPacket, now: float) -> None:
        """Send a packet of the source, now or through the link's queue."""
        if not self._open:
            self._try_to_open(packet, now)
            return
        segment = self._segment
        assert segment is not None
        if packet.sequence < segment.first:
            return
        if self.slow and packet.timestamp != self._shown and self.kind == "video":
            self._rest(packet, now)
        elif self.kind == "audio" or not self._link.hold(self, segment, packet, now):
            self.emit(packet, now)

    def _rest(self, packet: MediaPacket, now: float) -> None:
        """A slow slot has shown its frame: its late packets pass, the next frame waits its second."""
        if not self._resting:
            self._resting, self._not_before = True, now + SLOW_FRAME_EVERY_S
            self._link.wake(self)
        elif packet.starts_key_frame and now >= self._not_before:
            self._close_gate()
            self._try_to_open(packet, now)

    def release(self, segment: Segment, packet: MediaPacket, now: float) -> None:
        """The link's queue gives a packet back: it is sent unless the stream has gone on without it."""
        if segment is self._segment:
            self.emit(packet, now)

    def _try_to_open(self, packet: MediaPacket, now: float) -> None:
        """Begin a segment where a key frame starts, with all of it that has already come."""
        source = self.source
        if source is None or self.muted or self.codec is None or now < self._not_before:
            return
        if not packet.starts_key_frame:
            if not source.key_frames.pending:
                source.want_key_frame(now)
            return
        self.lane.align(packet, source.ssrc, self.codec.clock_rate, now)
        self.lane.payload_type = self.codec.payload_type
        self._segment = Segment(source, packet.sequence, self.lane.shift)
        self._segments.append(self._segment)
        self._open, self._shown, self._waits_since = True, packet.timestamp, None
        for number in range(packet.sequence, source.newest + 1):
            media = source.kept(number)
            if media is not None:
                self.forward(media, now)
        self.refresh()

    def emit(self, packet: MediaPacket, now: float) -> None:
        """Rewrite and send a packet of the open segment."""
        segment, codec = self._segment, self.codec
        if segment is None or codec is None:
            return
        lane, out = self.lane, packet.sequence + segment.shift
        payload = lane.payload(packet)
        lane.sent(packet, out, len(payload), now)
        self._link.send_rtp(lane.header(packet, codec.payload_type, out, self.terms.ssrc, now), payload)

    def resend(self, sequences: tuple[int, ...], now: float) -> None:
        """Answer a NACK from the source's history."""
        numbers = [unwrapped(sequence, self.lane.next_out) for sequence in sequences]
        if self.resends.asked(numbers, self._link.rtt_s, self._link.loss, now):
            self._link.wake(self)

    def _send_again(self, out: int, now: float) -> bool:
        for segment in reversed(self._segments):
            number = out - segment.shift
            if number >= segment.first and (segment.last_out < 0 or out <= segment.last_out):
                packet = segment.source.kept(number)
                return packet is not None and self._repeat(packet, out, now)
        return False

    def _repeat(self, packet: MediaPacket, out: int, now: float) -> bool:
        lane, codec = self.lane, self.codec
        if codec is None or out >= lane.next_out:
            return False
        payload = lane.payload(packet)
        if codec.rtx_payload_type < 0:
            header = lane.header(packet, codec.payload_type, out, self.terms.ssrc, now)
            self._link.send_rtp(header, payload)
            return True
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        header = lane.header(packet, codec.rtx_payload_type, self._rtx_sequence, self.terms.rtx_ssrc, now)
        self._link.send_rtp(header, SEQUENCE.pack(out & 0xFFFF) + payload)
        return True

    def key_frame_wanted(self, now: float) -> None:
        """The viewer sent a PLI."""
        if self.source is not None and not self.slow and not self.muted:
            self.source.want_key_frame(now)

    def waits_in_vain(self, now: float) -> bool:
        """Whether packets came for VAIN_AFTER_S without a key frame among them; true once a wait."""
        source, since = self.source, self._waits_since
        if since is None or source is None or self.muted or source.newest < 0 or self.codec is None:
            return False
        if now - since < VAIN_AFTER_S:
            return False
        self._waits_since = None
        return True

    def tick(self, now: float) -> bool:
        """Ask for the frame to go on with when the wait for it is over; whether to be called again."""
        repeats = self.resends.tick(now)
        if self.muted or self.source is None or (self._open and not self._resting):
            return repeats
        if now < self._not_before:
            return True
        self.source.want_key_frame(now)
        return repeats

    def report(self, unix_s: float) -> SenderReport | None:
        """The publisher's clock, translated; None where there is nothing to say yet."""
        if self.source is None or not self._segments:
            return None  # nothing of this source has been shown yet
        moment = self.source.media_time(unix_s)
        if moment is None:
            return None
        ntp, rtp = moment
        shifted = (rtp + self.lane.timestamp_shift) & 0xFFFFFFFF
        packets, octets = self.lane.packets & 0xFFFFFFFF, self.lane.octets & 0xFFFFFFFF
        return SenderReport(self.terms.ssrc, ntp, shifted, packets, octets)
