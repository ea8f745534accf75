"""The location feed: the newest fix of each engineer, one batch per region a few times a second."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition

from schemas.base import rfc3339
from schemas.cloudevents import UnreadableRecord
from schemas.engineers import EngineersMoved
from schemas.events import TYPE_OF
from schemas.topics import partition_of
from streams.dead_letters import DeadLetters, Record, Sender
from streams.intake import Intake
from streams.kafka import new_group_consumer
from streams.metrics import WorkerMetrics
from streams.positions import NewestFixes, read_fix
from streams.registry import RegistryReader
from streams.routing import FUTURE_MARGIN, Refusal
from streams.settings import WorkerSettings
from streams.triage import Clock, Owed, wall_clock

MAX_RECORDS = 5000
"""Records read at once: about 50 ms of work, so that the process's other loops get their turn."""
MOVED_TYPE = TYPE_OF[EngineersMoved].encode()


class LocationFeed:
    """Thins positions out. A batch sent twice, or by two feeds, does no harm: the fold keeps the newer."""

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
        self._fixes = NewestFixes()
        self._source = f"muster/locations/{uuid.uuid4().hex}"
        self._read: dict[TopicPartition, Sequence[Record]] = {}
        self._owed: Owed = []
        self._batches = 0
        self._sent_at = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Feed until told to stop; raises KafkaError where the broker goes away, and can be run again."""
        self._fixes, self._read, self._owed = NewestFixes(), {}, []
        intake = Intake(
            new_group_consumer(self._settings, "locations"), [self._settings.topic("engineer-locations")]
        )
        try:
            await self._reader.catch_up()
            await intake.start()
            while not stopping.is_set():
                await self._turn(intake)
                await asyncio.sleep(0)
            self._count_as_handled(intake, await self.send())
        finally:
            await intake.stop()

    async def _turn(self, intake: Intake) -> None:
        timeout_ms = int(self._settings.locations_interval_s * 1000 / 2)
        batches = await intake.read(timeout_ms=timeout_ms, max_records=MAX_RECORDS)
        self._read.update({partition: records[-1:] for partition, records in batches.items()})
        self._owed += await self.handle(batches.values())
        if not len(self._fixes):
            self._count_as_handled(intake, [])

    def _count_as_handled(self, intake: Intake, owed: Owed) -> None:
        """What was read counts only when nothing of it waits here any more."""
        intake.handled(self._read, self._owed + owed)
        self._read, self._owed = {}, []

    async def handle(self, batches: Any) -> Owed:
        """Take these records in, and send what is due; returns the sends to confirm."""
        owed: Owed = []
        for records in batches:
            owed += await self._add(records)
            self._metrics.positions.inc(len(records))
        if len(self._fixes) and time.monotonic() - self._sent_at >= self._settings.locations_interval_s:
            owed += await self.send()
        return owed

    async def _add(self, records: Sequence[Record]) -> Owed:
        """The hot loop: no await but for what is wrong."""
        owed: Owed = []
        latest = self._clock() + FUTURE_MARGIN if self._settings.clock == "wall" else None
        known, add = self._reader.registry.region_of, self._fixes.add
        caught_up = False
        for record in records:
            try:
                engineer, fix = read_fix(record.value, record.headers, latest)
                if engineer not in known and not caught_up:
                    caught_up = True
                    await self._reader.catch_up()
                if engineer not in known:
                    raise Refusal("unknown_engineer", f"engineer {engineer!r:.200} was never registered")
            except (UnreadableRecord, Refusal) as error:
                owed.append(await self._dead_letters.write(record, error.reason, error.detail))
            else:
                add(engineer, fix)
        return owed

    async def send(self) -> Owed:
        """Send what waits, one message per region (more where it is long)."""
        self._sent_at = time.monotonic()
        moment = rfc3339(self._clock()).encode()
        owed: Owed = []
        for region, value in self._fixes.take(self._reader.registry.region_of):
            self._batches += 1
            headers = [
                ("ce_specversion", b"1.0"),
                ("ce_id", str(self._batches).encode()),
                ("ce_source", self._source.encode()),
                ("ce_type", MOVED_TYPE),
                ("ce_time", moment),
                ("ce_partitionkey", region.encode()),
                ("content-type", b"application/json"),
            ]
            owed.append(
                await self._producer.send(
                    self._settings.topic("region-events"),
                    value,
                    key=region.encode(),
                    partition=partition_of(region),
                    headers=headers,
                )
            )
        return owed
