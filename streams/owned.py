"""One partition that this worker owns: its fold, where it stands, and when its next snapshot is due."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.clock import LogStarted
from schemas.cloudevents import UnreadableRecord, decode
from services.dispatch.fold import PartitionFold
from streams.kafka import new_reader
from streams.settings import WorkerSettings
from streams.snapshots import Snapshot

log = structlog.get_logger(__name__)

READ_WITHIN_S = 15.0
FIRST_EVENT_BYTES = 4096
"""A broker answers with one whole batch at least: the first event, and not megabytes after it."""
SNAPSHOT_SHARE = 0.05
"""Taking snapshots may use this share of the time: a large state is written less often."""


@dataclass
class OwnedPartition:
    """`next_offset` is the only offset that may be folded next."""

    number: int
    fold: PartitionFold
    next_offset: int = 0
    base_offset: int = 0
    """Where this worker's folding of it began: the restored snapshot's next offset."""
    seeks: int = 0
    folded_bytes: int = 0
    snapshot_bytes: int = 0
    snapshot_at: float = field(default_factory=time.monotonic)
    snapshot_took_s: float = 0.0
    unconfirmed: deque[asyncio.Future[Any]] = field(default_factory=deque)
    """Decisions on their way to the broker since the last snapshot was taken."""
    writing: asyncio.Task[None] | None = None
    dated: datetime | None = None
    """The hour of the log's time that has a dated snapshot from this worker."""
    projected: dict[str, int] = field(default_factory=dict)
    """By region: the last offset that this worker wrote into its read model."""

    def check_confirmed(self) -> None:
        """Forget what the broker has; raises the KafkaError of a decision that it refused for good."""
        while self.unconfirmed and self.unconfirmed[0].done():
            self.unconfirmed.popleft().result()

    def snapshot_is_due(self, now: float, settings: WorkerSettings) -> bool:
        """Whether enough time passed, and as many bytes of events were folded as the last snapshot had.

        So folding them again costs little more than reading the snapshot, and a broker that never compacts
        is not filled by snapshots.
        """
        waited_s = now - self.snapshot_at
        if self.folded_bytes == 0 or (self.writing is not None and not self.writing.done()):
            return False
        if waited_s < max(settings.snapshot_interval_s, self.snapshot_took_s / SNAPSHOT_SHARE):
            return False
        return self.folded_bytes >= self.snapshot_bytes or waited_s >= settings.snapshot_quiet_interval_s

    def take_snapshot(self, now: float) -> Snapshot:
        """The state as it is now; it may be written once every decision so far is confirmed."""
        fold = self.fold.snapshot()
        self.snapshot_took_s = time.monotonic() - now
        self.snapshot_at = now
        self.folded_bytes = 0
        hour = self.fold.now and self.fold.now.replace(minute=0, second=0, microsecond=0)
        before, self.dated = self.dated, hour
        return Snapshot(self.number, self.fold.log or "", self.next_offset, fold, dated=hour != before)

    def snapshot_written(self, snapshot: Snapshot, size: int) -> None:
        """The broker has it."""
        self.snapshot_bytes = size
        log.debug("snapshot_written", partition=self.number, next_offset=snapshot.next_offset, size=size)


async def restored(
    settings: WorkerSettings, partitions: Iterable[int], snapshots: Mapping[int, Snapshot]
) -> list[OwnedPartition]:
    """Each partition as its last snapshot left it; from the start where there is none that fits this log."""
    numbers = list(partitions)
    logs = await current_logs(settings, numbers)
    return [from_snapshot(number, snapshots.get(number), logs[number]) for number in numbers]


def from_snapshot(number: int, snapshot: Snapshot | None, current: LogNow) -> OwnedPartition:
    """The partition as this snapshot left it, or at its start where the snapshot does not fit the log."""
    if snapshot is not None:
        # Not compared with the end: the embedded broker's word for it may be too low.
        another = current.end == 0 or (current.log is not None and snapshot.log != current.log)
        if another or snapshot.next_offset < current.first:
            log.warning("snapshot_of_another_log", partition=number, snapshot=snapshot.log, now=current.log)
        else:
            try:
                fold = PartitionFold.restore(snapshot.fold)
            except (ValueError, KeyError, TypeError) as error:  # UnknownStateVersion, or a state that is none
                log.warning("snapshot_not_usable", partition=number, error=repr(error), will="fold anew")
            else:
                owned = OwnedPartition(number, fold, snapshot.next_offset, snapshot.next_offset)
                owned.snapshot_bytes = len(snapshot.fold) // 8
                return owned
    return OwnedPartition(number, PartitionFold())


@dataclass(frozen=True, slots=True)
class LogNow:
    """What stands in a partition now: its log's id (None where the first event is archived) and offsets."""

    log: str | None
    first: int
    end: int


async def current_logs(settings: WorkerSettings, numbers: Iterable[int]) -> dict[int, LogNow]:
    """Read the first event of each partition of `region-events`. Raises KafkaError, TimeoutError."""
    topic = settings.topic("region-events")
    wanted = [TopicPartition(topic, number) for number in numbers]
    reader: AIOKafkaConsumer = new_reader(settings, max_partition_fetch_bytes=FIRST_EVENT_BYTES)
    await reader.start()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            reader.assign(wanted)
            first = await reader.beginning_offsets(wanted)
            end = await reader.end_offsets(wanted)
            logs = await _first_logs(reader, [at for at in wanted if first[at] == 0 < end[at]])
    finally:
        await reader.stop()
    return {at.partition: LogNow(logs.get(at.partition), first[at], end[at]) for at in wanted}


async def _first_logs(reader: AIOKafkaConsumer, wanted: list[TopicPartition]) -> dict[int, str]:
    found: dict[int, str] = {}
    for at in wanted:
        reader.seek(at, 0)
    left = set(wanted)
    while left:
        record = await reader.getone(*left)
        at = TopicPartition(record.topic, record.partition)
        left.discard(at)
        try:
            event = decode(record.value, record.headers).event
        except UnreadableRecord:
            continue
        if isinstance(event, LogStarted):
            found[at.partition] = event.log
    return found
