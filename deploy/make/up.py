"""What `make up` runs: set-up, then `muster up`, with exit 0 after a stop that was asked for.

It stays the parent of `muster up`, so that a signal which comes while Python is still importing there ends
well too, and so that nothing lives longer than the deadline. The recipe's shell covers the moment before its
own handlers stand: it takes every status but STOPPED_BADLY for a clean stop once a signal came.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
STOP_WITHIN_S = 10.0
STOPPED_BADLY = 70
# A Python that is interrupted while it imports its own start-up modules ends with 1 and a traceback.
STARTING_S = 1.0


class StopRequest:
    """Remembers that SIGINT or SIGTERM came; the children in the process group got it themselves."""

    def __init__(self) -> None:
        self.came_at: float | None = None

    def install(self) -> None:
        """Install the handlers, also where the signal was ignored at the start."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.came_at = self.came_at or time.monotonic()


def run(command: list[str], stop: StopRequest) -> int:
    """Run a child to its end and return its exit status; a second before the deadline of a stop, kill it."""
    started_at = time.monotonic()
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    while True:
        try:
            status = child.wait(timeout=0.1)
            return 0 if stop.came_at and stop.came_at - started_at < STARTING_S else status
        except subprocess.TimeoutExpired:
            if stop.came_at and time.monotonic() - stop.came_at > STOP_WITHIN_S - 1:
                print("make up: stopping took too long, killed", file=sys.stderr, flush=True)
                child.kill()
                child.wait()
                return STOPPED_BADLY


def exit_status(status: int, stop: StopRequest) -> int:
    """Return what make is to see of a child's end: 0 where it stopped cleanly, or by the signal itself."""
    if stop.came_at is None:
        return status if status >= 0 else 128 - status
    by_signal = {-signal.SIGINT, -signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGTERM}
    return 0 if status == 0 or status in by_signal else STOPPED_BADLY


def main() -> int:
    """Set up, then play."""
    stop = StopRequest()
    stop.install()
    for command in (
        [sys.executable, str(ROOT / "deploy" / "make" / "setup.py")],
        [str(ROOT / ".venv" / "bin" / "muster"), "up", *sys.argv[1:]],
    ):
        status = exit_status(run(command, stop), stop)
        if status != 0 or stop.came_at is not None:
            return status
    return 0


if __name__ == "__main__":
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Seven processes that compile every module anew take longer to start than they need to work.
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".muster" / "pycache"))
    os.environ["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    sys.exit(main())
