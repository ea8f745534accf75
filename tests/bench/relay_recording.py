"""What recording costs a relay node: CPU a recorded publisher of 720p30 and Opus, the disk's thread included.

The packets of the relay's clip go through a source's audience as they do live, and on to real files; nothing
is received or sent, so that the recorder's share alone is counted. Of CPU time, so load matters little.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from services.cli._own_secret import state_folder
from services.relay.forwarding import fan_out
from services.relay.payloads import inspect_vp8
from services.relay.recording.disk import Disk, SegmentFile
from services.relay.recording.take import Take
from services.relay.rtp import MediaPacket
from services.relay.source import Codec, Extensions, Source
from tests.bench._relay_clip import FPS, SOUND_BYTES, Clip, clip
from tests.bench._report import Report, Steps, run
from tests.media.client import vp8_payload

KEY_EACH_FRAMES = 120
MOST_OF_A_CORE = 1.0


class Silent:
    """The way back to a publisher that hears nothing."""

    def ask_again(self, media_ssrc: int, sequences: list[int]) -> None:
        """Nothing is missing."""

    def ask_key_frame(self, media_ssrc: int) -> None:
        """They come by themselves."""

    def wake(self, source: Source) -> None:
        """Nothing waits."""

    def frame_arrived(self, source: Source, send_time: int, octets: int, now: float) -> None:
        """Nothing is estimated."""


class Files:
    """Where segments go: the recorder's own files and thread."""

    def __init__(self, disk: Disk) -> None:
        self.disk, self.files = disk, 0
        self.open: dict[str, SegmentFile] = {}
        self.waiting: list[asyncio.Future[object]] = []

    def begin_file(self, publisher: str, suffix: str) -> str:
        """Name it."""
        self.files += 1
        name = f"e1-{self.files:04}-{publisher}{suffix}"
        self.open[name] = SegmentFile(self.disk, "bench", name)
        return name

    def write(self, name: str, octets: bytes) -> None:
        """Hand it to the thread."""
        self.waiting.append(self.disk.later(partial(self.open[name].write, octets)))

    def end_file(self, name: str) -> None:
        """Seal it."""
        self.waiting.append(self.disk.later(self.open.pop(name).seal))


def live(kind: str, codec: Codec) -> Source:
    """A source that sends."""
    source = Source("ANA", kind, {96: codec}, Extensions(), Silent())
    source.ssrc, source.codec = 1, codec
    return source


def packets_of(content: Clip, seconds: int) -> list[tuple[float, str, MediaPacket]]:
    """The clip's packets by time, a key frame each four seconds as the recorder asks for them."""
    found: list[tuple[float, str, MediaPacket]] = []
    sequence = 70_000
    for number in range(seconds * FPS):
        parts = content.frames[0 if number % KEY_EACH_FRAMES == 0 else 1 + number % (len(content.frames) - 1)]
        for place, part in enumerate(parts):
            descriptor = vp8_payload(5, start=place == 0, key=False, picture=number)[:4]
            packet = MediaPacket(sequence, number * 3000, int(place == len(parts) - 1), descriptor + part)
            inspect_vp8(packet, 0)
            found.append((number / FPS, "video", packet))
            sequence += 1
    sounds = [
        (n / 50, "audio", MediaPacket(70_000 + n, n * 960, 0, bytes(SOUND_BYTES)))
        for n in range(seconds * 50)
    ]
    return sorted(found + sounds, key=lambda one: one[0])


async def cost(content: Clip, seconds: int, *, records: bool) -> tuple[float, int]:
    """CPU seconds of handing so many seconds of packets to a recorder, or to nobody, and the files' bytes."""
    sources = {
        "video": live("video", Codec("vp8", 96, 90_000)),
        "audio": live("audio", Codec("opus", 96, 48_000)),
    }
    packets = packets_of(content, seconds)
    now = [0.0]
    with tempfile.TemporaryDirectory() as folder:
        files = Files(Disk(Path(folder), 0))
        take = Take(
            "ANA", files, lambda: (now[0], 1.9e9 + now[0]), lambda s: datetime.fromtimestamp(s, UTC), 10.0
        )
        if records:
            take.follow(list(sources.values()))
        begun = time.process_time()
        for at_s, kind, packet in packets:
            now[0] = at_s
            fan_out(packet, sources[kind].watchers, at_s)
        take.close()
        await asyncio.gather(*files.waiting)
        spent = time.process_time() - begun
        size, _ = await files.disk.later(partial(files.disk.survey, "bench"))
        files.disk.close()
    return spent, size


def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """The difference between recording and not, each round; the middle one counts."""
    report, content = Report("relay-recording"), clip(state_folder() / "bench")
    shares, size = [], 0
    with steps.stage(f"{arguments.seconds} s of 720p30", arguments.rounds) as advance:
        for _ in range(arguments.rounds):
            idle, _ = asyncio.run(cost(content, arguments.seconds, records=False))
            busy, size = asyncio.run(cost(content, arguments.seconds, records=True))
            shares.append((busy - idle) / arguments.seconds * 100)
            advance(1)
    report.add(
        "CPU a recorded publisher", sorted(shares)[len(shares) // 2], "% of a core", bound=MOST_OF_A_CORE
    )
    report.add("written", size * 8 / arguments.seconds / 1e6, "Mbit/s")
    report.add("packets", content.packets_per_s + 50, "/s")
    return report


def main(argv: list[str]) -> int:
    """`muster bench relay-recording`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of packets a round")
    parser.add_argument("--rounds", type=int, default=5)
    return run("relay-recording", parser, measured, argv)
