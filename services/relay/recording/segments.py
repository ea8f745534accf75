"""A publisher's frames cut into files: each begins on a key frame and says when it began.

A cluster holds about a second and is handed out whole, so that a file that is cut off loses no more. Times
are seconds since 1970 unless they say otherwise. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from services.relay.recording.ebml import (
    AUDIO_TRACK,
    BLOCK_REACH_MS,
    VIDEO_TRACK,
    Block,
    Head,
    VideoTrack,
    cluster,
    head,
)
from services.relay.recording.frames import Frame

Streams = tuple[int, int]
"""Counts that change where the clock of the picture, or of the sound, begins anew."""
CLUSTER_MS = 1000
CLUSTER_BYTES = 512 * 1024
SEGMENT_BYTES = 64 * 1024 * 1024
SOUND_LATE_S = 0.2
SHAPES_EVERY_S = 1.0
SOUND_ALONE_TIMES = 3
"""A file without pictures is this many times as long."""


class SegmentSink(Protocol):
    """Where files go."""

    def begin_file(self, publisher: str, suffix: str) -> str:
        """Open a file and give it a name that ends so."""

    def write(self, name: str, octets: bytes) -> None:
        """Add to it."""

    def end_file(self, name: str) -> None:
        """It is complete."""


class Segments:
    """The files of one publisher, one after the other. `log_time` turns seconds since 1970 into the log's."""

    def __init__(
        self, publisher: str, sink: SegmentSink, log_time: Callable[[float], datetime], length_s: float
    ) -> None:
        self._publisher, self._sink, self._log_time = publisher, sink, log_time
        self._length_s = length_s
        self._name: str | None = None
        self._video: VideoTrack | None = None
        self._audio = False
        self._streams: Streams = (0, 0)
        self._origin_s = self._sound_until_s = 0.0
        self._octets = 0
        self._waiting: list[Block] = []
        self._waiting_bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether a file is being written."""
        return self._name is not None

    def picture(self, frame: Frame, at_s: float, streams: Streams, *, sound: bool) -> bool:
        """Store a picture, in a new file where that is due.

        `sound` says whether sound comes now. False where the picture has no place: it needs a key frame.
        """
        if self.is_due(frame, at_s, streams, sound=sound):
            self.end()
            self._begin(frame, at_s, streams, sound=sound)
        if self._name is None or self._video is None or self._began_anew(streams):
            return False
        if frame.track is not None and frame.track != self._video:
            return False  # shapes that change too often: the next file takes them
        self._add(at_s, VIDEO_TRACK, frame.track is not None, frame.payload)
        return True

    def sound(self, frame: Frame, at_s: float, streams: Streams, *, alone: bool) -> None:
        """Store a stretch of sound; `alone` where no picture comes now."""
        self._sound_until_s = at_s + 0.02
        if self._name is not None and self._is_too_long(at_s, alone=alone):
            self.end()
        if self._name is None and alone:
            self._open(Head(self._publisher, self._log_time(at_s), None, True), at_s, streams)
        if self._name is not None and self._audio:
            self._add(at_s, AUDIO_TRACK, True, frame.payload)

    def is_due(self, frame: Frame, at_s: float, streams: Streams, *, sound: bool) -> bool:
        """Whether a new file begins with this picture."""
        if frame.track is None:
            return False
        if self._name is None or self._video is None or self._began_anew(streams):
            return True
        age_s = at_s - self._origin_s
        if frame.track != self._video:
            return age_s >= SHAPES_EVERY_S
        return age_s >= self._length_s or self._octets > SEGMENT_BYTES or (sound and not self._audio)

    def _began_anew(self, streams: Streams) -> bool:
        picture, sound = streams
        return picture != self._streams[0] or (self._audio and sound != self._streams[1])

    def _is_too_long(self, at_s: float, *, alone: bool) -> bool:
        """Whether a file must end without a key frame: none came for long, or it has sound alone."""
        most_s = self._length_s * SOUND_ALONE_TIMES
        stopped = alone and self._video is not None
        return stopped or at_s - self._origin_s >= most_s or self._octets > 2 * SEGMENT_BYTES

    def _begin(self, frame: Frame, at_s: float, streams: Streams, *, sound: bool) -> None:
        """Open a file from this key frame on, a little earlier where the sound has not come so far yet."""
        early_s = at_s - self._sound_until_s if sound else 0.0
        early_s = min(max(0.0, early_s), SOUND_LATE_S)
        origin_s = at_s - early_s
        rtp = (frame.timestamp - int(early_s * 90_000)) & 0xFFFFFFFF
        told = Head(self._publisher, self._log_time(origin_s), frame.track, sound, rtp)
        self._open(told, origin_s, streams)

    def _open(self, told: Head, origin_s: float, streams: Streams) -> None:
        suffix = {"webm": ".webm", "matroska": ".mkv"}[told.doc_type]
        self._name = self._sink.begin_file(self._publisher, suffix)
        self._video, self._audio, self._streams = told.video, told.audio, streams
        self._origin_s, self._octets = origin_s, 0
        self._write(head(told))

    def _add(self, at_s: float, track: int, key: bool, payload: bytes) -> None:
        time_ms = round((at_s - self._origin_s) * 1000)
        if time_ms < 0:
            return  # sound of before the file, later than SOUND_LATE_S
        if self._waiting and self._is_full(time_ms, begins=key and track == VIDEO_TRACK):
            self.flush()
        self._waiting.append(Block(time_ms, track, key, payload))
        self._waiting_bytes += len(payload)

    def _is_full(self, time_ms: int, *, begins: bool) -> bool:
        reach = time_ms - self._waiting[0].time_ms
        far = reach >= CLUSTER_MS or reach < CLUSTER_MS - BLOCK_REACH_MS
        return begins or far or self._waiting_bytes > CLUSTER_BYTES

    def flush(self) -> None:
        """Hand out what waits."""
        if self._waiting and self._name is not None:
            self._write(cluster(sorted(self._waiting, key=lambda block: block.time_ms)))
        self._waiting, self._waiting_bytes = [], 0

    def _write(self, octets: bytes) -> None:
        assert self._name is not None
        self._octets += len(octets)
        self._sink.write(self._name, octets)

    def end(self) -> None:
        """Close the open file."""
        self.flush()
        name, self._name, self._video = self._name, None, None
        if name is not None:
            self._sink.end_file(name)
