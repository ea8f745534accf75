"""An engine on this machine: start, stop, and the faults that tests inflict on it."""

from __future__ import annotations

import abc
import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from deploy.local.child import Child
from deploy.local.errors import EngineFailed, EngineNotRunning
from deploy.local.ports import HOST, free_port

READY_POLL_S = 0.02
START_TRIES = 3


class Engine(abc.ABC):
    """One broker or Redis server as an async context manager with an `address`.

    Its files and its log lie in `directory`, or in a temporary folder that goes away with it. The port is
    chosen once and kept over `restart()`, so that clients find the engine again.
    """

    name: ClassVar[str]
    ready_within_s: ClassVar[float] = 10.0

    def __init__(self, directory: Path | None = None, *, port: int | None = None) -> None:
        self._kept = directory
        self._fixed_port = port is not None
        self.port = port if port is not None else free_port()
        self.directory = directory or Path()
        self._child: Child | None = None

    @property
    @abc.abstractmethod
    def address(self) -> str:
        """What clients connect to: `host:port` of a broker, the URL of a Redis server."""

    @abc.abstractmethod
    def command(self) -> Sequence[str]:
        """Return the program and its arguments; raise EngineUnavailable where it is missing."""

    @abc.abstractmethod
    async def is_ready(self) -> bool:
        """Tell whether it serves clients now; must not raise while it is still starting."""

    def environment(self) -> Mapping[str, str]:
        """Return variables that the program needs beside those of this process."""
        return {}

    async def prepare(self) -> None:  # noqa: B027 - most engines need nothing
        """Write what the program needs before its start (configuration, a formatted data folder)."""

    @property
    def log_file(self) -> Path:
        """Where the program's own words go."""
        return self.directory / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """The process id; raises EngineNotRunning where there is none."""
        return self._running().pid

    @property
    def running(self) -> bool:
        """Whether the process is there (also when it is paused)."""
        return self._child is not None and self._child.ended is None

    def _running(self) -> Child:
        if self._child is None or self._child.ended is not None:
            raise EngineNotRunning(f"{self.name} is not running")
        return self._child

    async def start(self) -> None:
        """Start it and return when it is ready; raises EngineUnavailable or EngineFailed."""
        if self._kept is None and self.directory == Path():
            self.directory = Path(tempfile.mkdtemp(prefix=f"muster-{self.name}-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        for remaining in reversed(range(START_TRIES)):
            try:
                await self._start_once()
                self._fixed_port = True
                return
            except EngineFailed:
                # Between choosing a port and listening on it somebody else may have taken it.
                if self._fixed_port or remaining == 0:
                    raise
                self.port = free_port()

    async def _start_once(self) -> None:
        await self.prepare()
        self._child = Child(self.command(), self.log_file, cwd=self.directory, env=self.environment())
        deadline = time.monotonic() + self.ready_within_s
        try:
            while not await self.is_ready():
                if self._child.ended is not None:
                    raise EngineFailed(self.name, f"ended with {self._child.ended}", self.log_file)
                if time.monotonic() >= deadline:
                    raise EngineFailed(
                        self.name, f"was not ready in {self.ready_within_s:.0f} s", self.log_file
                    )
                await asyncio.sleep(READY_POLL_S)
            await asyncio.sleep(READY_POLL_S)
            if self._child.ended is not None:  # whoever answered, it was another server on our port
                raise EngineFailed(self.name, f"ended with {self._child.ended}", self.log_file)
        except BaseException:
            await self._child.kill()
            raise

    async def stop(self) -> None:
        """Stop it within 5 s, and remove its files where they are temporary; a stopped one stays stopped."""
        if self._child is not None:
            await self._child.stop()
        if self._kept is None and self.directory != Path():
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = Path()

    async def kill(self) -> None:
        """Kill it with SIGKILL; its files and its port stay as they are."""
        await self._running().kill()

    async def restart(self) -> None:
        """Kill it where it still runs, and start it again on the same port and files."""
        if self.running:
            await self.kill()
        await self.start()

    def pause(self) -> None:
        """Stop its clock with SIGSTOP: connections stay open, nothing answers."""
        self._running().send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on with SIGCONT."""
        self._running().send(signal.SIGCONT)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def accepts_connections(port: int) -> bool:
    """Tell whether something listens on this port of the loopback address."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
