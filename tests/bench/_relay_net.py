"""Two network namespaces joined by a veth pair, for as long as a block lasts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench._report import CouldNotMeasure


@dataclass(frozen=True)
class Side:
    """One namespace: its name and its address."""

    name: str
    address: str

    def command(self, core: int, *command: str) -> list[str]:
        """`command` inside the namespace, pinned to a core."""
        return ["ip", "netns", "exec", self.name, "taskset", "-c", str(core), *command]


SERVER, CLIENTS = Side("muster-relay", "10.77.0.1"), Side("muster-clients", "10.77.0.2")


@contextmanager
def two_namespaces() -> Iterator[tuple[Side, Side]]:
    """The server's and the clients' side; raises CouldNotMeasure where the machine has no namespaces."""
    if os.geteuid() != 0:
        raise CouldNotMeasure("network namespaces need root")
    if (os.cpu_count() or 1) < 2:
        raise CouldNotMeasure("one core for the relay and one for its clients are needed")
    for tool in ("ip", "taskset"):
        if shutil.which(tool) is None:
            raise CouldNotMeasure(f"{tool} is not installed (Debian: iproute2, util-linux)")
    _remove()
    try:
        for side in (SERVER, CLIENTS):
            _run("ip", "netns", "add", side.name)
        _run(
            "ip",
            "link",
            "add",
            "mr0",
            "netns",
            SERVER.name,
            "type",
            "veth",
            "peer",
            "mr1",
            "netns",
            CLIENTS.name,
        )
        for side, link in ((SERVER, "mr0"), (CLIENTS, "mr1")):
            inside = ("ip", "-n", side.name)
            _run(*inside, "addr", "add", f"{side.address}/24", "dev", link)
            _run(*inside, "link", "set", link, "up")
            _run(*inside, "link", "set", "lo", "up")
        yield SERVER, CLIENTS
    finally:
        _remove()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CouldNotMeasure(f"{' '.join(command)}: {done.stderr.strip()}")


def _remove() -> None:
    for side in (SERVER, CLIENTS):
        subprocess.run(["ip", "netns", "del", side.name], capture_output=True, check=False)
