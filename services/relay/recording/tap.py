"""One source of a publisher as the recorder hears it: an audience like any viewer, without a wire."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import count

from services.relay.forwarding import Lane
from services.relay.recording.frames import FRAMES, Frame, InOrder, VideoFrames
from services.relay.rtp import MediaPacket
from services.relay.source import Codec, Source

KEY_FRAME_EVERY_S = 4.0
STREAMS = count(1)
FAR_S = 3.0
"""A clock that says something this far from when packets come is not believed."""

TakeFrame = Callable[["Tap", Frame, float], None]


class Tap:
    """Puts a source's frames together and says when each was, in seconds since 1970.

    `clocks` are (monotonic, unix) now. The source's sender report, moved onto our clock once for sound and
    picture alike, tells the time of a frame; before the first one, the arrival of its first packet does.
    """

    lane: Lane | None = None

    def __init__(self, source: Source, take: TakeFrame, clocks: Callable[[], tuple[float, float]]) -> None:
        self.source, self.kind = source, source.kind
        self.heard_at = clocks()[0]
        self.key_at = float("-inf")
        self._take, self._clocks = take, clocks
        self.streams = 0
        """Another number each time that its numbers and clock begin anew."""
        self._order = InOrder()
        self._video: VideoFrames | None = None
        self._heard: tuple[int, Codec | None] = (0, None)
        self._newest = -1
        self._zero: float | None = None
        source.watchers.append(self)
        self.codec_changed()

    def codec_changed(self) -> None:
        """The source goes on differently: put nothing of before together with what comes."""
        codec = self.source.codec
        self._order = InOrder()
        if (self.source.ssrc, codec) != self._heard:
            self._heard = (self.source.ssrc, codec)
            self._zero, self._newest = None, -1
            self.streams = next(STREAMS)
        self._video = FRAMES[codec.name]() if codec is not None and codec.name in FRAMES else None

    def watch(self, source: Source | None, now: float) -> None:  # noqa: ARG002
        """The source has ended."""
        self.close()

    def close(self) -> None:
        """Hear nothing more."""
        if self in self.source.watchers:
            self.source.watchers.remove(self)

    def forward(self, packet: MediaPacket, now: float) -> None:
        """Take one packet of the source."""
        self.heard_at = now
        if self.kind == "audio":
            if packet.sequence > self._newest and packet.payload:
                self._newest = packet.sequence
                self._take(self, Frame(packet.timestamp, packet.payload), now)
            return
        try:
            self._picture(packet, now)
        except (LookupError, struct.error):
            self.codec_changed()  # no such packet can be; what follows begins anew on a key frame
        if self._order.next < 0:
            self.ask(now)

    def _picture(self, packet: MediaPacket, now: float) -> None:
        if self._video is None:
            return
        for found, broken in self._order.take(packet, now):
            for frame in self._video.take(found, broken):
                if frame.track is not None:
                    self.key_at = now
                self._take(self, frame, now)

    def ask(self, now: float) -> None:
        """Ask for a key frame, through the requests that all watchers share."""
        if not self.source.key_frames.pending:
            self.source.want_key_frame(now)

    def ask_when_due(self, now: float) -> None:
        """Ask where the last key frame is some seconds ago."""
        if self.kind == "video" and self.source.ssrc and now - self.key_at >= KEY_FRAME_EVERY_S:
            self.ask(now)

    def unix_s(self, timestamp: int) -> float:
        """When the frame of this RTP timestamp was."""
        rate = self.source.codec.clock_rate if self.source.codec is not None else 90_000
        now_s = self._clocks()[1]
        if self._zero is None:
            self._zero = now_s - timestamp / rate
        wrap = (1 << 32) / rate
        turns = round((now_s - self._zero - timestamp / rate) / wrap)
        return self._zero + timestamp / rate + turns * wrap

    def set_clock(self) -> None:
        """Follow the sender's report from here on: called where a jump does not hurt, between segments."""
        told, codec = self.source.sender_clock, self.source.codec
        if told is None or codec is None:
            return
        at_s, rtp = told
        newest, arrived = self.source.newest_timestamp, self._clocks()[1]
        step = ((newest - rtp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if newest >= 0 and abs(at_s + step / codec.clock_rate - arrived) < FAR_S:
            self._zero = at_s - rtp / codec.clock_rate
