"""Worker processes of one installation that a test may kill, stop, wake and start again."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.child import Child
from services.cli._stack import muster
from streams.settings import WorkerSettings

OWNS = '"event": "restored"'
"""What a worker says when it folds its first partitions."""


@dataclass
class Workers:
    """`muster worker dispatch` so many times, as a fleet would run it."""

    settings: WorkerSettings
    folder: Path
    running: list[Child] = field(default_factory=list)

    async def start(self, count: int) -> None:
        """Start so many, and wait until each folds."""
        for _ in range(count):
            self.running.append(self._spawn(len(self.running)))
        await asyncio.gather(*(self._folds(number) for number in range(len(self.running))))

    def _spawn(self, number: int) -> Child:
        settings = self.settings
        env = {
            "MUSTER_BROKER": settings.broker,
            "MUSTER_REDIS_URL": settings.redis_url,
            "MUSTER_TOPIC_PREFIX": settings.topic_prefix,
            "MUSTER_CLOCK": settings.clock,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self.log(number).write_bytes(b"")
        return Child(muster("worker", "dispatch"), self.log(number), cwd=self.folder, env=env)

    def log(self, number: int) -> Path:
        """Where a worker's words go; emptied when it is started again."""
        return self.folder / f"worker-{number}.log"

    async def _folds(self, number: int, within_s: float = 90.0) -> None:
        deadline = time.monotonic() + within_s
        while OWNS not in self.log(number).read_text(errors="replace"):
            worker = self.running[number]
            assert worker.ended is None, f"worker ended with {worker.ended}: {self.words(number)}"
            assert time.monotonic() < deadline, f"worker does not fold: {self.words(number)}"
            await asyncio.sleep(0.1)

    def words(self, number: int) -> str:
        """The end of a worker's log."""
        return self.log(number).read_text(errors="replace")[-3000:]

    async def kill(self, number: int) -> float:
        """SIGKILL; the moment it was done (time.monotonic)."""
        await self.running[number].kill()
        return time.monotonic()

    async def start_again(self, number: int) -> None:
        """Start the one that was killed, and wait until it folds."""
        self.running[number] = self._spawn(number)
        await self._folds(number)

    def pause(self, number: int) -> float:
        """SIGSTOP: it owns what it owned and does nothing; the moment it was done."""
        self.running[number].send(signal.SIGSTOP)
        return time.monotonic()

    def wake(self, number: int) -> None:
        """SIGCONT: an owner that wakes up late."""
        self.running[number].send(signal.SIGCONT)

    async def stop(self) -> list[int | None]:
        """SIGTERM to all; their exit statuses."""
        for worker in self.running:
            if worker.ended is None:
                worker.send(signal.SIGTERM)
        for worker in self.running:
            await worker.wait(10.0)
        statuses = [worker.ended for worker in self.running]
        for worker in self.running:
            await worker.kill()
        return statuses
