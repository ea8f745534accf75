"""The supervisor with real processes: restarts, gives up, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.cli import _supervisor
from services.cli._supervisor import ChildKeepsDying, Spec, Supervisor

SLEEPS = (sys.executable, "-c", "import time; time.sleep(600)")
DIES = (sys.executable, "-c", "import sys; print('the reason', file=sys.stderr); sys.exit(3)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n"
    "time.sleep(600)",
)


def alive(pid: int) -> bool:
    """Whether this process still runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def with_a_deaf_process(folder: Path) -> tuple[Supervisor, int]:
    """A supervisor and the process that ignores SIGTERM, once that does."""
    supervisor = Supervisor(folder, lambda _: None)
    supervisor.start(Spec("deaf", DEAF))
    pid = supervisor.pids()["deaf"]
    async with asyncio.timeout(5):
        while "deaf" not in supervisor.log_file("deaf").read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return supervisor, pid


async def test_a_killed_process_is_started_again_and_said_so(tmp_path: Path) -> None:
    """A process that dies is restarted within a second, under its old name, and one line tells of it."""
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    supervisor.start(Spec("worker", SLEEPS))
    watching = asyncio.create_task(supervisor.watch())
    first = supervisor.pids()["worker"]
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(5):
        while supervisor.pids().get("worker") in {None, first}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    watching.cancel()
    second = supervisor.pids()["worker"]
    await supervisor.stop()
    assert [line.split(";")[0] for line in said] == ["worker was ended by signal 9"]
    assert not alive(first)
    assert not alive(second)


async def test_a_process_that_never_lives_ends_the_supervisor_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restarts are bounded: then the error names the process, its status and the end of its log."""
    monkeypatch.setattr(_supervisor, "BACKOFF_S", (0.01, 0.02))
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    supervisor.start(Spec("worker", DIES))
    with pytest.raises(ChildKeepsDying, match=r"(?s)worker ended with 3 3 times in a row.*the reason"):
        await asyncio.wait_for(supervisor.watch(), 10)
    assert len(said) == 2


async def test_stop_kills_what_does_not_listen_in_time(tmp_path: Path) -> None:
    """A process that ignores SIGTERM is killed before the deadline: stopping is bounded."""
    supervisor, pid = await with_a_deaf_process(tmp_path)
    began = time.monotonic()
    await supervisor.stop(within_s=2.0)
    assert time.monotonic() - began < 2.0
    assert not alive(pid)


async def test_a_process_that_may_end_is_not_started_again(tmp_path: Path) -> None:
    """`once` keeps the exit status and restarts nothing."""
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    supervisor.start(Spec("play", DIES, once=True))
    watching = asyncio.create_task(supervisor.watch())
    assert await supervisor.end_of("play", 10) == 3
    await asyncio.sleep(0.3)
    assert not watching.done()
    watching.cancel()
    await supervisor.stop()
    assert said == []


async def test_a_drained_process_ends_and_is_not_started_again(tmp_path: Path) -> None:
    """What is drained is asked to end, its status told; nobody starts it anew or calls it a death."""
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    supervisor.start(Spec("worker", SLEEPS))
    watching = asyncio.create_task(supervisor.watch())
    pid = supervisor.pids()["worker"]
    assert await supervisor.drain("worker", 10) == -signal.SIGTERM
    await asyncio.sleep(0.3)
    watching.cancel()
    assert not alive(pid)
    assert supervisor.names() == set()
    assert said == []


async def test_a_stop_ends_what_is_still_draining(tmp_path: Path) -> None:
    """Who drains when everything stops has no longer than the others."""
    supervisor, pid = await with_a_deaf_process(tmp_path)
    draining = asyncio.create_task(supervisor.drain("deaf", 60))
    await asyncio.sleep(0)
    await supervisor.stop(within_s=1.5)
    assert not alive(pid)
    assert await draining == -signal.SIGKILL


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    """A kill -9 of the supervisor leaves no process: the kernel ends its children."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from services.cli._supervisor import Spec, Supervisor\n"
        "s = Supervisor(Path(sys.argv[1]), print)\n"
        "s.start(Spec('worker', (sys.executable, '-c', 'import time; time.sleep(600)')))\n"
        "print(s.pids()['worker'], flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(child)
