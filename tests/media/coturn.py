"""The real coturn with the configuration of deploy/, on one address of this machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.ports import free_port
from tests.conftest import ROOT, missing

SECRET = "the secret that coturn shares"
STARTS_WITHIN_S = 20.0


def turn_command(folder: Path, address: str, port: int) -> list[str]:
    """How it is started; the test is skipped where it is not installed."""
    program = shutil.which("turnserver")
    if program is None:
        missing("no turnserver is on the PATH; `make system` installs it as root (Debian: coturn).")
    return [
        *(program, "-c", str(ROOT / "deploy" / "coturn" / "turnserver.conf")),
        *(f"--listening-ip={address}", f"--listening-port={port}", f"--static-auth-secret={SECRET}"),
        *(f"--pidfile={folder}/pid", f"--userdb={folder}/db"),
    ]


@contextmanager
def coturn(folder: Path, address: str) -> Iterator[int]:
    """Run it; its port. Relay nodes may live on the same address."""
    port, log = free_port(), folder / "coturn.log"
    words = [*turn_command(folder, address, port), f"--allowed-peer-ip={address}"]
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=folder)
    try:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while "turn server id=0" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)
