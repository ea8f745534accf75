"""A group consumer that counts a record as read only when all it led to is confirmed by the broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

log = structlog.get_logger(__name__)

CONFIRM_WITHIN_S = 3.0

OnAssigned = Callable[[Sequence[TopicPartition]], Awaitable[None]]
"""Called before the first record of newly assigned partitions is handed out."""


class Intake(ConsumerRebalanceListener):
    """At-least-once reading: `read` the next records, `owe` what they led to, and the position follows.

    A send that fails raises from `read`: the caller starts anew from the last committed position.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topics: Sequence[str],
        commit_interval_s: float = 0.5,
        on_assigned: OnAssigned | None = None,
    ) -> None:
        self._consumer = consumer
        self._topics = topics
        self._commit_interval_s = commit_interval_s
        self._on_assigned = on_assigned
        self._owed: list[asyncio.Future[Any]] = []
        self._read: dict[TopicPartition, int] = {}
        self._next: dict[TopicPartition, int] = {}
        self._commit: asyncio.Task[None] | None = None
        self._committed_at = time.monotonic()

    async def start(self) -> None:
        """Join the group; raises KafkaError where the broker is not there."""
        await self._consumer.start()
        self._consumer.subscribe(self._topics, listener=self)

    async def read(
        self, timeout_ms: int = 200, max_records: int = 2000
    ) -> Mapping[TopicPartition, Sequence[Any]]:
        """The next records of each partition; everything returned before counts as handled."""
        await self._commit_when_due()
        batches: Mapping[TopicPartition, Sequence[Any]] = await self._consumer.getmany(
            timeout_ms=timeout_ms, max_records=max_records
        )
        for partition, records in batches.items():
            self._next[partition] = records[-1].offset + 1
        return batches

    def behind_events(self) -> int:
        """Records between what was read and the ends of our partitions, as far as the broker has told."""
        ours = self._consumer.assignment()
        ends = {
            partition: self._consumer.highwater(partition) for partition in self._next if partition in ours
        }
        return sum(max(0, end - self._next[partition]) for partition, end in ends.items() if end is not None)

    def handled(
        self, batches: Mapping[TopicPartition, Sequence[Any]], owed: Iterable[asyncio.Future[Any]]
    ) -> None:
        """These records are done as soon as these sends are confirmed."""
        self._owed.extend(owed)
        for partition, records in batches.items():
            if records:
                self._read[partition] = records[-1].offset + 1

    def assignment(self) -> set[TopicPartition]:
        """The partitions that are ours now."""
        found: set[TopicPartition] = self._consumer.assignment()
        return found

    async def _commit_when_due(self) -> None:
        if self._commit is not None and self._commit.done():
            self._commit.result()
            self._commit = None
        due = time.monotonic() - self._committed_at >= self._commit_interval_s
        if due and self._read and self._commit is None:
            self._committed_at = time.monotonic()
            self._commit = asyncio.create_task(self._confirm_and_commit())

    async def _confirm_and_commit(self) -> None:
        owed, self._owed = self._owed, []
        read, self._read = self._read, {}
        await asyncio.gather(*owed)
        ours = self._consumer.assignment()
        positions = {partition: offset for partition, offset in read.items() if partition in ours}
        if not positions:
            return
        try:
            await self._consumer.commit(positions)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit_after_rebalance", error=str(error))

    async def settle(self) -> None:
        """Confirm and commit all that is handled; after a bound nobody waits for it, and it goes on."""
        try:
            async with asyncio.timeout(CONFIRM_WITHIN_S):
                # Shielded: cut off, it would take back confirmations that the next commit relies on.
                if self._commit is not None:
                    await asyncio.shield(self._commit)
                self._commit = asyncio.create_task(self._confirm_and_commit())
                await asyncio.shield(self._commit)
                self._commit = None
        except (KafkaError, TimeoutError) as error:
            log.warning("positions_not_committed", error=str(error), will="commit when they are confirmed")

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Commit before another member takes over, so that it repeats little."""
        if revoked:
            log.info("partitions_revoked", topics=list(self._topics), partitions=len(list(revoked)))
            await self.settle()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Say what is ours; the positions are the group's."""
        partitions = list(assigned)
        log.info("partitions_assigned", topics=list(self._topics), partitions=len(partitions))
        if self._on_assigned is not None:
            await self._on_assigned(partitions)

    async def stop(self) -> None:
        """Commit and leave the group."""
        await self.settle()
        if self._commit is not None:
            self._commit.cancel()
            await asyncio.gather(self._commit, return_exceptions=True)
        await self._consumer.stop()
