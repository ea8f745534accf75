"""Regions of phones in one light process: reports at a steady rate, every assignment becomes a job of 5 s."""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from schemas.base import Place, Wire, rfc3339
from schemas.events import type_of
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.topics import partition_of

PRODUCTS = ("fibre", "radio", "power")
JOB: tuple[tuple[float, str], ...] = (
    (0.05, "acknowledged"),
    (0.3, "en_route"),
    (2.0, "on_site"),
    (4.8, "restored"),
    (5.0, "resolved"),
)
"""Seconds after the assignment, and what the phone says then."""


def regions_spread(count: int) -> list[str]:
    """Names of regions on as many partitions, taken from both ends so that two workers share them."""
    order = [number for pair in zip(range(6), range(6, 12), strict=True) for number in pair][:count]
    names: dict[int, str] = {}
    for number in range(10_000):
        names.setdefault(partition_of(f"R{number}"), f"R{number}")
    return [names[partition] for partition in order]


@dataclass
class Job:
    """An assignment on a phone."""

    incident_id: str
    engineer_id: str
    epoch: int
    place: dict[str, float]


@dataclass
class Phones:
    """Reports, answers and positions; when each incident was reported and its assignment lay in Kafka."""

    broker: str
    regions: list[str]
    engineers: int
    seed: int
    reported_ms: dict[str, int] = field(default_factory=dict)
    assigned_ms: dict[str, int] = field(default_factory=dict)
    seen_ms: dict[str, float] = field(default_factory=dict)
    queued_at: dict[str, int] = field(default_factory=dict)
    """The offset at which the region first heard of the incident."""
    waited: set[str] = field(default_factory=set)
    """Incidents that a later event assigned: the plan had them wait for somebody about to be free."""
    kinds: dict[str, int] = field(default_factory=dict)
    _jobs: dict[str, Job] = field(default_factory=dict)
    _due: list[tuple[float, int, int, Job]] = field(default_factory=list)
    _seq: int = 0
    _waited: list[asyncio.Future[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.centres = {name: Place(lat=40 + number, lon=5.0) for number, name in enumerate(self.regions)}
        self.producer = AIOKafkaProducer(bootstrap_servers=self.broker, acks="all", linger_ms=0)
        self.decisions = AIOKafkaConsumer(
            "assignments", bootstrap_servers=self.broker, auto_offset_reset="earliest", fetch_max_wait_ms=100
        )

    async def __aenter__(self) -> Phones:
        await self.producer.start()
        await self.decisions.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.decisions.stop()
        await self.producer.stop()

    async def register(self) -> None:
        """Define the regions and their engineers, on shift from now on."""
        now = datetime.now(UTC)
        for region in self.regions:
            await self._send("dispatch-commands", region, RegionDefined(region=region))
        for region in self.regions:
            for number in range(self.engineers):
                engineer = EngineerRegistered(
                    engineer_id=f"{region}-E{number}",
                    region=region,
                    home=self._place(region),
                    skills=dict.fromkeys(PRODUCTS, 3),
                    available_from=now,
                )
                await self._send("dispatch-commands", region, engineer)
        await self.producer.flush()

    async def _send(self, topic: str, key: str, event: Wire) -> None:
        await self._send_raw(topic, key, type_of(event), event.model_dump_json(exclude_none=True).encode())

    async def _send_raw(self, topic: str, key: str, kind: str, value: bytes) -> int:
        """Send one CloudEvent and return its Kafka time (ms)."""
        self._seq += 1
        now_ms = time.time_ns() // 1_000_000
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"b-%d" % self._seq),
            ("ce_source", b"bench"),
            ("ce_type", kind.encode()),
            ("ce_time", rfc3339(datetime.fromtimestamp(now_ms / 1000, UTC)).encode()),
            ("ce_partitionkey", key.encode()),
            ("content-type", b"application/json"),
        ]
        await self.producer.send(topic, value, key=key.encode(), headers=headers, timestamp_ms=now_ms)
        return now_ms

    def _place(self, region: str) -> Place:
        centre = self.centres[region]
        return Place(
            lat=centre.lat + self.chance.uniform(-0.2, 0.2), lon=centre.lon + self.chance.uniform(-0.2, 0.2)
        )

    async def report(self, number: int) -> None:
        """One more incident, the regions in turn."""
        region = self.regions[number % len(self.regions)]
        incident_id = f"I{number}"
        fields = {
            "incident_id": incident_id,
            "reported_at": rfc3339(datetime.now(UTC)),
            "place": self._place(region).model_dump(),
            "tier": self.chance.choice(("platinum", "gold", "silver", "silver")),
            "product": self.chance.choice(PRODUCTS),
            "region": region,
            "expected_service_min": 30,
        }
        self.reported_ms[incident_id] = await self._send_raw(
            "incidents", incident_id, "muster.incident.reported.v1", orjson.dumps(fields)
        )

    async def answer(self, stop: asyncio.Event) -> None:
        """Read decisions and act on them, until told to stop."""
        while not stop.is_set():
            for records in (await self.decisions.getmany(timeout_ms=20)).values():
                for record in records:
                    self._take(record)
            await self._report_due()

    def _take(self, record: Any) -> None:
        decision = orjson.loads(record.value)
        kind = decision["kind"]
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "queued":
            self.queued_at.setdefault(decision["incident_id"], decision["offset"])
        elif kind == "assigned":
            incident_id = decision["incident_id"]
            first = incident_id not in self.assigned_ms
            if first and self.queued_at.get(incident_id) != decision["offset"]:
                self.waited.add(incident_id)
            self.assigned_ms.setdefault(incident_id, record.timestamp)
            self.seen_ms.setdefault(incident_id, time.time() * 1000)
            place = decision.get("place") or {"lat": 0.0, "lon": 0.0}
            job = Job(incident_id, decision["engineer_id"], decision["epoch"], place)
            self._jobs[incident_id] = job
            self._plan(job, 0, time.monotonic())
        elif kind in ("withdrawn", "cancelled"):
            self._jobs.pop(decision["incident_id"], None)

    def _plan(self, job: Job, stage: int, began: float) -> None:
        self._seq += 1
        heapq.heappush(self._due, (began + JOB[stage][0], self._seq, stage, job))

    async def _report_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            at, _, stage, job = heapq.heappop(self._due)
            if self._jobs.get(job.incident_id) is not job:
                continue  # taken back meanwhile: this phone has nothing more to say about it
            await self._say(job, JOB[stage][1])
            if stage + 1 < len(JOB):
                self._plan(job, stage + 1, at - JOB[stage][0])
            else:
                del self._jobs[job.incident_id]

    async def _say(self, job: Job, status: str) -> None:
        fields = {
            "engineer_id": job.engineer_id,
            "device_seq": self._seq,
            "occurred_at": rfc3339(datetime.now(UTC)),
            "incident_id": job.incident_id,
            "epoch": job.epoch,
            "status": status,
        }
        if status == "on_site" and job.place["lat"]:
            fields["place"] = job.place
        await self._send_raw(
            "engineer-status", job.engineer_id, "muster.engineer.status-reported.v1", orjson.dumps(fields)
        )

    def everybody(self) -> Iterator[tuple[str, str]]:
        """(region, engineer) for ever, in turn."""
        while True:
            for number in range(self.engineers):
                for region in self.regions:
                    yield region, f"{region}-E{number}"

    async def move(self, region: str, engineer_id: str) -> None:
        """One position of one engineer."""
        place = self._place(region)
        fields = {
            "engineer_id": engineer_id,
            "lat": place.lat,
            "lon": place.lon,
            "fixed_at": rfc3339(datetime.now(UTC)),
        }
        await self._send_raw(
            "engineer-locations", engineer_id, "muster.engineer.position-reported.v1", orjson.dumps(fields)
        )
