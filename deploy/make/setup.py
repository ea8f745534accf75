"""Bring `.venv` and the console up to date; nothing to do is told by hashes in a moment.

Runs on the bare interpreter (standard library only), because it is what makes the virtual environment.
All output of the tools goes to `.muster/setup.log`: what `make up` prints first must be the board's address.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STATE = ROOT / ".muster"
LOG = STATE / "setup.log"
CONSOLE = ROOT / "services" / "console"
LOG_TAIL_LINES = 40


class SetupFailed(Exception):
    """A set-up step ended with an error; the log has the tool's own words."""


def say(line: str) -> None:
    """Print one progress line at once, also into a pipe."""
    print(line, flush=True)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a tool with its output in the log; raise SetupFailed where it fails or is missing."""
    words = [str(word) for word in command]
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(words)}\n")
        log.flush()
        try:
            code = subprocess.run(
                words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            ).returncode
        except OSError as error:
            raise SetupFailed(f"{words[0]} can not be run: {error}") from error
    if code != 0:
        raise SetupFailed(f"`{' '.join(words[:4])} ...` ended with {code}")


def digest(paths: list[Path], *facts: str) -> str:
    """Hash the names and bytes of files, and facts that are no file, in a fixed order."""
    total = hashlib.sha256("\0".join(facts).encode())
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode())
        total.update(path.read_bytes() if path.is_file() else b"absent")
    return total.hexdigest()


def once(name: str, wanted: str, proof: Path, step: Callable[[], None], line: str) -> None:
    """Run `step` unless the stamp `name` says that `wanted` was already reached and `proof` is there."""
    stamp = STATE / "stamps" / name
    if proof.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    say(f"setup: {line} ...")
    started = time.monotonic()
    stamp.unlink(missing_ok=True)
    step()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted, encoding="utf-8")
    say(f"setup: {line}: done in {time.monotonic() - started:.0f} s")


def make_venv() -> None:
    """Make a fresh `.venv`, and in it uv, which installs the rest several times faster than pip."""
    tools = ["install", "--no-compile", "--require-hashes", "-r", str(ROOT / "requirements-tools.lock")]
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)
    try:
        run(*pip(), *tools)
    except SetupFailed:  # this Python has no pip that could do it: take the slower one that comes with venv
        run(sys.executable, "-m", "venv", "--clear", VENV)
        run(*pip(), *tools)


def pip() -> list[str]:
    """Return the pip to install into `.venv`: its own where it has one, else that of the Python we run on."""
    if (BIN / "pip").exists():
        return [str(BIN / "python"), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(BIN / "python")]


def install(*options: str) -> None:
    """Install with uv; where uv does not run, with pip."""
    try:
        run(BIN / "uv", "pip", "install", "--python", BIN / "python", *options)
    except SetupFailed:
        run(*pip(), "install", *options)


def install_lock(lock: Path) -> None:
    """Install one lock file, every hash checked."""
    install("--require-hashes", "-r", str(lock))


def install_project() -> None:
    """Install Muster itself editable: `compat` mode, so that packages added later are seen too."""
    options = ["--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat"]
    install(*options, "-e", str(ROOT))


def console_sources() -> Iterator[Path]:
    """Yield what the built console depends on: all in its folder but tests and what tools make."""
    for folder, folders, files in os.walk(CONSOLE):
        folders[:] = [name for name in folders if name not in {"node_modules", "dist", "tests"}]
        yield from (Path(folder) / name for name in files)


def node_environment() -> dict[str, str]:
    """Return an environment in which node and npm are found, from a PyPI wheel where none is installed."""
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    if shutil.which("node", path=path) is None or shutil.which("npm", path=path) is None:
        say("setup: no node here, taking it from its PyPI wheel ...")
        install_lock(ROOT / "requirements-node.lock")
    return {**os.environ, "PATH": path}


def build_console() -> None:
    """Install the console's pinned packages where they changed, then build it."""
    env = node_environment()
    packages = digest([CONSOLE / "package.json", CONSOLE / "package-lock.json"])
    once(
        *("console-packages", packages, CONSOLE / "node_modules"),
        lambda: run("npm", "ci", cwd=CONSOLE, env=env),
        "console packages",
    )
    run("npm", "run", "build", cwd=CONSOLE, env=env)


def set_up(*, dev: bool) -> None:
    """Bring everything up to date: environment, locks, the project, the console."""
    python = f"{sys.version} {sys.executable}"
    tools = ROOT / "requirements-tools.lock"
    once("venv", digest([tools], python), BIN / "python", make_venv, "virtual environment")
    made = str((BIN / "python").lstat().st_mtime_ns)
    for lock in ["requirements.lock", "requirements-dev.lock"] if dev else ["requirements.lock"]:
        path = ROOT / lock
        once(lock, digest([path], made), BIN / "python", partial(install_lock, path), lock)
    project = digest([ROOT / "pyproject.toml"], made)
    once("project", project, BIN / "muster", install_project, "the project itself")
    if (CONSOLE / "package.json").is_file():
        wanted = digest(list(console_sources()))
        once("console", wanted, CONSOLE / "dist", build_console, "console")


def main() -> int:
    """Set up; on failure print the end of the log, for the reason stands there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    dev: bool = parser.parse_args().dev
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before pip could refuse
        say(
            f"setup: this is Python {sys.version.split()[0]}, Muster needs 3.11; try `make PYTHON=python3.12`"
        )
        return 1
    STATE.mkdir(exist_ok=True)
    try:
        with (STATE / "setup.lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two commands in one checkout: the second finds all done
            LOG.write_text("", encoding="utf-8")
            set_up(dev=dev)
    except KeyboardInterrupt:
        say("setup: interrupted")
        return 130
    except SetupFailed as error:
        tail = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        print(*tail, f"setup: failed: {error}; the whole log: {LOG}", sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
