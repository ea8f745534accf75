"""A whole installation for the browser tests: embedded engines, both kinds of worker, the gateway."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx

from deploy.local import EmbeddedBroker, EmbeddedRedis
from deploy.local.ports import free_port
from schemas.api import Role
from services.gateway.tokens import Tokens
from streams.settings import WorkerSettings
from streams.topics import ensure_topics

SECRET = "a secret of the end-to-end tests alone"
READY_WITHIN_S = 200.0
KNOWN_WITHIN_S = 60.0
MUSTER = Path(sys.executable).with_name("muster")
SITES = {"core": (38.73, -9.15), "far": (38.80, -9.05), "near": (38.715, -9.145)}


class Installation:
    """Processes of their own around embedded engines; `with` starts and stops them all."""

    def __init__(self, folder: Path, relays: int = 0, env: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._env = dict(env or {})
        self._relay_ports = {f"relay-{number}": free_port() for number in range(1, relays + 1)}
        self._broker, self._redis = EmbeddedBroker(), EmbeddedRedis()
        self._port = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._keys = count(1)
        self._tokens = Tokens(SECRET)
        self.url = f"http://127.0.0.1:{self._port}"
        self._api = httpx.Client(
            base_url=f"{self.url}/v1",
            headers={"Authorization": f"Bearer {self.token('service', 'e2e', ['*'])}"},
            timeout=30,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        asyncio.run(self._broker.start())
        asyncio.run(self._redis.start())
        asyncio.run(ensure_topics(WorkerSettings(broker=self._broker.address)))
        for name, words in (("gateway", ["gateway"]), ("dispatch", ["worker", "dispatch"]),
                            ("windows", ["worker", "windows"])):  # fmt: skip
            self._start(name, words)
        try:
            for name in self._relay_ports:
                self.start_relay(name)
            self.wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()
        for name in list(self._processes):
            self._stop(name)
        asyncio.run(self._redis.stop())
        asyncio.run(self._broker.stop())

    def _start(self, name: str, words: Iterable[str], own: Mapping[str, str] | None = None) -> None:
        env = {
            **os.environ,
            "MUSTER_BROKER": self._broker.address,
            "MUSTER_REDIS_URL": self._redis.address,
            "MUSTER_CLOCK": "wall",
            "MUSTER_SECRET": SECRET,
            "MUSTER_PORT": str(self._port),
            "MUSTER_STATE": str(self._folder),
            "MUSTER_RELAY_ORIGINS": " ".join(
                f"http://{{host}}:{port} ws://{{host}}:{port}" for port in self._relay_ports.values()
            ),
            "OMP_NUM_THREADS": "1",
            **self._env,
            **(own or {}),
        }
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [str(MUSTER), *words], env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _stop(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def wait_until_ready(self) -> None:
        """Return when the gateway says that it is ready; the logs' ends explain where it never is."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=3, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"the gateway is not ready in {READY_WITHIN_S:.0f} s\n{self.logs()}")

    def logs(self) -> str:
        """The end of each process's log."""
        return "\n".join(
            f"== {file.name}\n{file.read_text(errors='replace')[-2000:]}"
            for file in self._folder.glob("*.log")
        )

    def start_relay(self, name: str) -> None:
        """Start a relay node on its own port, and wait until it holds its lease."""
        port = str(self._relay_ports[name])
        self._start(
            name, ["relay"], {"MUSTER_RELAY_PORT": port, "MUSTER_RELAY_URL": f"http://{{host}}:{port}"}
        )
        address = f"http://127.0.0.1:{port}/healthz"

        def lives() -> bool:
            try:
                return httpx.get(address, timeout=3, trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        until(lives, READY_WITHIN_S)

    def node_of(self, session_id: str) -> str:
        """The relay node that a session lives on, by its name here."""
        joined = self.send("POST", f"/sessions/{session_id}/join", {"role": "observer"})
        port = int(joined["node_url"].rpartition(":")[2])
        return next(name for name, own in self._relay_ports.items() if own == port)

    def kill_relay(self, name: str) -> str:
        """Kill a node (kill -9); its name."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()
        return name

    def stop_gateway(self) -> None:
        """Take the gateway away."""
        self._stop("gateway")

    def start_gateway(self) -> None:
        """Bring it back on the same address, and wait until it is ready."""
        self._start("gateway", ["gateway"])
        self.wait_until_ready()

    def token(self, role: Role, subject: str, regions: list[str]) -> str:
        """A token signed with the installation's secret."""
        return self._tokens.sign(subject, role, regions, 3600)

    def send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A command of the service; its answer, which must not be an error."""
        key = f"e2e-{next(self._keys)}"
        answer = self._api.request(method, path, json=body, headers={"Idempotency-Key": key})
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}\n{self.logs()}"
        return cast("dict[str, Any]", answer.json())

    def warn(self, region: str, message: bytes) -> None:
        """A CAP message for a region, as a warning centre's feed would post it."""
        headers = {"Idempotency-Key": f"e2e-{next(self._keys)}", "Content-Type": "application/cap+xml"}
        answer = self._api.post(f"/alerts?region={region}", content=message, headers=headers)
        assert answer.is_success, f"{answer.status_code} {answer.text}\n{self.logs()}"

    def as_role(self, role: Role, method: str, path: str, body: dict[str, Any]) -> None:
        """A command of somebody in a role, for all regions."""
        headers = {
            "Authorization": f"Bearer {self.token(role, f'e2e-{role}', ['*'])}",
            "Idempotency-Key": f"e2e-{next(self._keys)}",
        }
        answer = self._api.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"

    def read(self, path: str) -> dict[str, Any]:
        """What the API says under a path."""
        answer = self._api.get(path)
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text}"
        return cast("dict[str, Any]", answer.json())

    def region(self, name: str, engineers: Iterable[str] = ()) -> str:
        """A region of its own for one test, with its engineers off shift at the core site."""
        self.send("PUT", f"/regions/{name}", {"time_zone": "Europe/Lisbon"})
        self._until_known(f"/regions/{name}")
        lat, lon = SITES["core"]
        for engineer in engineers:
            body = {"region": name, "home": {"lat": lat, "lon": lon}, "skills": {"core": 3}}
            self.send("PUT", f"/engineers/{engineer}", body)
            self._until_known(f"/engineers/{engineer}")
        return name

    def _until_known(self, path: str) -> None:
        """A slow machine answers a command with 202: wait until the read model has it."""
        until(lambda: self._api.get(path).status_code == 200, KNOWN_WITHIN_S)

    def report(
        self, region: str, incident: str, *, site: str = "near", tier: str = "gold", **fields: object
    ) -> None:
        """Report an incident of the product `core`."""
        lat, lon = SITES[site]
        body = {
            "incident_id": incident, "region": region, "place": {"lat": lat, "lon": lon}, "tier": tier,
            "product": "core", "level": 2, "site_id": "SITE-7", "equipment_id": "RACK-3",
            "expected_service_min": 30, **fields,
        }  # fmt: skip
        self.send("POST", "/incidents", body)

    def shift(self, engineer: str, seq: int, change: str = "shift_started") -> None:
        """A shift change as another device of the engineer would send it."""
        body = {"change": change, "device_id": "api", "device_seq": seq, "occurred_at": now()}
        self.send("POST", f"/engineers/{engineer}/shift", body)

    def status(self, engineer: str, seq: int, incident: str, epoch: int, status: str) -> None:
        """A status as another device of the engineer would send it."""
        body = {
            "engineer_id": engineer, "device_id": "api", "device_seq": seq, "occurred_at": now(),
            "epoch": epoch, "status": status,
        }  # fmt: skip
        self.send("POST", f"/assignments/{incident}/status", body)


def now() -> str:
    """The wall's time in RFC 3339."""
    return later(0)


def later(minutes: float) -> str:
    """So many minutes from now in RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + minutes * 60))


def until(true: Callable[[], object], within_s: float = 15.0) -> None:
    """Wait until a condition holds; AssertionError where it does not in time."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
