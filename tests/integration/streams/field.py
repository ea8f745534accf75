"""A small installation in this process: a worker, a way to say things to it and to hear what it decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from schemas.base import Place, Wire
from schemas.cloudevents import Envelope, decode, encode
from schemas.decisions import Decision
from schemas.engineers import ShiftReported
from schemas.incidents import IncidentReported
from schemas.regions import EngineerRegistered, Polygon, RegionDefined
from schemas.topics import REGION_PARTITIONS
from streams.kafka import new_producer
from streams.letter_box import Filed, read_letters
from streams.reading import read_to_end
from streams.settings import WorkerSettings
from streams.topics import ensure_topics
from streams.worker import DispatchWorker

WITHIN_S = 30.0
AROUND_HERE = Polygon(coordinates=[[(5, 45), (6, 45), (6, 46), (5, 46), (5, 45)]])
HERE = Place(lat=45.5, lon=5.5)


@dataclass
class Field:
    """Says things on the public topics, and looks at what came of it."""

    settings: WorkerSettings
    producer: AIOKafkaProducer
    said: list[str] = field(default_factory=list)

    async def say(
        self, topic: str, event: Wire, key: str, event_id: str = "", partition: int | None = None
    ) -> str:
        """Send an event as the gateway would; its id."""
        envelope = Envelope(event_id or uuid4().hex, "test", event, datetime.now(UTC), key)
        value, headers = encode(envelope)
        await self.raw(topic, value, headers, key.encode(), partition)
        return envelope.id

    async def raw(
        self,
        topic: str,
        value: bytes,
        headers: list[tuple[str, bytes]],
        key: bytes | None = None,
        partition: int | None = None,
    ) -> None:
        """Send any bytes."""
        name = self.settings.topic(topic)
        await self.producer.send_and_wait(name, value, key=key, headers=headers, partition=partition)

    async def region(self, name: str, polygon: Polygon | None = None) -> None:
        """Define a region and wait until it is there."""
        await self.answer(
            await self.say("dispatch-commands", RegionDefined(region=name, polygon=polygon), name)
        )

    async def engineer(self, name: str, region: str, *, on_shift: bool = True) -> None:
        """Register an engineer, and begin their shift."""
        known = EngineerRegistered(engineer_id=name, region=region, home=HERE, skills={"radio": 3})
        await self.answer(await self.say("dispatch-commands", known, region))
        if on_shift:
            await self.answer(await self.say("engineer-status", shift_of(name), name))

    async def decisions(self) -> list[Decision]:
        """All that was decided so far."""
        found: list[Decision] = []
        async for record in read_to_end(self.settings, "assignments", range(REGION_PARTITIONS)):
            event = decode(record.value, record.headers).event
            assert isinstance(event, Decision)
            found.append(event)
        return found

    async def answer(self, event_id: str, within_s: float = WITHIN_S) -> list[Decision]:
        """The decisions about an event, when there are any."""
        deadline = time.monotonic() + within_s
        while True:
            found = [one for one in await self.decisions() if one.caused_by == event_id]
            if found:
                return found
            assert time.monotonic() < deadline, f"no answer to {event_id} within {within_s} s"
            await asyncio.sleep(0.1)

    async def letters(self, count: int, within_s: float = WITHIN_S) -> list[Filed]:
        """The dead letters, when there are so many."""
        deadline = time.monotonic() + within_s
        while len(found := await read_letters(self.settings)) < count:
            assert time.monotonic() < deadline, f"{len(found)} dead letters instead of {count}: {found}"
            await asyncio.sleep(0.1)
        return found


def shift_of(engineer: str, seq: int = 0) -> ShiftReported:
    """A shift that starts now."""
    return ShiftReported(
        engineer_id=engineer, device_seq=seq, occurred_at=datetime.now(UTC), change="shift_started"
    )


def report(name: str, region: str | None = None, place: Place = HERE) -> IncidentReported:
    """A fault of the product that everybody here knows."""
    return IncidentReported(
        incident_id=name,
        reported_at=datetime.now(UTC),
        place=place,
        tier="gold",
        product="radio",
        region=region,
    )


@asynccontextmanager
async def working(settings: WorkerSettings) -> AsyncIterator[DispatchWorker]:
    """A worker that runs beside the test, and must end well."""
    worker = DispatchWorker(settings)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 20.0)


@asynccontextmanager
async def installation(settings: WorkerSettings) -> AsyncIterator[Field]:
    """A worker and somebody who talks to it."""
    async with working(settings), talking(settings) as field_:
        yield field_


@asynccontextmanager
async def talking(settings: WorkerSettings) -> AsyncIterator[Field]:
    """Somebody who talks to whatever workers there are."""
    await ensure_topics(settings)
    producer = new_producer(settings)
    await producer.start()
    try:
        yield Field(settings, producer)
    finally:
        await producer.stop()


async def eventually(reached: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.05)
