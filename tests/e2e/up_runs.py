"""Runs `make up` or `muster up` as a person does, and finds every process that it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deploy.local.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
LIVE_WITHIN_S = 200.0


class Alive(NamedTuple):
    """A process as /proc shows it; `started` tells it from another one with the same number."""

    parent: int
    started: str
    environ: list[str]
    command: str


def processes() -> Iterator[tuple[int, Alive]]:
    """Every process that runs; one that ends meanwhile, or has ended and waits for its parent, is none."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            environ = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if stat[0] != "Z":
            yield int(folder.name), Alive(int(stat[1]), stat[19], environ, command)


@dataclass
class UpRun:
    """A running `make up`: its process, its output so far, and the mark that all its processes carry."""

    process: subprocess.Popen[bytes]
    output: Path
    state: Path
    port: int
    _seen: dict[int, str] = field(default_factory=dict)

    def text(self) -> str:
        """All that it has printed."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern: str, within_s: float = LIVE_WITHIN_S) -> re.Match[str]:
        """Wait until its output matches; fails with the output where it ends or takes too long."""
        deadline = time.monotonic() + within_s
        while (found := re.search(pattern, self.text(), re.MULTILINE)) is None:
            ended = self.process.poll()
            assert ended is None, f"ended with {ended} before {pattern!r}:\n{self.text()}\n{self.logs()}"
            assert time.monotonic() < deadline, (
                f"no {pattern!r} in {within_s} s:\n{self.text()}\n{self.logs()}"
            )
            time.sleep(0.05)
        return found

    def board(self) -> tuple[str, str]:
        """Wait for the board; returns its address and the token."""
        found = self.wait_for(r"^(https?://[^/\s]+)/#token=(\S+)$")
        return found[1], found[2]

    def pids(self) -> dict[int, str]:
        """Every process of this run that is alive, with its command line.

        They carry the mark, or are children of those that do (a program may write over its environment), or
        were so when last looked at.
        """
        alive = dict(processes())
        mark = f"MUSTER_STATE={self.state}"
        for pid, one in sorted(alive.items()):
            if mark in one.environ or one.parent in self._seen:
                self._seen[pid] = one.started
        return {pid: one.command for pid, one in alive.items() if self._seen.get(pid) == one.started}

    def pid_of(self, words: str) -> int:
        """The process whose command line holds these words (the first one)."""
        return min(pid for pid, command in self.pids().items() if words in command)

    def stop(self, number: signal.Signals, within_s: float = 10.0) -> int:
        """Signal the whole process group; returns the exit status, or fails after `within_s`."""
        os.killpg(self.process.pid, number)
        return self.process.wait(within_s)

    def logs(self) -> str:
        """The ends of the processes' logs, for a failure's message."""
        ends = []
        for file in sorted(self.state.glob("up-*/log/*.log")):
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            ends.append("\n".join([f"--- {file.name}", *lines]))
        return "\n".join(ends)


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    *,
    port: int = 0,
    ignore_sigint: bool = False,
    env: Mapping[str, str] | None = None,
) -> Iterator[UpRun]:
    """Start it in its own process group, output to a file; whatever is left is killed at the end."""
    state, output = folder / "state", folder / "up.out"

    def before() -> None:
        if ignore_sigint:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    with output.open("wb") as out:
        process = subprocess.Popen(
            list(command),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MUSTER_STATE": str(state), **(env or {})},
            start_new_session=True,
            preexec_fn=before,
        )
    run = UpRun(process, output, state, port)
    try:
        yield run
    finally:
        for pid in run.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()


@contextmanager
def make_up(folder: Path, *options: str, ignore_sigint: bool = False) -> Iterator[UpRun]:
    """`make up` on a free port."""
    port = free_port()
    arguments = " ".join(("--port", str(port), *options))
    with running(("make", "up", f"ARGS={arguments}"), folder, port=port, ignore_sigint=ignore_sigint) as run:
        yield run


@contextmanager
def muster_up(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[UpRun]:
    """`muster up` on a free port."""
    port = free_port()
    muster = str(ROOT / ".venv" / "bin" / "muster")
    with running((muster, "up", "--port", str(port), *options), folder, port=port, env=env) as run:
        yield run
