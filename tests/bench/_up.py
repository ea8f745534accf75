"""A running `muster up --autoscale` for a bench: what it says, and when its workers changed hands."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from deploy.local.child import Child
from deploy.local.ports import free_port
from services.cli._stack import muster
from tests.bench._report import CouldNotMeasure

UP_WITHIN_S = 120.0
STOPPED_WITHIN_S = 15.0
LISTEN_EVERY_S = 0.02
FROM = {"region_events_revoked", "partitions_revoked"}
UNTIL = {"region_events_assigned", "restored", "partitions_assigned"}
ONE_CHANGE_S = 3.0
"""Changes of hands of the three groups within so long of each other are one rebalance."""


class Said(NamedTuple):
    """A line of `muster up`, with the wall time at which it came."""

    at: float
    line: str


class Window(NamedTuple):
    """A rebalance: from the first partition given up to the last one folded again, in wall time."""

    began: float
    ended: float

    def touches(self, began: float, ended: float) -> bool:
        """Whether anything of the span from `began` to `ended` lies in it."""
        return began <= self.ended and ended >= self.began


@dataclass
class Up:
    """The process, its lines so far, and its folder."""

    process: Child
    folder: Path
    port: int
    said: list[Said] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        """The folder with a log for each process."""
        return self.folder / f"up-{self.port}" / "log"

    def check(self) -> None:
        """Raises CouldNotMeasure where it has ended."""
        if self.process.ended is not None:
            lines = "\n".join(one.line for one in self.said[-20:])
            raise CouldNotMeasure(f"muster up ended with {self.process.ended}:\n{lines}")

    def lines(self, words: str) -> list[Said]:
        """What it said with these words."""
        return [one for one in self.said if words in one.line]

    async def listen(self, output: Path) -> None:
        """Take in what it says until cancelled."""
        with output.open(encoding="utf-8", errors="replace") as file:
            while True:
                self.said += [Said(time.time(), line) for line in file.read().splitlines()]
                await asyncio.sleep(LISTEN_EVERY_S)

    async def until_said(self, words: str, within_s: float) -> None:
        """Wait for a line with these words. Raises CouldNotMeasure."""
        deadline = time.monotonic() + within_s
        while not self.lines(words):
            self.check()
            if time.monotonic() > deadline:
                raise CouldNotMeasure(f"muster up did not say {words!r} within {within_s:.0f} s")
            await asyncio.sleep(0.1)

    def rebalances(self, since: float) -> list[Window]:
        """Every rebalance after this moment, from the workers' own logs."""
        found: list[Window] = []
        for at, event in sorted(self._changes(since)):
            if found and at - found[-1].ended < ONE_CHANGE_S:
                found[-1] = Window(found[-1].began, at)
            elif event in FROM:
                found.append(Window(at, at))
        return found

    def _changes(self, since: float) -> Iterator[tuple[float, str]]:
        for file in self.logs.glob("dispatch-*.log"):
            for line in file.read_text(errors="replace").splitlines():
                try:
                    told = json.loads(line)
                except ValueError:
                    continue
                if told.get("event") in FROM | UNTIL:
                    at = datetime.fromisoformat(told["timestamp"]).timestamp()
                    if at >= since:
                        yield at, told["event"]


@asynccontextmanager
async def muster_up(folder: Path, *options: str, **env: str) -> AsyncIterator[Up]:
    """`muster up` without a scenario; it and all its processes end with the block."""
    port, output = free_port(), folder / "up.out"
    command = muster("up", "--port", str(port), "--scenario", "none", *options)
    process = Child(command, output, cwd=folder, env={"MUSTER_STATE": str(folder), **env})
    up = Up(process, folder, port)
    listening = asyncio.create_task(up.listen(output))
    try:
        await up.until_said("http", UP_WITHIN_S)
        yield up
    finally:
        await process.stop(STOPPED_WITHIN_S)
        listening.cancel()
