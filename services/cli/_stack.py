"""The processes of one installation on this machine: what each is told, and when all of them are ready."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from deploy.local.errors import tail
from deploy.local.ports import is_free
from services.cli._engines import Engines
from services.cli._own_secret import state_folder
from services.cli._supervisor import Spec, Supervisor

READY_WITHIN_S = 180.0
READY_POLL_S = 0.1
FOR_OTHER_COMMANDS = (
    "MUSTER_BROKER",
    "MUSTER_REDIS_URL",
    "MUSTER_TOPIC_PREFIX",
    "MUSTER_CLOCK",
    "MUSTER_SECRET",
)
DEFAULT_PORT, RELAY_PORT, PORTS_TRIED = 8080, 8190, 50
WORKER_PORT, SCALER_PORT = 9110, 8300


class NotReady(Exception):
    """The installation did not come up; the message ends with the log that says why."""


class PortTaken(Exception):
    """Nothing near the wanted port is free."""


@dataclass(frozen=True)
class Installation:
    """One installation: where it listens and keeps its files, and how it is to run."""

    folder: Path
    host: str
    port: int
    workers: int
    clock: Literal["wall", "feed"]
    secret: str
    tls: tuple[Path, Path] | None = None
    relay_ports: tuple[int, ...] = ()
    """One for each node that there may be; `relays` of them start."""
    relays: int = 1
    worker_ports: tuple[int, ...] = ()
    """Where the metrics of each worker are that there may be; without autoscaling they open none."""
    scaler_port: int = 0

    @property
    def autoscale(self) -> bool:
        """Whether the number of workers and relay nodes follows the load."""
        return bool(self.scaler_port)

    @property
    def url(self) -> str:
        """The gateway's address as a browser on this machine reaches it."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104
        return f"{'https' if self.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def logs(self) -> Path:
        """The folder with one log file a process."""
        return self.folder / "log"


def choose_port(wanted: int, first: int = DEFAULT_PORT) -> int:
    """The wanted port; where none is wanted (0), `first` or the next free one. Raises PortTaken."""
    if wanted:
        if is_free(wanted):
            return wanted
        raise PortTaken(f"port {wanted} is taken: choose another with --port, or none for the next free one")
    for port in range(first, first + PORTS_TRIED):
        if is_free(port):
            return port
    raise PortTaken(f"the ports {first} to {first + PORTS_TRIED - 1} are all taken: use --port")


def environment(installation: Installation, engines: Engines) -> dict[str, str]:
    """The `MUSTER_` variables that every process of the installation gets."""
    found = {
        "MUSTER_BROKER": engines.broker_address,
        "MUSTER_REDIS_URL": engines.redis_url,
        "MUSTER_TOPIC_PREFIX": os.environ.get("MUSTER_TOPIC_PREFIX", ""),
        "MUSTER_CLOCK": installation.clock,
        "MUSTER_SECRET": installation.secret,
        "MUSTER_HOST": installation.host,
        "MUSTER_PORT": str(installation.port),
        "MUSTER_RELAY_ORIGINS": _relay_origins(installation),
        "PYTHONUNBUFFERED": "1",
        # Several processes share the cores: none of them gains from threads inside its matrix arithmetic.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        # Not beside the sources, then; but processes that compile every module anew are slow to start.
        found["PYTHONDONTWRITEBYTECODE"] = ""
        found["PYTHONPYCACHEPREFIX"] = str(state_folder() / "pycache")
    if installation.tls:
        found["MUSTER_TLS_CERT"], found["MUSTER_TLS_KEY"] = map(str, installation.tls)
    return found


def _relay_origins(installation: Installation) -> str:
    """Where pages find the relay nodes: under the name that they found the gateway."""
    secure = "s" if installation.tls else ""
    places = [f"{{host}}:{port}" for port in installation.relay_ports]
    return " ".join(f"http{secure}://{place} ws{secure}://{place}" for place in places)


def muster(*arguments: str) -> tuple[str, ...]:
    """The command line of another process of this same program."""
    script = Path(sys.executable).with_name("muster")
    if script.is_file():
        return (str(script), *arguments)
    return (sys.executable, "-c", "from services.cli.main import app; app()", *arguments)


def gateway(env: Mapping[str, str]) -> Spec:
    """What serves the board."""
    return Spec("gateway", muster("gateway"), env)


def workers(installation: Installation, env: Mapping[str, str]) -> Iterator[Spec]:
    """The dispatch workers that there may be; `installation.workers` of them start."""
    ports = installation.worker_ports or (0,) * installation.workers
    for number, port in enumerate(ports, start=1):
        own = {"MUSTER_METRICS_PORT": str(port)} if port else {}
        yield Spec(f"dispatch-{number}", muster("worker", "dispatch"), {**env, **own})


def scaler(installation: Installation, env: Mapping[str, str]) -> Spec:
    """Who says how many workers and relay nodes are wanted."""
    own = {
        "MUSTER_SCALER_PORT": str(installation.scaler_port),
        "MUSTER_SCALER_WORKERS": " ".join(f"http://127.0.0.1:{port}" for port in installation.worker_ports),
        "MUSTER_WORKERS_LEAST": str(installation.workers),
        "MUSTER_WORKERS_MOST": str(len(installation.worker_ports)),
        "MUSTER_RELAYS_LEAST": str(installation.relays),
        "MUSTER_RELAYS_MOST": str(len(installation.relay_ports)),
    }
    return Spec("scaler", muster("scaler"), {**env, **own})


def windows(env: Mapping[str, str]) -> Spec:
    """The windows worker; its curves may come a little later than the board."""
    return Spec("windows", muster("worker", "windows"), env)


def relays(installation: Installation, env: Mapping[str, str]) -> Iterator[Spec]:
    """The relay nodes that there may be; nobody needs them before the board is there."""
    scheme = "https" if installation.tls else "http"
    for number, port in enumerate(installation.relay_ports, start=1):
        own = {
            "MUSTER_RELAY_HOST": installation.host,
            "MUSTER_RELAY_PORT": str(port),
            "MUSTER_RELAY_URL": f"{scheme}://{{host}}:{port}",
        }
        yield Spec(f"relay-{number}", muster("relay"), {**env, **own})


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone may read."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)


def write_environment(folder: Path, env: Mapping[str, str]) -> Path:
    """Write the variables for a shell's `.`, so that other commands find this installation."""
    file = folder / "env"
    write_private(file, "".join(f"export {name}={shlex.quote(env[name])}\n" for name in FOR_OTHER_COMMANDS))
    return file


async def start_processes(supervisor: Supervisor, specs: list[Spec]) -> None:
    """Start them all at once; the loop breathes in between, for a fork takes some milliseconds."""
    for spec in specs:
        supervisor.start(spec)
        await asyncio.sleep(0)


async def wait_until_ready(installation: Installation, supervisor: Supervisor) -> None:
    """Return when the gateway is ready and serves the board's page; raises NotReady with the log's end."""
    deadline = time.monotonic() + READY_WITHIN_S
    why = "it does not listen yet"
    async with httpx.AsyncClient(verify=False, timeout=3.0, trust_env=False) as client:
        while time.monotonic() < deadline:
            why = await _not_ready_because(client, installation.url)
            if not why:
                return
            await asyncio.sleep(READY_POLL_S)
    log_file = supervisor.log_file("gateway")
    raise NotReady(
        f"the gateway is not ready after {READY_WITHIN_S:.0f} s: {why}; "
        f"the end of {log_file}:\n{tail(log_file)}"
    )


async def _not_ready_because(client: httpx.AsyncClient, url: str) -> str:
    for path in ("/readyz", "/"):
        try:
            answer = await client.get(url + path)
        except httpx.TransportError as error:
            return str(error) or type(error).__name__
        if answer.status_code != 200:
            return f"GET {path} answers {answer.status_code}: {answer.text[:300]}"
    return ""


async def look_after_engines(engines: Engines, say: Callable[[str], None]) -> None:
    """Start an engine again when it dies; raises NotReady where the log has died with it."""
    restarts = 0
    while True:
        for engine in engines.dead():
            restarts += 1
            if engine.name == "embedded-broker":
                raise NotReady(
                    "the embedded broker ended, and the log that it held in memory with it: start again"
                )
            if restarts > 5:
                raise NotReady(f"{engine.name} ends again and again; its log: {engine.log_file}")
            say(f"{engine.name} ended; starting it again (log: {engine.log_file})")
            await engine.restart()
        await asyncio.sleep(0.3)
