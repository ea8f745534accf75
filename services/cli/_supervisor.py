"""A supervisor of processes: starts them, restarts what dies with backoff, stops all under a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.child import Child
from deploy.local.errors import tail

POLL_S = 0.1
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pause before the n-th restart in a row; after the last one the supervisor gives up."""
HEALTHY_AFTER_S = 20.0
STOP_WITHIN_S = 5.0


class ChildKeepsDying(Exception):
    """A process ended again and again right after its start; the end of its log is in the message."""

    def __init__(self, name: str, status: int, log_file: Path) -> None:
        super().__init__(
            f"{name} ended with {status} {len(BACKOFF_S) + 1} times in a row; "
            f"the end of {log_file}:\n{tail(log_file)}"
        )


@dataclass(frozen=True)
class Spec:
    """What to run: `once` marks a process that may end (its status is kept), all others are restarted."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    once: bool = False


@dataclass
class _Watched:
    spec: Spec
    child: Child
    log_file: Path
    started_at: float
    restarts_in_a_row: int = 0
    restart_at: float | None = None


class Supervisor:
    """Runs the processes of one installation on this machine; `say` gets one line for a person.

    Each process writes to `log_dir/NAME.log`. It must be used from the main thread: the kernel ends the
    children with the thread that started them.
    """

    def __init__(self, log_dir: Path, say: Callable[[str], None]) -> None:
        self._log_dir = log_dir
        self._say = say
        self._watched: dict[str, _Watched] = {}
        self._draining: list[Child] = []

    def start(self, spec: Spec) -> None:
        """Start a process with an empty log."""
        log_file = self.log_file(spec.name)
        log_file.parent.mkdir(parents=True, exist_ok=True)
        log_file.write_bytes(b"")
        self._watched[spec.name] = _Watched(spec, self._spawn(spec), log_file, time.monotonic())

    def log_file(self, name: str) -> Path:
        """Where the output of this process goes."""
        return self._log_dir / f"{name}.log"

    def pids(self) -> dict[str, int]:
        """The process id of each one that runs."""
        return {name: seen.child.pid for name, seen in self._watched.items() if seen.child.ended is None}

    def names(self) -> set[str]:
        """The processes that are looked after, those included that wait for their restart."""
        return set(self._watched)

    async def drain(self, name: str, within_s: float) -> int | None:
        """Ask one process to finish and end; returns its exit status once it has, killed where it is late.

        It is not started again, and is gone when this returns.
        """
        child = self._watched.pop(name).child
        self._draining.append(child)
        await child.stop(within_s)
        self._draining.remove(child)
        return child.ended

    async def end_of(self, name: str, within_s: float) -> int | None:
        """The exit status of a `once` process, waiting for its end; None where it still runs then."""
        child = self._watched[name].child
        await child.wait(within_s)
        return child.ended

    def _spawn(self, spec: Spec) -> Child:
        return Child(spec.command, self.log_file(spec.name), cwd=Path.cwd(), env=spec.env)

    async def watch(self) -> None:
        """Restart what dies until cancelled; raises ChildKeepsDying where that does not help."""
        while True:
            for name in list(self._watched):
                self._look_after(self._watched[name], time.monotonic())
            await asyncio.sleep(POLL_S)

    def _look_after(self, seen: _Watched, now: float) -> None:
        status = seen.child.ended
        if status is None:
            if now - seen.started_at > HEALTHY_AFTER_S:
                seen.restarts_in_a_row = 0
        elif seen.spec.once:
            return
        elif seen.restart_at is None:
            self._plan_restart(seen, status, now)
        elif now >= seen.restart_at:
            seen.child = self._spawn(seen.spec)
            seen.started_at, seen.restart_at = now, None

    def _plan_restart(self, seen: _Watched, status: int, now: float) -> None:
        if seen.restarts_in_a_row >= len(BACKOFF_S):
            raise ChildKeepsDying(seen.spec.name, status, seen.log_file)
        pause_s = BACKOFF_S[seen.restarts_in_a_row]
        seen.restarts_in_a_row += 1
        seen.restart_at = now + pause_s
        self._say(
            f"{seen.spec.name} {_ended_how(status)}; starting it again in {pause_s:g} s "
            f"(log: {seen.log_file})"
        )

    async def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """Ask all to end at once, and kill what has not ended in time; they stay stopped."""
        children = [*(seen.child for seen in self._watched.values()), *self._draining]
        self._watched.clear()
        await asyncio.gather(*(child.stop(within_s) for child in children))


def _ended_how(status: int) -> str:
    """Say in words how a process ended."""
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
