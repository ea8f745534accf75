"""Regions at work: incidents at a steady rate straight into Kafka, and a quick phone for every engineer."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.base import Place, Wire
from schemas.cloudevents import Envelope, encode
from schemas.engineers import PhoneStatus, PositionReported, ShiftReported, StatusReported
from schemas.incidents import IncidentReported
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.topics import REGION_PARTITIONS, partition_of
from streams.kafka import new_producer, new_reader
from streams.settings import WorkerSettings
from streams.topics import ensure_topics

SOURCE = "load"
JOB: tuple[tuple[float, PhoneStatus], ...] = (
    (0.05, "acknowledged"),
    (0.2, "accepted"),
    (0.2, "en_route"),
    (1.0, "on_site"),
    (0.8, "restored"),
    (0.3, "resolved"),
)
"""Pauses of a job, in seconds, and what the phone says after each."""


def regions_on_all_partitions(count: int) -> list[str]:
    """Names of regions, each on another partition, so that every worker has some."""
    names: dict[int, str] = {}
    for number in range(10_000):
        names.setdefault(partition_of(f"R{number}"), f"R{number}")
    return [names[number * REGION_PARTITIONS // count] for number in range(count)]


@dataclass
class Load:
    """`acknowledged` are the ids of events that the broker confirmed: none of them may be lost."""

    settings: WorkerSettings
    rate: float
    regions: list[str]
    engineers: int
    acknowledged: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    assigned_at: dict[str, list[float]] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    kinds: dict[str, int] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _job_of: dict[str, tuple[str, int]] = field(default_factory=dict)
    _seq: dict[str, int] = field(default_factory=dict)
    _phones: set[asyncio.Task[None]] = field(default_factory=set)
    _sends: set[asyncio.Task[None]] = field(default_factory=set)
    _beside: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Connect, define regions and engineers, and begin their shifts; the workers must be there."""
        await ensure_topics(self.settings)
        self._producer: AIOKafkaProducer = new_producer(self.settings)
        self._decisions: AIOKafkaConsumer = new_reader(self.settings)
        await self._producer.start()
        await self._decisions.start()
        topic = self.settings.topic("assignments")
        self._decisions.assign([TopicPartition(topic, number) for number in range(REGION_PARTITIONS)])
        self._beside = [asyncio.create_task(self._listen())]
        for region in self.regions:
            await self._send("dispatch-commands", RegionDefined(region=region), region)
        await self._until(self._all_answered, "regions")
        for region in self.regions:
            for name in self._engineers_of(region):
                place = self._place(region)
                skilled = EngineerRegistered(engineer_id=name, region=region, home=place, skills={"radio": 3})
                await self._send("dispatch-commands", skilled, region)
        await self._until(self._all_answered, "engineers")
        for region in self.regions:
            for name in self._engineers_of(region):
                seq, now = self._next_seq(name), datetime.now(UTC)
                begun = ShiftReported(
                    engineer_id=name, device_seq=seq, occurred_at=now, change="shift_started"
                )
                await self._send("engineer-status", begun, name)
        await self._until(self._all_answered, "shifts")

    def begin(self) -> None:
        """Report incidents and positions until `finish`."""
        self._beside += [asyncio.create_task(self._report()), asyncio.create_task(self._drive())]

    async def finish(self) -> None:
        """No more reports; let the jobs end, and wait for an answer to everything that was confirmed."""
        for task in self._beside[1:]:
            task.cancel()
        await asyncio.sleep(sum(pause_s for pause_s, _ in JOB) + 1.0)
        for phone in self._phones:
            phone.cancel()
        await asyncio.wait({*self._sends, asyncio.create_task(asyncio.sleep(0))})
        await self._until(self._all_answered, "answers to everything", within_s=40.0)
        self._beside[0].cancel()
        await self._decisions.stop()
        await self._producer.stop()

    def _all_answered(self) -> bool:
        return self.acknowledged <= self.answered

    async def _until(self, reached: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while self._sends or not reached():
            missing = sorted(self.acknowledged - self.answered)[:3]
            assert time.monotonic() < deadline, f"no {what} within {within_s} s; missing {missing} ..."
            await asyncio.sleep(0.05)

    async def _send(self, topic: str, event: Wire, key: str, *, answered: bool = True) -> None:
        """Send without waiting; the id counts as acknowledged when the broker has confirmed it."""
        envelope = Envelope(uuid4().hex, SOURCE, event, datetime.now(UTC), key)
        value, headers = encode(envelope)
        sent = await self._producer.send(self.settings.topic(topic), value, key=key.encode(), headers=headers)

        async def confirm() -> None:
            await sent
            if answered:
                self.acknowledged.add(envelope.id)

        task = asyncio.create_task(confirm())
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _report(self) -> None:
        """One incident after the other, all regions in turn, at the rate."""
        begun, count = time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, begun + count / self.rate - time.monotonic()))
            region, name = self.regions[count % len(self.regions)], f"I-{uuid4().hex}"
            count += 1
            reported = IncidentReported(
                incident_id=name,
                reported_at=datetime.now(UTC),
                place=self._place(region),
                tier=random.choice(("platinum", "gold", "silver")),
                product="radio",
                region=region,
                expected_service_min=0.05,
            )
            self.reported.add(name)
            await self._send("incidents", reported, name)

    async def _drive(self) -> None:
        """Every engineer sends a fix every other second."""
        while True:
            await asyncio.sleep(2.0)
            for region in self.regions:
                for name in self._engineers_of(region):
                    place = self._place(region)
                    fix = PositionReported(
                        engineer_id=name, lat=place.lat, lon=place.lon, fixed_at=datetime.now(UTC)
                    )
                    await self._send("engineer-locations", fix, name, answered=False)

    async def _listen(self) -> None:
        """Hear every decision; phones act on what concerns them, once an id."""
        while True:
            for records in (await self._decisions.getmany(timeout_ms=500)).values():
                for record in records:
                    decision = orjson.loads(record.value)
                    self.answered.add(decision["caused_by"])
                    if decision["id"] not in self._told:
                        self._told.add(decision["id"])
                        self._hear(decision)

    def _hear(self, decision: dict[str, Any]) -> None:
        kind, engineer = decision["kind"], decision.get("engineer_id", "")
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        waiting = self.waiting.setdefault(decision["region"], set())
        if kind == "queued" or (kind == "withdrawn" and decision.get("reason") != "cancelled"):
            waiting.add(decision["incident_id"])
        if kind == "assigned":
            waiting.discard(decision["incident_id"])
            self.assigned_at.setdefault(decision["region"], []).append(time.monotonic())
            self._job_of[engineer] = decision["incident_id"], decision["epoch"]
            phone = asyncio.create_task(self._work(engineer, decision["incident_id"], decision["epoch"]))
            self._phones.add(phone)
            phone.add_done_callback(self._phones.discard)
        elif kind == "withdrawn":
            self._job_of.pop(engineer, None)

    async def _work(self, engineer: str, incident: str, epoch: int) -> None:
        for pause_s, status in JOB:
            await asyncio.sleep(pause_s)
            if self._job_of.get(engineer) != (incident, epoch):
                return  # taken back
            said = StatusReported(
                engineer_id=engineer,
                device_seq=self._next_seq(engineer),
                occurred_at=datetime.now(UTC),
                incident_id=incident,
                epoch=epoch,
                status=status,
            )
            await self._send("engineer-status", said, engineer)

    def _engineers_of(self, region: str) -> list[str]:
        return [f"{region}-E{number}" for number in range(self.engineers)]

    def _place(self, region: str) -> Place:
        """Somewhere within some 50 m: nobody is worth turning round for, so that jobs end."""
        centre = 40.0 + self.regions.index(region)
        return Place(lat=centre + random.uniform(0, 0.0005), lon=5 + random.uniform(0, 0.0005))

    def _next_seq(self, engineer: str) -> int:
        self._seq[engineer] = self._seq.get(engineer, -1) + 1
        return self._seq[engineer]

    def resumed_after_s(self, since: float) -> float:
        """Seconds from `since` until every region had an assignment again (infinite: one had none)."""
        return max(self._first_after(region, since) for region in self.regions) - since

    def _first_after(self, region: str, since: float) -> float:
        return min((at for at in self.assigned_at.get(region, []) if at > since), default=float("inf"))

    def story(self, since: float) -> str:
        """For a failed test: when each region was first assigned something since then, and what waits."""
        waiting = {region: len(self.waiting.get(region, ())) for region in self.regions}
        firsts = {region: round(self._first_after(region, since) - since, 1) for region in self.regions}
        return f"first assignments after s: {firsts}; waiting: {waiting}; decisions: {self.kinds}"
