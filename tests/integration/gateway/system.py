"""A whole installation for tests of the gateway: a dispatch worker and gateways as processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.local.child import Child
from deploy.local.ports import free_port
from schemas.api import Role
from services.gateway.tokens import Tokens

SECRET = "a secret for tests, of more than 32 characters"
READY_WITHIN_S = 150.0
MUSTER = Path(sys.executable).with_name("muster")


@dataclass
class System:
    """One worker and one gateway on given engines; `start_gateway` again after `stop_gateway`."""

    folder: Path
    broker: str
    redis_url: str
    prefix: str
    clock: str = "wall"
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    worker: Child | None = None
    gateway: Child | None = None
    keys: int = 0

    @property
    def url(self) -> str:
        """Where the gateway listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the processes are told."""
        return {
            "MUSTER_BROKER": self.broker,
            "MUSTER_REDIS_URL": self.redis_url,
            "MUSTER_TOPIC_PREFIX": self.prefix,
            "MUSTER_CLOCK": self.clock,
            "MUSTER_SECRET": SECRET,
            "MUSTER_PORT": str(self.port),
            "MUSTER_STATE": str(self.folder),
            "OPENBLAS_NUM_THREADS": "1",
            **self.more,
        }

    def start_worker(self) -> None:
        """Start the dispatch worker; it makes the topics."""
        words = [str(MUSTER), "worker", "dispatch"]
        self.worker = Child(words, self.folder / "worker.log", cwd=self.folder, env=self.environment)

    async def start_gateway(self) -> None:
        """Start the gateway and return when it is ready."""
        words = [str(MUSTER), "gateway"]
        self.gateway = Child(words, self.folder / "gateway.log", cwd=self.folder, env=self.environment)
        deadline = time.monotonic() + READY_WITHIN_S
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            while True:
                try:
                    if (await client.get("/readyz", timeout=2)).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                assert self.gateway.ended is None, (self.folder / "gateway.log").read_text()[-2000:]
                assert time.monotonic() < deadline, (self.folder / "gateway.log").read_text()[-2000:]
                await asyncio.sleep(0.1)

    async def until_folding(self) -> None:
        """Return once the worker answers a command within its two seconds: it has its partitions."""
        async with self.client("service") as client:

            async def answers() -> bool:
                answer = await client.put("/v1/regions/probe", json={}, headers=self.key())
                return answer.status_code == 200

            await eventually(answers, READY_WITHIN_S)

    async def stop_gateway(self) -> float:
        """Stop the gateway with SIGTERM; seconds until it was gone."""
        assert self.gateway is not None
        began = time.monotonic()
        os.kill(self.gateway.pid, signal.SIGTERM)
        while self.gateway.ended is None:
            await asyncio.sleep(0.02)
            assert time.monotonic() - began < 15, "it does not stop"
        assert self.gateway.ended == 0, (self.folder / "gateway.log").read_text()[-2000:]
        return time.monotonic() - began

    async def stop(self) -> None:
        """Stop both."""
        for child in (self.gateway, self.worker):
            if child is not None and child.ended is None:
                await child.stop()

    def token(
        self, role: Role, subject: str = "", regions: tuple[str, ...] = ("*",), customer: str | None = None
    ) -> str:
        """A token of a role."""
        return Tokens(SECRET).sign(subject or role, role, list(regions), 3600, customer)

    def client(self, role: Role, subject: str = "", **more: Any) -> httpx.AsyncClient:
        """A client with a role's token."""
        token = self.token(role, subject, **more)
        return httpx.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=15, trust_env=False
        )

    def key(self) -> dict[str, str]:
        """A fresh Idempotency-Key."""
        self.keys += 1
        return {"Idempotency-Key": f"{self.prefix}{self.keys}"}


@asynccontextmanager
async def running_system(system: System) -> AsyncIterator[System]:
    """The installation while it is needed."""
    system.folder.mkdir(parents=True, exist_ok=True)
    try:
        system.start_worker()
        await system.start_gateway()
        await system.until_folding()
        yield system
    finally:
        await system.stop()


def now_text() -> str:
    """The wall's time on the wire."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


async def eventually(holds: Callable[[], Awaitable[bool]], within_s: float = 10.0) -> None:
    """Ask again until it holds; fails after `within_s`."""
    deadline = time.monotonic() + within_s
    while not await holds():
        assert time.monotonic() < deadline, "it never came to hold"
        await asyncio.sleep(0.05)


class Phone:
    """A technician's phone with its running number."""

    def __init__(self, system: System, client: httpx.AsyncClient, engineer_id: str) -> None:
        self.system = system
        self.client = client
        self.engineer_id = engineer_id
        self.seq = 0

    def says(self, **body: Any) -> dict[str, Any]:
        """A body with the next number."""
        self.seq += 1
        return {"device_seq": self.seq, "occurred_at": now_text(), **body}

    async def shift(self, change: str = "shift_started") -> httpx.Response:
        """Start or end a shift."""
        return await self.client.post(
            f"/v1/engineers/{self.engineer_id}/shift",
            json=self.says(change=change),
            headers=self.system.key(),
        )

    async def status(self, incident_id: str, epoch: int, status: str) -> httpx.Response:
        """Report how an assignment stands."""
        body = self.says(engineer_id=self.engineer_id, epoch=epoch, status=status)
        return await self.client.post(
            f"/v1/assignments/{incident_id}/status", json=body, headers=self.system.key()
        )


async def make_region(
    system: System, client: httpx.AsyncClient, region: str, engineers: int = 1
) -> list[Phone]:
    """A region with engineers on shift; ids E1-REGION and on."""
    answer = await client.put(f"/v1/regions/{region}", json={}, headers=system.key())
    assert answer.status_code == 200, answer.text
    phones = []
    for number in range(1, engineers + 1):
        name = f"E{number}-{region}"
        body = {"region": region, "home": {"lat": 38.7, "lon": -9.1}, "skills": {"core": 3}}
        answer = await client.put(f"/v1/engineers/{name}", json=body, headers=system.key())
        assert answer.status_code == 200, answer.text
        phone = Phone(system, client, name)
        answer = await phone.shift()
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "available"
        phones.append(phone)
    return phones


def report(region: str, **more: Any) -> dict[str, Any]:
    """An incident's report."""
    place = {"lat": 38.72, "lon": -9.12}
    return {"place": place, "tier": "gold", "product": "core", "level": 2, "region": region, **more}


@dataclass
class Stream:
    """What one connection to the decision stream has brought."""

    decisions: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)
    last_id: str = ""

    @property
    def ids(self) -> list[str]:
        """The decisions' ids in the order they came."""
        return [one["id"] for one in self.decisions]

    def take(self, lines: list[str]) -> None:
        """One event's lines."""
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        if fields.get("event") == "decision":
            self.decisions.append(json.loads(fields["data"]))
        elif fields.get("event") == "clock":
            self.clocks.append(json.loads(fields["data"]))
        self.last_id = fields.get("id", self.last_id)


async def listen(
    client: httpx.AsyncClient,
    into: Stream,
    *,
    until: Any,
    start: str = "end",
    resume: bool = False,
    query: str = "",
) -> None:
    """Read the stream into `into` until `until(into)` is true or the server ends it; 20 s at most."""
    headers = {"Last-Event-ID": into.last_id} if resume else {}
    async with asyncio.timeout(20):
        path = f"/v1/assignments/stream?from={start}{query}"
        async with client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            lines: list[str] = []
            async for line in answer.aiter_lines():
                if line:
                    lines.append(line)
                    continue
                into.take(lines)
                lines = []
                if until(into):
                    return
