"""The log reader: `region-events` from each partition's last snapshot on, contiguous offsets only.

The position lives in the snapshot, not in the consumer group: the group only shares the partitions out, and
its offsets are for displays of lag.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from schemas.clock import LogStarted
from schemas.cloudevents import UnreadableRecord, decode
from services.dispatch.fold import Logged
from streams.dead_letters import DeadLetters
from streams.kafka import AWAY
from streams.metrics import WorkerMetrics
from streams.owned import OwnedPartition, restored
from streams.settings import WorkerSettings
from streams.snapshots import Snapshots, SnapshotTooLarge, last_snapshots

log = structlog.get_logger(__name__)

MAX_RECORDS = 500
YIELD_EVERY = 50
"""Events folded before other loops of the process get a turn."""
MAX_SEEKS = 5
DRAIN_S = 0.7


class LogBroken(RuntimeError):
    """`region-events` can not be folded on.

    LogBroken
    ├─ GapInLog        offsets are missing in the middle: events were deleted, or it is not the topic it was
    └─ ReaderTooOld    an event of a type or version that this worker does not have
    """


class GapInLog(LogBroken):
    """An offset never comes, however often it is asked for."""


class ReaderTooOld(LogBroken):
    """Folding past what can not be understood would end in another state than everybody else's."""


class RegionLog(ConsumerRebalanceListener):
    """Iterates over (partition, event) of all partitions that this worker owns."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        snapshots: Snapshots,
        dead_letters: DeadLetters,
        settings: WorkerSettings,
        metrics: WorkerMetrics,
    ) -> None:
        self._consumer = consumer
        self._snapshots = snapshots
        self._dead_letters = dead_letters
        self._settings = settings
        self._metrics = metrics
        self._topic = settings.topic("region-events")
        self._to_restore: set[int] = set()
        self._drain_until = float("inf")
        self._writing: set[asyncio.Task[None]] = set()
        self.owned: dict[int, OwnedPartition] = {}
        self._joined = False

    async def start(self) -> None:
        """Join the group; raises KafkaError where the broker is not there."""
        await self._consumer.start()
        self._consumer.subscribe([self._topic], listener=self)

    @property
    def missing(self) -> str:
        """What keeps us from folding all that is ours; empty where nothing does."""
        if not self._joined:
            return "the group is not joined yet"
        return f"partitions to restore: {sorted(self._to_restore)}" if self._to_restore else ""

    def close(self) -> None:
        """End the iteration once nothing more comes, and soon: what was taken in is decided."""
        self._drain_until = min(self._drain_until, time.monotonic() + DRAIN_S)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Keep the states for a moment: what comes back to us with this rebalance needs no restoring.

        A state is a fold of the log up to its next offset and as true as before, whoever else folds.
        """
        log.info("region_events_revoked", partitions=sorted(one.partition for one in revoked))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Drop what is no longer ours; go on where we stood, or restore from the last snapshot."""
        numbers = {partition.partition for partition in assigned}
        for lost in self.owned.keys() - numbers:
            del self.owned[lost]
            with contextlib.suppress(KeyError):  # its new owner tells its distance
                self._metrics.log_distance.remove(lost)
        self._joined = True
        self._to_restore = numbers - self.owned.keys()
        for number, owned in self.owned.items():
            self._consumer.seek(TopicPartition(self._topic, number), owned.next_offset)
        self._consumer.pause(*(TopicPartition(self._topic, number) for number in self._to_restore))
        log.info("region_events_assigned", kept=sorted(self.owned), restore=sorted(self._to_restore))

    async def __aiter__(self) -> AsyncIterator[tuple[OwnedPartition, Logged]]:
        """Every event of every owned partition, each partition's in its order, none left out."""
        folded = 0
        while True:
            if self._to_restore:
                await self._restore()
            batches = await self._consumer.getmany(timeout_ms=200, max_records=MAX_RECORDS)
            if self._ends(batches):
                return
            for at, records in batches.items():
                for owned, record in self._expected(at, records):
                    logged = await self._read(owned, record)
                    if logged is not None:
                        yield owned, logged
                    folded += 1
                    if folded % YIELD_EVERY == 0:
                        await asyncio.sleep(0)
                self._measure(at)
            self._snapshot_where_due()

    def _ends(self, batches: Mapping[TopicPartition, Sequence[Any]]) -> bool:
        closing = self._drain_until < float("inf")
        return closing and (not batches or time.monotonic() >= self._drain_until)

    def _expected(self, at: TopicPartition, records: Sequence[Any]) -> Iterator[tuple[OwnedPartition, Any]]:
        """Only records at the very next offset; asked at each, since the partition may be lost meanwhile."""
        for record in records:
            owned = self.owned.get(at.partition)
            if owned is None:
                return  # lost, or not restored yet: whoever folds it reads it again
            if record.offset == owned.next_offset:
                owned.seeks = 0
                yield owned, record
            elif record.offset > owned.next_offset:
                self._seek_back(owned, record.offset)
                return
            elif record.offset == 0 and _log_of(record) not in (None, owned.fold.log):
                self._forget_replaced_log(owned, record)
                return

    async def _read(self, owned: OwnedPartition, record: Any) -> Logged | None:
        """The event of the next record; None where nobody can read it: the fold steps over a dead letter."""
        owned.next_offset += 1
        owned.folded_bytes += len(record.value or b"")
        try:
            envelope = decode(record.value, record.headers)
            region = (record.key or b"").decode()
        except (UnreadableRecord, UnicodeDecodeError) as error:
            reason = error.reason if isinstance(error, UnreadableRecord) else "undecodable"
            if reason == "unknown_type":
                raise ReaderTooOld(f"{self._topic}[{record.partition}]@{record.offset}: {error}") from error
            owned.fold.next_offset = owned.next_offset
            owned.unconfirmed.append(await self._dead_letters.write(record, reason, str(error)))
            return None
        return Logged(record.offset, region, envelope.source, envelope.id, envelope.event)  # type: ignore[arg-type]

    def _seek_back(self, owned: OwnedPartition, came: int) -> None:
        """The position ran ahead of the state: ask again, and give up loudly where that is in vain."""
        owned.seeks += 1
        if owned.seeks > MAX_SEEKS:
            raise GapInLog(
                f"{self._topic}[{owned.number}]: offset {owned.next_offset} is asked for and {came} comes."
                " Events were deleted before a snapshot held them; this region can not be folded on."
            )
        self._consumer.seek(TopicPartition(self._topic, owned.number), owned.next_offset)

    def _forget_replaced_log(self, owned: OwnedPartition, record: Any) -> None:
        log.error("log_was_replaced", partition=owned.number, old=owned.fold.log, new=_log_of(record))
        del self.owned[owned.number]
        self._to_restore.add(owned.number)

    async def _restore(self) -> None:
        """Bring the missing partitions to where they can be folded on; try again where the broker is away."""
        wanted = sorted(self._to_restore)
        started = time.monotonic()
        try:
            snapshots = await last_snapshots(self._settings, wanted)
            found = await restored(self._settings, wanted, snapshots)
        except AWAY as error:
            log.warning("restore_failed", partitions=wanted, error=repr(error))
            await asyncio.sleep(0.2)
            return
        for owned in found:
            at = TopicPartition(self._topic, owned.number)
            if owned.number in self._to_restore and at in self._consumer.assignment():
                self.owned[owned.number] = owned
                self._to_restore.discard(owned.number)
                self._consumer.seek(at, owned.next_offset)
                self._consumer.resume(at)
        seconds = round(time.monotonic() - started, 3)
        log.info("restored", partitions={one.number: one.next_offset for one in found}, seconds=seconds)

    def _measure(self, at: TopicPartition) -> None:
        owned = self.owned.get(at.partition)
        end = self._consumer.highwater(at) if at in self._consumer.assignment() else None
        if owned is not None and end is not None:
            self._metrics.log_distance.labels(at.partition).set(max(0, end - owned.next_offset))

    def _snapshot_where_due(self) -> None:
        """At most one partition a turn, so that the others' events wait for one snapshot, not for twelve."""
        now = time.monotonic()
        for owned in self.owned.values():
            owned.check_confirmed()
            if owned.snapshot_is_due(now, self._settings):
                self._start_snapshot(owned, now)
                return

    def _start_snapshot(self, owned: OwnedPartition, now: float) -> asyncio.Task[None]:
        taken, unconfirmed = owned.take_snapshot(now), owned.unconfirmed
        owned.unconfirmed = deque()
        self._metrics.snapshot_seconds.observe(time.monotonic() - now)

        async def write() -> None:
            try:
                await asyncio.gather(*unconfirmed)  # every decision it covers is with the broker
                size = await self._snapshots.write(taken)
            except SnapshotTooLarge as error:
                log.error("snapshot_too_large", error=str(error))
                size = owned.snapshot_bytes
            owned.snapshot_written(taken, size)
            self._metrics.snapshot_bytes.labels(owned.number).set(size)
            at = TopicPartition(self._topic, owned.number)
            if at in self._consumer.assignment():
                await self._show_position(at, taken.next_offset)

        owned.writing = task = asyncio.create_task(write())
        self._writing.add(task)
        task.add_done_callback(self._written)
        return task

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("snapshot_not_written", error=repr(error), will="fold on; the next one covers it")

    async def _show_position(self, at: TopicPartition, next_offset: int) -> None:
        """Only for displays of lag: a failure means nothing."""
        try:
            await self._consumer.commit({at: next_offset})
        except KafkaError as error:
            log.debug("position_not_shown", partition=at.partition, error=repr(error))

    async def stop(self, within_s: float) -> None:
        """Write a last snapshot of each partition, so that the next owner starts there; leave the group."""
        self.close()
        try:
            async with asyncio.timeout(within_s):
                await _all(list(self._writing))
                now = time.monotonic()
                await _all(
                    [self._start_snapshot(owned, now) for owned in self.owned.values() if owned.folded_bytes]
                )
        except TimeoutError:
            log.warning("last_snapshots_not_written", will="the next owner folds from the ones before")
        finally:
            for task in self._writing:
                task.cancel()
            await self._consumer.stop()


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)


def _log_of(record: Any) -> str | None:
    try:
        event = decode(record.value, record.headers).event
    except UnreadableRecord:
        return None
    return event.log if isinstance(event, LogStarted) else None
