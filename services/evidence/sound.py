"""Everybody's sound in one: decoded in order, put where it was on the time line, added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from services.assist.playback import Piece

RATE = 48_000
Samples = NDArray[np.float32]
"""(count, 2), full scale is 1."""


class Voice:
    """One publisher's sound."""

    def __init__(self, pieces: Sequence[Piece], folder: Path) -> None:
        self._stretches = self._decoded(pieces, folder)
        self._next = next(self._stretches, None)

    def _decoded(self, pieces: Sequence[Piece], folder: Path) -> Iterator[tuple[float, Samples]]:
        for piece in pieces:
            with av.open(str(folder / piece.name), "r") as file:
                if file.streams.audio:
                    yield from self._of_file(file, piece)

    def _of_file(self, file: Any, piece: Piece) -> Iterator[tuple[float, Samples]]:
        even = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
        try:
            for frame in file.decode(audio=0):
                at_s = piece.begin_s + float(frame.time or 0)
                for made in even.resample(frame):
                    yield at_s, made.to_ndarray().reshape(-1, 2).astype(np.float32)
        except av.FFmpegError:
            return  # the rest of this file can not be decoded: silence

    def add_to(self, mix: Samples, begin_s: float) -> None:
        """Add what sounds from `begin_s` on to the mix."""
        end_s = begin_s + len(mix) / RATE
        while self._next is not None and self._next[0] < end_s:
            at_s, samples = self._next
            first = round((at_s - begin_s) * RATE)
            early = max(0, -first)
            part = samples[early : early + max(0, len(mix) - max(0, first))]
            mix[max(0, first) : max(0, first) + len(part)] += part
            if first + len(samples) > len(mix):
                self._next = (end_s, samples[len(mix) - first :])
                return
            self._next = next(self._stretches, None)


class Sound:
    """Asked for rising times."""

    def __init__(self, pieces: Sequence[Piece], folder: Path) -> None:
        publishers = dict.fromkeys(piece.publisher for piece in pieces)
        self._voices = [
            Voice([one for one in pieces if one.publisher == publisher], folder) for publisher in publishers
        ]

    def between(self, begin_s: float, count: int) -> NDArray[np.int16]:
        """So many samples from this time on, (1, 2 x count), as an encoder takes them."""
        mix: Samples = np.zeros((count, 2), np.float32)
        for voice in self._voices:
            voice.add_to(mix, begin_s)
        return (np.clip(mix, -1, 1) * 32767).astype(np.int16).reshape(1, -1)
