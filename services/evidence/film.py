"""A film of a session: its picture, or the still it was frozen to, with the marks drawn in, and the sound.

What was not recorded is left out; a short gap shows the last picture. Only what changes is encoded.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageOps

from services.assist.playback import Playback, ShownMark
from services.evidence.marks import Box, DrawnMark
from services.evidence.pictures import Pictures, size_of
from services.evidence.sound import RATE, Sound

FPS = 25
LONGEST_SIDE = 1280
BITS_PER_PIXEL_S = 2.2
SHOWN_EACH_S = 1.0
"""A picture that stands still is repeated each second, so that players can seek."""
VP8 = {  # a negative speed is kept: a positive one fills the time that a live picture would have
    "deadline": "realtime",
    "cpu-used": "-10",
    "lag-in-frames": "0",
    "auto-alt-ref": "0",
}

Progress = Callable[[float, float], None]
"""Hears how many seconds of how many are done."""


class NothingRecorded(Exception):
    """The session has no file that could be played."""


class Film:
    """Draws what is seen at a time; `stills` are files by id, `folder` holds the recording's files."""

    def __init__(self, plan: Playback, folder: Path, stills: Mapping[str, Path]) -> None:
        self.plan, self._stills = plan, stills
        self.size = size_of(plan.pieces, folder, LONGEST_SIDE)
        order = [plan.main] if plan.main is not None else []
        self._pictures = Pictures(plan.pieces, order, folder)
        self._still: tuple[str, Image.Image | None] | None = None
        self._drawn: dict[tuple[int, Box], DrawnMark] = {}
        self._before: tuple[object, ...] = ()

    def at(self, at_s: float) -> VideoFrame | None:
        """The picture at this time; None where it is the same as before."""
        new = self._pictures.at(at_s)
        still_id = self.plan.frozen_at(at_s)
        still = self._still_of(still_id) if still_id is not None else None
        marks = self.plan.marks_at(at_s, still_id)
        seen: tuple[object, ...] = (still_id, *(mark.seq for mark in marks))
        moves = (new and still is None) or any(mark.fades for mark in marks)
        if not moves and seen == self._before:
            return None
        self._before = seen
        return self._composed(at_s, still, marks)

    def _composed(self, at_s: float, still: Image.Image | None, marks: list[ShownMark]) -> VideoFrame:
        shown = self._pictures.shown
        exact = shown is not None and _fits(shown.width, shown.height, self.size)
        if still is None and not marks and shown is not None and exact:
            return shown.reformat(*self.size, format="yuv420p")
        canvas, box = self._canvas(still, shown)
        for mark in marks:
            left = (mark.end_s - at_s) / max(0.001, mark.end_s - mark.begin_s) if mark.fades else 1.0
            drawn = self._drawn.get((mark.seq, box))
            if drawn is None:
                drawn = self._drawn[mark.seq, box] = DrawnMark(mark.mark, box, self.size)
            drawn.paste(canvas, left)
        return VideoFrame.from_ndarray(np.asarray(canvas), format="rgb24").reformat(format="yuv420p")

    def _canvas(self, still: Image.Image | None, shown: VideoFrame | None) -> tuple[Image.Image, Box]:
        canvas = Image.new("RGB", self.size)
        if still is None and shown is None:
            return canvas, (0, 0, *self.size)
        width, height = still.size if still is not None else (shown.width, shown.height)  # type: ignore[union-attr]
        box = fitted(width, height, self.size)
        if still is not None:
            picture = still
        else:
            assert shown is not None
            scaled = shown.reformat(int(box[2]), int(box[3]), format="rgb24")
            picture = Image.fromarray(scaled.to_ndarray())
        canvas.paste(picture.resize((int(box[2]), int(box[3]))), (int(box[0]), int(box[1])))
        return canvas, box

    def _still_of(self, still_id: str) -> Image.Image | None:
        if self._still is None or self._still[0] != still_id:
            self._still = (still_id, _opened(self._stills.get(still_id), self.size))
        return self._still[1]

    def close(self) -> None:
        """Let go of the files."""
        self._pictures.close()


def _opened(file: Path | None, size: tuple[int, int]) -> Image.Image | None:
    """A still in the film's size; None where it is not kept or can not be decoded: the picture goes on."""
    if file is None:
        return None
    try:
        with Image.open(io.BytesIO(file.read_bytes())) as found:
            found.draft("RGB", size)
            upright = ImageOps.exif_transpose(found).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    box = fitted(*upright.size, size)
    return upright.resize((int(box[2]), int(box[3])))


def _fits(width: int, height: int, size: tuple[int, int]) -> bool:
    """Whether the whole canvas is the picture, within a pixel's rounding."""
    box = fitted(width, height, size)
    return size[0] - box[2] <= 2 and size[1] - box[3] <= 2


def fitted(width: int, height: int, size: tuple[int, int]) -> Box:
    """Where a picture stands on the canvas when it is shown whole and centred; whole, even pixels."""
    scale = min(size[0] / width, size[1] / height)
    wide, high = max(2, round(width * scale) // 2 * 2), max(2, round(height * scale) // 2 * 2)
    return (size[0] - wide) // 2, (size[1] - high) // 2, wide, high


def make_film(
    plan: Playback, folder: Path, stills: Mapping[str, Path], out: Path, progress: Progress
) -> float:
    """Write the film as WebM (VP8 and Opus) and return its length in seconds. Raises NothingRecorded."""
    spans = plan.spans()
    if not spans:
        raise NothingRecorded("Nothing of this session was recorded: there was no consent, or no picture.")
    film, sound = Film(plan, folder, stills), Sound(plan.pieces, folder)
    length_s, done_s = sum(end - begin for begin, end in spans), 0.0
    with av.open(str(out), "w", format="webm") as file:
        writer = _Writer(file, film.size)
        for begin_s, end_s in spans:
            at_s = begin_s
            while at_s < end_s:
                writer.second(film, sound, at_s, min(1.0, end_s - at_s))
                done_s += min(1.0, end_s - at_s)
                at_s += 1.0
                progress(done_s, length_s)
        writer.close()
    film.close()
    return length_s


class _Writer:
    """Encodes second by second; pictures carry milliseconds, sound is without gaps."""

    def __init__(self, file: Any, size: tuple[int, int]) -> None:
        self._file = file
        self._video = file.add_stream("libvpx", rate=FPS, options=VP8)
        self._video.width, self._video.height, self._video.pix_fmt = *size, "yuv420p"
        self._video.bit_rate = max(300_000, int(size[0] * size[1] * BITS_PER_PIXEL_S))
        self._video.codec_context.time_base = Fraction(1, 1000)
        self._video.codec_context.gop_size = 2 * FPS
        self._audio = file.add_stream("libopus", rate=RATE)
        self._audio.bit_rate = 64_000
        self._samples = 0
        self._shown_ms = -10_000
        self._last: VideoFrame | None = None

    def second(self, film: Film, sound: Sound, at_s: float, length_s: float) -> None:
        """Up to a second of the film from this time of the session on."""
        begun_ms = self._samples * 1000 // RATE
        for tick in range(max(1, round(length_s * FPS))):
            found = film.at(at_s + tick / FPS)
            now_ms = begun_ms + tick * 1000 // FPS
            self._last = found or self._last
            if self._last is not None and (
                found is not None or now_ms - self._shown_ms >= SHOWN_EACH_S * 1000
            ):
                self._last.pts, self._last.time_base = now_ms, Fraction(1, 1000)
                self._last.pict_type = av.video.frame.PictureType.NONE
                self._shown_ms = now_ms
                self._file.mux(self._video.encode(self._last))
        count = round(length_s * RATE)
        frame = av.AudioFrame.from_ndarray(sound.between(at_s, count), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._samples, Fraction(1, RATE)
        self._samples += count
        self._file.mux(self._audio.encode(frame))

    def close(self) -> None:
        """Write what the encoders still hold."""
        for stream in (self._video, self._audio):
            self._file.mux(stream.encode(None))
