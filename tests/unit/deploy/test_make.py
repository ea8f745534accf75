"""Set-up and `make up`, tried with stand-ins for what they install and start."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = """#!{python}
import signal, sys, time
from pathlib import Path
def stop(number, frame):
    time.sleep(0.2)
    Path("stopped").write_text("cleanly")
    sys.exit({status})
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("http://127.0.0.1:1/#token=x", *sys.argv[1:], flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def setup() -> Any:
    """deploy/make/setup.py as a module: it is a script, outside every package's imports."""
    spec = importlib.util.spec_from_file_location("setup_under_test", ROOT / "deploy" / "make" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the Makefile and its scripts, with stand-ins for set-up and for `muster`."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "deploy" / "make", tmp_path / "deploy" / "make")
    (tmp_path / "deploy" / "make" / "setup.py").write_text("print('setup: nothing to do', flush=True)\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    write_muster(tmp_path, status=0)
    return tmp_path


def write_muster(checkout: Path, status: int) -> None:
    """Put a `muster` there that runs until a signal and then ends with `status`."""
    muster = checkout / ".venv" / "bin" / "muster"
    muster.write_text(STAND_IN.format(python=sys.executable, status=status))
    muster.chmod(0o755)


@dataclass(frozen=True)
class Up:
    """A running `make up` and the first line of it that holds an address."""

    process: subprocess.Popen[str]
    first_line: str

    def signal_group(self, number: signal.Signals) -> int:
        """Send a signal to all of its process group; return make's exit status."""
        os.killpg(self.process.pid, number)
        return self.process.wait(15)


Start = Callable[..., Up]


@pytest.fixture
def start(checkout: Path) -> Iterator[Start]:
    """Start `make up` in a process group of its own and read up to the board's address."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, ignore: bool = False) -> Up:
        process = subprocess.Popen(
            ["make", f"PYTHON={sys.executable}", "up", *arguments],
            cwd=checkout,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore else None,
        )
        started.append(process)
        assert process.stdout is not None
        while "http://" not in (line := process.stdout.readline()):
            assert line, "make up ended early"
        return Up(process, line)

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None, reason="make's own exit status can be kept with a C compiler alone"
)


@needs_compiler
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ignore", [False, True], ids=["default", "ignored-at-start"])
def test_a_signal_to_make_up_ends_it_with_0(
    start: Start, checkout: Path, number: signal.Signals, ignore: bool
) -> None:
    """SIGINT and SIGTERM to the process group stop cleanly with exit 0, also where SIGINT was ignored."""
    assert start(ignore=ignore).signal_group(number) == 0
    assert (checkout / "stopped").read_text() == "cleanly"


@needs_compiler
def test_sigterm_to_make_alone_reaches_muster(start: Start, checkout: Path) -> None:
    """A supervisor that knows make's process id alone stops everything."""
    process = start().process
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert (checkout / "stopped").read_text() == "cleanly"


@needs_compiler
def test_a_stop_that_fails_is_reported(start: Start, checkout: Path) -> None:
    """A muster that ends with an error while stopping makes `make up` fail."""
    write_muster(checkout, status=3)
    up = start()
    time.sleep(1.2)  # a status within the first second counts as an interrupted start
    assert up.signal_group(signal.SIGINT) == 2


def test_options_are_handed_on_and_the_first_address_is_the_boards(start: Start) -> None:
    """ARGS goes to `muster up`; nothing before the board's address contains http://."""
    up = start("ARGS=--broker kafka")
    assert up.first_line == "http://127.0.0.1:1/#token=x up --broker kafka\n"


def test_a_step_runs_again_only_when_what_it_depends_on_changed(setup: Any, tmp_path: Path) -> None:
    """The stamp holds a hash: same hash and the product there, nothing is done."""
    setup.ROOT, setup.STATE = tmp_path, tmp_path / ".muster"
    source, proof, runs = tmp_path / "source", tmp_path / "product", list[str]()

    def step() -> None:
        runs.append(source.read_text())
        proof.write_text("made")

    for text in ("one", "one", "two"):
        source.write_text(text)
        setup.once("step", setup.digest([source]), proof, step, "a step")
    assert runs == ["one", "two"]
    proof.unlink()
    setup.once("step", setup.digest([source]), proof, step, "a step")
    assert runs == ["one", "two", "two"]


def test_a_step_that_failed_is_tried_again(setup: Any, tmp_path: Path) -> None:
    """No stamp is left by a failure, not even an older one."""
    setup.ROOT, setup.STATE = tmp_path, tmp_path / ".muster"

    def fail() -> None:
        raise setup.SetupFailed("no network")

    setup.once("step", "old", tmp_path, lambda: None, "a step")
    with pytest.raises(setup.SetupFailed):
        setup.once("step", "new", tmp_path, fail, "a step")
    assert not (tmp_path / ".muster" / "stamps" / "step").exists()


def test_a_failing_tool_is_named_and_its_words_are_in_the_log(setup: Any, tmp_path: Path) -> None:
    """What a tool prints goes to the log alone; the error says which tool and how it ended."""
    setup.LOG = tmp_path / "setup.log"
    with pytest.raises(setup.SetupFailed, match="ended with 3"):
        setup.run(sys.executable, "-c", "print('a reason'); raise SystemExit(3)")
    assert "a reason" in setup.LOG.read_text()
    with pytest.raises(setup.SetupFailed, match="can not be run"):
        setup.run(tmp_path / "no-such-tool")


def test_locks_are_pinned_hashed_and_name_no_address() -> None:
    """Every requirement has a version and hashes; no lock says where packages come from."""
    for name in ("requirements", "requirements-dev", "requirements-tools", "requirements-node"):
        text = (ROOT / f"{name}.lock").read_text()
        assert "://" not in text
        assert "--index-url" not in text
        wanted = [line for line in text.splitlines() if not line.startswith((" ", "#"))]
        assert wanted
        assert all("==" in line and line.endswith("\\") for line in wanted)


def test_the_locks_agree() -> None:
    """What runs is what is tested: each pin of the main lock is the same in the dev lock."""
    main, dev = (
        {line for line in (ROOT / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert main <= dev
