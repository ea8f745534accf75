"""One publisher being recorded: its sound and its picture on their way into files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.relay.recording.frames import Frame
from services.relay.recording.segments import Segments, SegmentSink
from services.relay.recording.tap import Tap
from services.relay.source import Source

Clocks = Callable[[], tuple[float, float]]
NO_PICTURE_S = 3.0
SOUND_NOW_S = 1.0
WAITS_AT_MOST_S = 2.0


class Take:
    """Taps a publisher's sources until closed; `clocks` are (monotonic, unix) now in seconds."""

    def __init__(
        self,
        publisher: str,
        sink: SegmentSink,
        clocks: Clocks,
        log_time: Callable[[float], datetime],
        length_s: float,
    ) -> None:
        self.segments = Segments(publisher, sink, log_time, length_s)
        self._clocks = clocks
        self._taps: dict[Source, Tap] = {}
        self._pictured_at = self._flushed_at = clocks()[0]

    @property
    def is_empty(self) -> bool:
        """Whether all of its sources have ended."""
        return not any(source.ssrc for source in self._taps)

    def follow(self, sources: Sequence[Source]) -> None:
        """Tap those that are new, the first of each kind."""
        now = self._clocks()[0]
        self._taps = {source: tap for source, tap in self._taps.items() if source.ssrc}
        for source in sources:
            kinds = {tap.kind for tap in self._taps.values()}
            if source not in self._taps and source.kind not in kinds:
                self._taps[source] = Tap(source, self._take, self._clocks)
                for tap in self._taps.values():
                    tap.ask(now)

    def _take(self, tap: Tap, frame: Frame, now: float) -> None:
        counts = {one.kind: one.streams for one in self._taps.values()}
        streams = (counts.get("video", 0), counts.get("audio", 0))
        if tap.kind == "audio":
            alone = now - self._pictured_at > NO_PICTURE_S
            self.segments.sound(frame, tap.unix_s(frame.timestamp), streams, alone=alone)
            return
        sound = any(one.kind == "audio" and now - one.heard_at < SOUND_NOW_S for one in self._taps.values())
        at_s = tap.unix_s(frame.timestamp)
        if self.segments.is_due(frame, at_s, streams, sound=sound):
            for one in self._taps.values():
                one.set_clock()
            at_s = tap.unix_s(frame.timestamp)
        if self.segments.picture(frame, at_s, streams, sound=sound):
            self._pictured_at = now
        else:
            tap.ask(now)

    def tick(self, now: float) -> None:
        """Each second: ask for key frames, and let nothing wait in memory for long."""
        for tap in self._taps.values():
            tap.ask_when_due(now)
        if now - self._flushed_at >= WAITS_AT_MOST_S:
            self._flushed_at = now
            self.segments.flush()

    def close(self) -> None:
        """Hear nothing more, and close the open file."""
        for tap in self._taps.values():
            tap.close()
        self._taps.clear()
        self.segments.end()
