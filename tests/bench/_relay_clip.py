"""The clip of the relay's bench: VP8 720p30 at 1.5 Mbit/s, encoded once and kept."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, FPS = 1280, 720, 30
VIDEO_BPS = 1_500_000
LENGTH_S = 10
PAYLOAD_BYTES = 1160
SOUND_BYTES = 80
STAMP_BYTES = 8
GRAIN = 12


@dataclass(frozen=True)
class Clip:
    """Frames of 1/30 s, each as VP8 payloads without a descriptor; the first frame alone is a key frame."""

    frames: list[list[bytes]]

    @property
    def packets_per_s(self) -> float:
        """Of video."""
        return sum(map(len, self.frames)) / len(self.frames) * FPS

    @property
    def bps(self) -> float:
        """Of video, payloads alone."""
        return sum(len(part) for frame in self.frames for part in frame) * 8 / len(self.frames) * FPS


def clip(folder: Path) -> Clip:
    """The kept clip, or a new one."""
    kept = folder / f"relay-clip-{WIDTH}x{HEIGHT}-{VIDEO_BPS}-{LENGTH_S}.pickle"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(_encoded()))
    return Clip([_parts(frame) for frame in pickle.loads(kept.read_bytes())])


def _parts(frame: bytes) -> list[bytes]:
    return [frame[at : at + PAYLOAD_BYTES] for at in range(0, len(frame), PAYLOAD_BYTES)]


def _encoded() -> list[bytes]:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.bit_rate, encoder.framerate = VIDEO_BPS, Fraction(FPS)
    encoder.time_base = Fraction(1, FPS)
    encoder.gop_size = FPS * LENGTH_S
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    return [bytes(packet) for picture in _pictures() for packet in encoder.encode(picture)]


def _pictures() -> Iterator[av.VideoFrame]:
    """A wall with soft stains that a hand-held camera pans over, with the grain of its sensor."""
    noise, chance = np.random.default_rng(1), random.Random(1)
    stains = noise.integers(60, 190, (HEIGHT // 40 + 12, WIDTH // 40 + 12), dtype=np.uint8)
    wall = (
        av.VideoFrame.from_ndarray(stains, format="gray")
        .reformat(WIDTH + 400, HEIGHT + 400, "gray")
        .to_ndarray()
    )
    x = y = 200
    for number in range(FPS * LENGTH_S):
        x, y = x + chance.randint(-2, 2), y + chance.randint(-2, 2)
        grain = noise.integers(0, GRAIN, (HEIGHT, WIDTH), dtype=np.uint8)
        seen = wall[y : y + HEIGHT, x : x + WIDTH] + grain
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(seen), format="gray").reformat(
            format="yuv420p"
        )
        picture.pts = number
        yield picture
