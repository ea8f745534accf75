"""The gateway's one reader: the newest decisions into the ring, and what the quieter topics say beside them.

Partitions are assigned by hand, there is no group and no commit: every gateway reads everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.clock import ClockTicked
from schemas.cloudevents import UnreadableRecord, decode
from schemas.decisions import Decision
from schemas.statistics import DeadLetter
from schemas.topics import TOPICS
from services.gateway.clock import EntryClock
from services.gateway.publisher import BACKOFF_S
from services.gateway.recent import Recent
from services.gateway.ring import Entry, Ring
from services.gateway.settings import GatewaySettings
from services.gateway.standing import Standing
from services.gateway.vector import Vector, log_tag
from services.gateway.waiting import Answers

log = structlog.get_logger(__name__)

AWAY = (KafkaError, OSError, TimeoutError)
FROM_THE_END = {"region-kpi": 5000, "dead-letters": 500, "dispatch-commands": 200}
"""How many of the newest records of a quieter topic's partition are read at start; all of `registry`."""
CATCH_UP_WITHIN_S = 2.0


def new_consumer(settings: GatewaySettings) -> AIOKafkaConsumer:
    """A consumer in no group whose partitions are assigned by hand."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
        retry_backoff_ms=50,
        request_timeout_ms=10_000,
        metadata_max_age_ms=30_000,
    )


class Tail:
    """Reads on and on, reconnecting with backoff; `current` once it has read what was there at the start."""

    def __init__(
        self,
        settings: GatewaySettings,
        clock: EntryClock,
        recent: Recent,
        answers: Answers,
        on_decision: Callable[[Decision], None],
    ) -> None:
        self.ring = Ring(settings.ring_decisions)
        self.vector = Vector()
        self.standing = Standing()
        self.current = False
        self.up = False
        self._settings = settings
        self._clock, self._recent, self._answers = clock, recent, answers
        self._on_decision = on_decision
        self._started = False
        self._unverified: set[int] = set()
        self._consumer: AIOKafkaConsumer | None = None
        self._registry = self._partition("registry", 0)
        self._registry_next = 0
        self._batch_read = asyncio.Event()

    def _partition(self, topic: str, number: int) -> TopicPartition:
        return TopicPartition(self._settings.topic_prefix + topic, number)

    def _partitions(self) -> list[TopicPartition]:
        names = ["assignments", "region-kpi", "dead-letters", "registry"]
        found = [self._partition(name, n) for name in names for n in range(TOPICS[name].partitions)]
        if self._settings.clock == "feed":
            found.append(self._partition("dispatch-commands", 0))  # every partition has every tick
        return found

    async def run(self) -> None:
        """Read until cancelled."""
        tries = 0
        while True:
            try:
                async for _ in self._batches():
                    tries = 0
            except AWAY as error:
                pause_s = BACKOFF_S[min(tries, len(BACKOFF_S) - 1)]
                log.warning("tail_lost_the_broker", error=repr(error), again_in_s=pause_s)
                tries += 1
                await asyncio.sleep(pause_s)

    async def _batches(self) -> Any:
        consumer = self._consumer = new_consumer(self._settings)
        try:
            await consumer.start()
            pending = await self._take_places(consumer)
            self.up = True
            while True:
                batch = await consumer.getmany(timeout_ms=250, max_records=2000)
                for partition, records in batch.items():
                    self._take(consumer, partition, records)
                    await asyncio.sleep(0)
                if batch:
                    self._answers.announce()
                    self.ring.announce()
                await self._note_progress(consumer, pending)
                yield len(batch)
        finally:
            self.up, self._consumer = False, None
            await consumer.stop()

    async def _take_places(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Seek every partition to its start; returns the ends that have to be reached to be current."""
        partitions = self._partitions()
        consumer.assign(partitions)
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            name = partition.topic.removeprefix(self._settings.topic_prefix)
            begin, end = begins[partition], ends[partition]
            if name == "assignments":
                consumer.seek(partition, self._place_in_assignments(partition.partition, begin, end))
            else:
                consumer.seek(partition, max(begin, end - FROM_THE_END.get(name, end)))
        self._started = True
        return {partition: end for partition, end in ends.items() if end > begins[partition]}

    def _place_in_assignments(self, number: int, begin: int, end: int) -> int:
        mark = self.vector[number]
        if not self._started:
            start = max(begin, end - self._settings.preload_decisions)
            self.ring.start_at(number, start)
            if start:
                mark.skip(start - 1)
            return int(start)
        if mark.next == 0:
            return int(begin)
        # One record is read again, to see that it is still the same log. The embedded broker's word for the
        # end may be too low, so an end before our place proves nothing by itself.
        self._unverified.add(number)
        return max(int(begin), min(mark.next, int(end)) - 1)

    def _restart(self, number: int) -> None:
        """Another log lies in this partition: everything in it is new."""
        self.vector.restart(number)
        self.ring.drop_partition(number)

    def _take(self, consumer: AIOKafkaConsumer, partition: TopicPartition, records: Sequence[Any]) -> None:
        name = partition.topic.removeprefix(self._settings.topic_prefix)
        for record in records:
            try:
                event = decode(record.value, record.headers).event
            except UnreadableRecord as error:
                log.warning("unreadable", topic=name, offset=record.offset, reason=error.reason)
                event = None
            if name == "assignments":
                if not self._take_decision(partition.partition, record, event):
                    consumer.seek(partition, 0)
                    return
            elif isinstance(event, ClockTicked):
                self._clock.advance(event.now)
            elif event is not None and name != "dispatch-commands":
                self.standing.take(event)
                if isinstance(event, DeadLetter) and "ce_id" in event.headers:
                    self._answers.refused(event.headers["ce_id"], event)

    def _take_decision(self, number: int, record: Any, event: Any) -> bool:
        """Into the ring with it, unless it was seen; False where the partition must be read anew."""
        mark = self.vector[number]
        if not isinstance(event, Decision):
            mark.skip(record.offset)
            return True
        tag = log_tag(event.log)
        if number in self._unverified:
            self._unverified.discard(number)
            if tag != mark.log and mark.log:
                self._restart(number)
                return record.offset == 0 and self._keep(number, record, event, tag)
        if record.offset < mark.next:
            if tag == mark.log:
                return True
            self._restart(number)
        return self._keep(number, record, event, tag)

    def _keep(self, number: int, record: Any, decision: Decision, tag: str) -> bool:
        if self.vector[number].take(decision, record.offset, tag):
            self.ring.append(Entry(number, record.offset, decision, tag, record.value))
            self._recent.take(decision)
            self._answers.decided(decision)
            self._clock.advance(decision.decided_at)
            self._on_decision(decision)
        return True

    async def _note_progress(self, consumer: AIOKafkaConsumer, pending: dict[TopicPartition, int]) -> None:
        for partition in list(pending):
            if await consumer.position(partition) >= pending[partition]:
                del pending[partition]
        if not self.current and not pending:
            self.current = True
            self.ring.announce()
        self._registry_next = await consumer.position(self._registry)
        read, self._batch_read = self._batch_read, asyncio.Event()
        read.set()

    async def catch_up_with_registry(self) -> None:
        """Wait, for a moment at most, until all that stands in `registry` now is known here."""
        consumer = self._consumer
        if consumer is None:
            return
        try:
            async with asyncio.timeout(CATCH_UP_WITHIN_S):
                ends = await consumer.end_offsets([self._registry])
                while self._registry_next < ends[self._registry]:
                    await self._batch_read.wait()
        except AWAY as error:
            log.warning("registry_not_caught_up", error=repr(error))
