"""The pictures of a recording by time: decoded file after file, the last one kept where none comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame

from services.assist.playback import Piece

EARLY_S = 0.02


class _Open:
    """One file being decoded."""

    def __init__(self, piece: Piece, folder: Path) -> None:
        self.piece = piece
        self._file: Any = av.open(str(folder / piece.name))
        self._frames: Iterator[VideoFrame] = self._file.decode(video=0)
        self._next = self._decoded()

    def until(self, at_s: float) -> VideoFrame | None:
        """The newest picture up to this time; None where there is no new one."""
        found = None
        while self._next is not None and self.piece.begin_s + float(self._next.time or 0) <= at_s + EARLY_S:
            found, self._next = self._next, self._decoded()
        return found

    def _decoded(self) -> VideoFrame | None:
        try:
            return next(self._frames, None)
        except av.FFmpegError:
            return None  # what follows can not be decoded: the last picture stays

    def close(self) -> None:
        self._file.close()


class Pictures:
    """Asked for rising times: the picture to show then, of the first publisher in `order` who has one."""

    def __init__(self, pieces: Sequence[Piece], order: Sequence[str], folder: Path) -> None:
        rank = {publisher: number for number, publisher in enumerate(order)}
        self._pieces = sorted(
            (piece for piece in pieces if piece.rtp is not None),
            key=lambda piece: (rank.get(piece.publisher, len(rank)), piece.begin_s),
        )
        self._folder = folder
        self._open: _Open | None = None
        self.shown: VideoFrame | None = None

    def at(self, at_s: float) -> bool:
        """Go to this time; whether `shown` is another picture than before."""
        piece = next((one for one in self._pieces if one.begin_s <= at_s + EARLY_S < one.end_s), None)
        if piece is None:
            return False
        if self._open is None or self._open.piece is not piece:
            self.close()
            self._open = _Open(piece, self._folder)
        found = self._open.until(at_s)
        if found is not None:
            self.shown = found
        return found is not None

    def close(self) -> None:
        """Close the open file."""
        if self._open is not None:
            self._open.close()
            self._open = None


def size_of(pieces: Sequence[Piece], folder: Path, most: int) -> tuple[int, int]:
    """The film's size: the largest picture's, its longer side at most `most`; even, 640 x 360 without any."""
    width, height = 640, 360
    sizes = []
    for piece in pieces:
        if piece.rtp is not None:
            with av.open(str(folder / piece.name), "r") as file:
                sizes.append((file.streams.video[0].width, file.streams.video[0].height))
    if sizes:
        width, height = max(sizes, key=lambda size: size[0] * size[1])
    scale = min(1.0, most / max(width, height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)
