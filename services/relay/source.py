"""One published track: its packets in, what is missing asked for again, and everybody who watches it."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from services.relay.forwarding import Watcher, fan_out
from services.relay.nack import Gaps, KeyFrameRequests
from services.relay.payloads import INSPECT, Inspect, inspect_sound
from services.relay.reception import Reception
from services.relay.rtcp import SenderReport, ntp_time, unix_time
from services.relay.rtp import MediaPacket, body_of, extension_value

HISTORY_PACKETS = 1024
REORDER_WINDOW = 512
ONE = struct.Struct("!H")


@dataclass(frozen=True, slots=True)
class Codec:
    """An agreed format: `name` in lower case, `profile` for H264 the first two octets of profile-level-id."""

    name: str
    payload_type: int
    clock_rate: int
    profile: str = ""
    rtx_payload_type: int = -1

    def same_media(self, other: Codec) -> bool:
        """Whether packets of one can be sent as the other."""
        return (self.name, self.clock_rate, self.profile) == (other.name, other.clock_rate, other.profile)


class Audience(Watcher, Protocol):
    """A watcher of a source, told of its changes."""

    def codec_changed(self) -> None:
        """The source goes on differently: begin anew on a key frame, perhaps of another format."""

    def watch(self, source: Source | None, now: float) -> None:
        """Watch another source, or none."""


class Upstream(Protocol):
    """The way back to the publisher."""

    def ask_again(self, media_ssrc: int, sequences: list[int]) -> None:
        """Send a NACK."""

    def ask_key_frame(self, media_ssrc: int) -> None:
        """Send a PLI."""

    def wake(self, source: Source) -> None:
        """Call `tick` soon: something is missing or wanted."""

    def frame_arrived(self, source: Source, send_time: int, octets: int, now: float) -> None:
        """A frame ended: `send_time` is its abs-send-time (24 bits), `octets` its size."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """Identifiers of the header extensions agreed on one m-line; 0 where not agreed."""

    abs_send_time: int = 0
    audio_level: int = 0
    mid: int = 0


class Source:
    """A published track of one SSRC. `publisher` names the peer; times are seconds of one monotonic clock."""

    def __init__(
        self,
        publisher: str,
        kind: str,
        codecs: dict[int, Codec],
        extensions: Extensions,
        upstream: Upstream,
    ) -> None:
        self.publisher, self.kind = publisher, kind
        self.codecs, self.extensions = codecs, extensions
        self.codec: Codec | None = None
        self.ssrc = 0
        self.watchers: list[Audience] = []
        self.reception = Reception(48000 if kind == "audio" else 90000)
        self.key_frames = KeyFrameRequests()
        self.gaps = Gaps()
        self._upstream = upstream
        self._history: list[MediaPacket | None] = [None] * HISTORY_PACKETS
        self._inspect: Inspect = inspect_sound
        self._timestamp = self._newest = -1
        self._frame_octets = 0
        self._counted = (-1, 0)
        self.rates: deque[tuple[float, int]] = deque(maxlen=4)
        self.sender_clock: tuple[float, int] | None = None

    @property
    def newest_timestamp(self) -> int:
        """The RTP timestamp of the newest packet; -1 before the first."""
        return self._timestamp

    def receive(
        self,
        packet: bytes | bytearray | memoryview,
        length: int,
        fields: tuple[int, int, int, int, int],
        now: float,
    ) -> None:
        """Take one RTP packet; `fields` are the five of its fixed header. Raises Malformed."""
        _, second, sequence, timestamp, _ = fields
        content, begin, end = body_of(packet, length)
        number = self.reception.count(sequence, timestamp, length, now)
        media = MediaPacket(number, timestamp, second >> 7, bytes(packet[begin:end]))
        if self.codec is None or self.codec.payload_type != second & 0x7F:
            self._codec_seen(second & 0x7F)
        if self.kind == "audio":
            if content and self.extensions.audio_level:
                value = extension_value(packet, content, begin, self.extensions.audio_level)
                media.level = value[0] if value else -1
        else:
            self._frame_octets += end - begin
            if media.marker and content and self.extensions.abs_send_time:
                value = extension_value(packet, content, begin, self.extensions.abs_send_time)
                if value is not None and len(value) == 3:
                    self._upstream.frame_arrived(self, int.from_bytes(value), self._frame_octets, now)
                self._frame_octets = 0
        self._take(media, now)

    def repaired(
        self, packet: bytes | bytearray | memoryview, length: int, timestamp: int, now: float
    ) -> None:
        """Take one retransmission (RFC 4588): the original sequence number stands before the payload."""
        _, begin, end = body_of(packet, length)
        if end - begin <= ONE.size or self.reception.highest < 0:
            return  # padding that probes the link, or nothing to repair yet
        (sequence,) = ONE.unpack_from(packet, begin)
        number = self.reception.highest + ((sequence - self.reception.highest + 0x8000) & 0xFFFF) - 0x8000
        if number > self.reception.highest:
            return
        if self.kept(number) is None:
            self.reception.repaired()
        marker = packet[1] >> 7
        self._take(MediaPacket(number, timestamp, marker, bytes(packet[begin + 2 : end])), now)

    def knows(self, payload_type: int) -> bool:
        """Whether this m-line agreed to the payload type, for media or for retransmission."""
        return payload_type in self.codecs or any(
            codec.rtx_payload_type == payload_type for codec in self.codecs.values()
        )

    def begin(self, ssrc: int) -> None:
        """The track now comes as `ssrc`: what was counted of another one is void."""
        if self.ssrc:
            self.reception = Reception(48000 if self.kind == "audio" else 90000)
            self._history = [None] * HISTORY_PACKETS
            self._newest, self._timestamp, self.sender_clock, self.gaps = -1, -1, None, Gaps()
            self._counted = (-1, 0)
        self.ssrc = ssrc
        for watcher in list(self.watchers):
            watcher.codec_changed()

    def close(self, now: float = 0.0) -> None:
        """Nothing comes any more; who watches it watches nothing."""
        self.ssrc = 0
        for watcher in list(self.watchers):
            watcher.watch(None, now)

    def _codec_seen(self, payload_type: int) -> None:
        codec = self.codecs.get(payload_type)
        if codec is None or codec == self.codec:
            return
        self.codec = codec
        self._inspect = INSPECT.get(codec.name, inspect_sound)
        for watcher in list(self.watchers):
            watcher.codec_changed()

    def _take(self, media: MediaPacket, now: float) -> None:
        """Keep it, notice what it jumped over, send it on."""
        number, place = media.sequence, media.sequence % HISTORY_PACKETS
        known = self._history[place]
        if known is not None and known.sequence >= number:
            return  # a second copy, or older than the history
        self._inspect(media, self._timestamp)
        newest = self._newest
        if number > newest + 1 and newest >= 0 and self.kind == "video":
            self._jumped(newest + 1, number - 1, now)
        elif number < newest:
            self.gaps.arrived(number, now)
        if number > newest:
            self._newest, self._timestamp = number, media.timestamp
        self._history[place] = media
        if media.starts_key_frame and self.kind == "video":
            self.gaps.key_frame_came(number)
            self.key_frames.came()
        fan_out(media, self.watchers, now)

    def _jumped(self, first: int, last: int, now: float) -> None:
        if not self.gaps.opened(first, last, now):
            for watcher in list(self.watchers):
                watcher.codec_changed()  # too far: they begin anew on a key frame, without the jump
            self.want_key_frame(now)
        self.tick(now)
        self._upstream.wake(self)

    def kept(self, sequence: int) -> MediaPacket | None:
        """A packet of the recent past, None where it never came or is too old."""
        media = self._history[sequence % HISTORY_PACKETS]
        return media if media is not None and media.sequence == sequence else None

    @property
    def newest(self) -> int:
        """The highest sequence number so far, unwrapped; -1 before the first packet."""
        return self._newest

    def want_key_frame(self, now: float) -> None:
        """A watcher can not go on without a key frame."""
        if self.kind != "video":
            return
        self.key_frames.ask(now)
        self.tick(now)
        self._upstream.wake(self)

    def tick(self, now: float) -> bool:
        """Send what is due; returns whether to be called again."""
        if self.ssrc == 0:
            return False
        if self.gaps:
            asked, lost = self.gaps.due(now)
            if asked:
                self._upstream.ask_again(self.ssrc, asked)
            if lost:
                self.key_frames.ask(now)
        if self.key_frames.due(now):
            self._upstream.ask_key_frame(self.ssrc)
        return bool(self.gaps) or self.key_frames.pending

    def count_loss(self, reported: float) -> tuple[float, int]:
        """The share (0..1) that did not come at the first try since the last call, and of how many packets.

        `reported` is that of the reception report, which takes what came again for received.
        """
        (newest, opened), now_at = self._counted, (self._newest, self.gaps.opened_count)
        self._counted = now_at
        packets = now_at[0] - newest if now_at[0] > newest >= 0 else 0
        jumped = (now_at[1] - opened) / packets if packets else 0.0
        loss = max(reported, min(1.0, max(0.0, jumped)))
        self.gaps.loss(loss)
        self.key_frames.lossy = self.gaps.lossy
        return loss, packets

    def clock_told(self, report: SenderReport, now: float, clock_shift_s: float) -> None:
        """The publisher's sender report; `clock_shift_s` moves its clock onto ours."""
        self.reception.clock_told(report, now)
        self.sender_clock = (unix_time(report.ntp) + clock_shift_s, report.rtp)

    def media_time(self, unix_s: float) -> tuple[int, int] | None:
        """A moment of our clock as (NTP, this source's RTP time); None before its first sender report."""
        if self.sender_clock is None or self.codec is None:
            return None
        told_at, rtp = self.sender_clock
        return ntp_time(unix_s), (rtp + int((unix_s - told_at) * self.codec.clock_rate)) & 0xFFFFFFFF

    def bitrate(self, now: float) -> int:
        """Bits per second over the last few calls, which should come about each second."""
        self.rates.append((now, self.reception.octets))
        (before, octets), (_, total) = self.rates[0], self.rates[-1]
        return int((total - octets) * 8 / (now - before)) if now > before else 0
