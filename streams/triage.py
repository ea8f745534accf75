"""Triage alone routes reports, statuses and commands into `region-events`; what is bad to `dead-letters`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from aiokafka import TopicPartition

from schemas.clock import ClockTicked
from schemas.cloudevents import Envelope, UnreadableRecord, decode, encode
from schemas.topics import partition_of
from streams.dead_letters import DeadLetters, Record, Sender
from streams.intake import Intake
from streams.kafka import new_group_consumer
from streams.metrics import WorkerMetrics
from streams.registry import RegistryReader
from streams.routing import (
    Refusal,
    Routed,
    belongs_on,
    registry_key,
    route,
    with_partitionkey,
    within_bounds,
)
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

SOURCES = ("dispatch-commands", "lending", "incidents", "engineer-status")
"""In this order within one batch: who is defined in it is known to the rest of it."""
UNKNOWN = ("outside_every_region", "unknown_region", "unknown_engineer")
"""Reasons that a look at the registry's end may take back."""

Clock = Callable[[], datetime]
Owed = list[asyncio.Future[Any]]


def wall_clock() -> datetime:
    """The time here; triage is a shell and may know it."""
    return datetime.now(UTC)


class Triage:
    """Routes what it reads. It is at least once: the fold drops what it has seen by (source, id)."""

    def __init__(
        self,
        settings: WorkerSettings,
        producer: Sender,
        registry: RegistryReader,
        dead_letters: DeadLetters,
        metrics: WorkerMetrics,
        clock: Clock = wall_clock,
    ) -> None:
        self._settings = settings
        self._producer = producer
        self._reader = registry
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._clock = clock
        self._region_events = settings.topic("region-events")
        self._caught_up = False
        self._ticks: dict[int, asyncio.Future[Any]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Route until told to stop; raises KafkaError where the broker goes away, and can be run again."""
        topics = [self._settings.topic(name) for name in SOURCES]
        consumer = new_group_consumer(self._settings, "triage")
        intake = Intake(consumer, topics, on_assigned=self._first_tick)
        ticking: asyncio.Task[None] | None = None
        try:
            await self._reader.catch_up()
            await intake.start()
            ticking = asyncio.create_task(self._tick(intake))
            while not stopping.is_set():
                batches = await intake.read()
                self._metrics.triage_distance.set(intake.behind_events())
                intake.handled(batches, await self.handle(batches.values()))
        finally:
            if ticking is not None:
                ticking.cancel()
            await intake.stop()

    async def handle(self, batches: Iterable[Iterable[Record]]) -> Owed:
        """Route these records; returns the sends that must be confirmed before they count as read."""
        self._caught_up = False
        by_topic: dict[str, list[Record]] = {name: [] for name in SOURCES}
        for records in batches:
            for record in records:
                by_topic[record.topic.removeprefix(self._settings.topic_prefix)].append(record)
        owed: Owed = []
        for name, records in by_topic.items():
            owed += await self._topic(name, records)
        return owed

    async def _topic(self, topic: str, records: Iterable[Record]) -> Owed:
        """The registry first, and confirmed: whoever sees the effect in a region finds the subject known."""
        owed: Owed = []
        registering: Owed = []
        ready: list[tuple[Routed, Record]] = []
        for record in records:
            try:
                envelope = decode(record.value, record.headers)
                belongs_on(topic, envelope.event)
                within_bounds(record)
                found = [(routed, record) for routed in await self._route(envelope, record.partition)]
                ready += found
            except (UnreadableRecord, Refusal) as error:
                owed.append(await self._dead_letters.write(record, error.reason, error.detail))
            except (ValueError, ArithmeticError, LookupError, TypeError) as error:
                # No input may stop triage: what our own rules choke on is kept, with what they said.
                log.exception("triage_failed", topic=topic, offset=record.offset)
                owed.append(await self._dead_letters.write(record, "failed", repr(error)))
            else:
                for routed, _ in found[-1:]:
                    registering += await self._register(routed, record)
                self._metrics.routed.labels(topic).inc()
        await asyncio.gather(*registering)
        return owed + [await self._forward(routed, record) for routed, record in ready]

    async def _route(self, envelope: Envelope, partition: int) -> Iterable[Routed]:
        if registry_key(envelope.event) is not None:
            await self._catch_up()  # who had the engineer until now may have been written by another worker
        clock = self._clock() if self._settings.clock == "wall" else None
        try:
            return route(envelope, partition, self._reader.registry, clock)
        except Refusal as refusal:
            if refusal.reason not in UNKNOWN or self._caught_up:
                raise
        await self._catch_up()
        return route(envelope, partition, self._reader.registry, clock)

    async def _catch_up(self) -> None:
        """Once a batch is enough: what a record of it relies on was written before the record was read."""
        if not self._caught_up:
            await self._reader.catch_up()
            self._caught_up = True

    async def _register(self, routed: Routed, record: Record) -> Owed:
        key = registry_key(routed.envelope.event)
        if key is None:
            return []
        self._reader.registry.apply(routed.envelope.event)
        topic = self._settings.topic("registry")
        value, headers = _written(routed, record)
        return [await self._producer.send(topic, value, key=key.encode(), partition=0, headers=headers)]

    async def _forward(self, routed: Routed, record: Record) -> asyncio.Future[Any]:
        value, headers = _written(routed, record)
        headers = with_partitionkey(headers, routed.region)
        partition = routed.partition if routed.partition is not None else partition_of(routed.region)
        key = routed.region.encode() or None
        return await self._producer.send(
            self._region_events, value, key=key, partition=partition, headers=headers
        )

    async def _first_tick(self, assigned: Iterable[TopicPartition]) -> None:
        """A new log gets its clock before its first event: without one the fold can not tell late."""
        await self._tick_where_due(assigned)

    async def _tick(self, intake: Intake) -> None:
        """Wall time enters the log: one tick a second into each partition whose commands are ours."""
        while True:
            await asyncio.sleep(self._settings.tick_interval_s)
            await self._tick_where_due(intake.assignment())

    async def _tick_where_due(self, owned: Iterable[TopicPartition]) -> None:
        if self._settings.clock != "wall":
            return
        commands, now = self._settings.topic("dispatch-commands"), self._clock()
        for at in owned:
            before = self._ticks.get(at.partition)
            if at.topic == commands and (before is None or before.done()):
                self._ticks[at.partition] = await self._send_tick(at.partition, now)

    async def _send_tick(self, partition: int, now: datetime) -> asyncio.Future[Any]:
        tick = Envelope(
            id=f"tick/{partition}/{now.isoformat()}",
            source="muster/triage",
            event=ClockTicked(now=now),
            time=now,
            partitionkey="",
        )
        value, headers = encode(tick)
        return await self._producer.send(self._region_events, value, partition=partition, headers=headers)


def _written(routed: Routed, record: Record) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers: as they came, where nothing was changed."""
    return encode(routed.envelope) if routed.changed else (record.value or b"", list(record.headers))
