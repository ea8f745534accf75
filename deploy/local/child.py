"""One child process that never outlives its parent, with its output in a log file."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.errors import EngineNotRunning

STOP_WITHIN_S = 5.0
POLL_S = 0.01
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec a child may not import.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (prctl(2), Linux only)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before prctl: nobody will send the signal any more
            os._exit(1)


class Child:
    """A running program: in a process group of its own, killed with its parent even by kill -9.

    The own group keeps a Ctrl-C from ending brokers before the workers have drained into them: whoever
    started an engine stops it. Start it from a thread that lives as long as the engine is wanted (the main
    thread): the kernel takes the end of the starting *thread* for the parent's death.
    """

    def __init__(
        self, command: Sequence[str], log_file: Path, *, cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        parent = os.getpid()
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                process_group=0,
                preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509 - two C calls, nothing is locked
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit status (negative: the signal), or None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; raises EngineNotRunning where the child has ended."""
        if self.ended is not None:
            raise EngineNotRunning(f"process {self.pid} has already ended with {self.ended}")
        self._process.send_signal(number)

    async def wait(self, within_s: float) -> bool:
        """Wait for its end; return whether it came in time."""
        deadline = time.monotonic() + within_s
        while self.ended is None:
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_S)
        return True

    async def kill(self) -> None:
        """Kill it (-9), also when it is stopped by SIGSTOP, and wait until it is gone."""
        if self.ended is None:
            self._process.kill()
            await self.wait(STOP_WITHIN_S)

    async def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """Ask it to end (SIGTERM), and kill it where it has not ended a second before the deadline."""
        if self.ended is not None:
            return
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)  # a paused process would not see the request
        if not await self.wait(max(within_s - 1.0, 0.0)):
            await self.kill()
