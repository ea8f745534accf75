"""Lending on the wire: what dispatch says beyond its decisions, and the surge coordinator that listens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import structlog
from aiokafka import TopicPartition

from schemas.base import Wire
from schemas.cloudevents import Envelope, UnreadableRecord, decode, encode
from schemas.decisions import Decision
from schemas.lending import RegionLoad
from services.dispatch.fold import PartitionFold
from services.dispatch.load import LOAD_EVERY_MS, region_load
from services.dispatch.moments import to_moment, to_ms
from services.surge.commands import Command
from services.surge.coordinator import Coordinator
from services.surge.policy import shipped_lending_policy
from streams.dead_letters import Record, Sender
from streams.intake import Intake
from streams.kafka import new_group_consumer
from streams.reading import read_to_end
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

LOADS, LENDING = "region-load", "lending"
SOURCE = "muster/surge"
Owed = list[asyncio.Future[Any]]


def loads_due(fold: PartitionFold, before: datetime | None) -> Iterator[RegionLoad]:
    """Each region's load where the fold's clock has passed the next five minutes since `before`."""
    if fold.now is None or before is None or fold.log is None:
        return
    now = to_ms(fold.now)
    if now // LOAD_EVERY_MS == to_ms(before) // LOAD_EVERY_MS:
        return
    for name in sorted(name for name, region in fold.regions.items() if not region.exercise_over):
        yield region_load(fold.regions[name], fold.log, fold.next_offset - 1, now)


def is_about_lending(decision: Decision) -> bool:
    """Whether the coordinator and the other region must hear of a decision."""
    told = decision.loan is not None or decision.proposal is not None
    return told or decision.kind in ("lending_offered", "exercise_ended")


class SurgeCoordinator:
    """Runs on the worker that has the load topic's partition; a new one reads what its predecessor knew."""

    def __init__(self, settings: WorkerSettings, producer: Sender) -> None:
        self._settings = settings
        self._producer = producer
        self._only_disasters = settings.lending == "off"
        self._policy = shipped_lending_policy("default" if self._only_disasters else settings.lending)
        self._coordinators = self._begun()

    def _begun(self) -> tuple[Coordinator, Coordinator]:
        """Of what is real, and of drills."""
        real = Coordinator(self._policy, only_disasters=self._only_disasters, unset="proposed")
        return real, Coordinator(
            self._policy, only_disasters=self._only_disasters, unset="proposed", drills_of=real
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Listen until told to stop; raises KafkaError where the broker goes away, and can be run again."""
        topics = [self._settings.topic(name) for name in (LOADS, LENDING)]
        consumer = new_group_consumer(self._settings, "surge")
        intake = Intake(consumer, topics, on_assigned=self._take_over)
        try:
            await intake.start()
            while not stopping.is_set():
                batches = await intake.read()
                owed: Owed = []
                for partition in sorted(batches):
                    owed += await self.handle(batches[partition])
                intake.handled(batches, owed)
        finally:
            await intake.stop()

    async def handle(self, records: Iterable[Record]) -> Owed:
        """Fold these records; returns the sends of what the regions are told."""
        owed: Owed = []
        for event in map(_readable, records):
            if isinstance(event, RegionLoad | Decision):
                for coordinator in self._coordinators:
                    told = _said_by(coordinator, event)
                    at = to_moment(coordinator.planned_at)
                    owed += [await self._send(command, at) for command in told]
        return owed

    async def _take_over(self, assigned: Iterable[TopicPartition]) -> None:
        """Learn what loads and loans there were; what the predecessor has said is not said again."""
        if not any(at.topic == self._settings.topic(LOADS) for at in assigned):
            return
        self._coordinators = self._begun()
        for topic in (LENDING, LOADS):
            async for record in read_to_end(self._settings, topic, [0]):
                if (event := _readable(record)) is not None:
                    for coordinator in self._coordinators:
                        coordinator.remember(event)
        log.info("surge_taken_over", regions=sum(len(one.outlooks) for one in self._coordinators))

    async def _send(self, command: Command, planned_at: datetime) -> asyncio.Future[Any]:
        envelope = Envelope(
            id=command.id,
            source=SOURCE,
            event=command.event,
            time=planned_at,
            partitionkey=command.event.region,
        )
        value, headers = encode(envelope)
        topic = self._settings.topic(LENDING)
        return await self._producer.send(
            topic, value, key=command.event.region.encode(), partition=0, headers=headers
        )


def _said_by(coordinator: Coordinator, event: RegionLoad | Decision) -> list[Command]:
    """Lending helps dispatch and must not end it: what our own rules choke on is logged and passed over."""
    try:
        return coordinator.step(event)
    except (ValueError, ArithmeticError, LookupError, TypeError):
        log.exception("surge_failed", region=event.region, type=type(event).__name__, drill=coordinator.drill)
        return []


def _readable(record: Record) -> Wire | None:
    """The event; None where triage has found it unreadable already."""
    try:
        return decode(record.value, record.headers).event
    except UnreadableRecord:
        return None
