"""Snapshots of the folds in the compacted topic `region-snapshots`: state and position in one record.

Once an hour of the log's time one is also kept in `dated-snapshots`, so that nobody who asks about the past
has to fold from the beginning.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import SNAPSHOT_BYTES
from streams.kafka import new_reader
from streams.settings import WorkerSettings

if TYPE_CHECKING:
    from streams.dead_letters import Sender  # who only reads snapshots need not wait for the metrics

log = structlog.get_logger(__name__)

ROOM_FOR_HEADERS = 64 * 1024
UNPACKED_LIMIT = 64 * SNAPSHOT_BYTES
READ_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A fold as `PartitionFold.snapshot` wrote it, the next offset to fold and the log it belongs to."""

    partition: int
    log: str
    next_offset: int
    fold: bytes
    dated: bool = False
    """The first one of its hour: kept beside the last one."""


class SnapshotTooLarge(ValueError):
    """The compressed state is larger than the topic carries: the last one that fitted stays."""


def pack(snapshot: Snapshot) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of a snapshot's record. Raises SnapshotTooLarge."""
    packed = zlib.compress(snapshot.fold, 1)
    if len(packed) > SNAPSHOT_BYTES - ROOM_FOR_HEADERS:
        raise SnapshotTooLarge(f"{len(packed)} bytes of partition {snapshot.partition}")
    headers = [
        ("encoding", b"zlib"),
        ("log", snapshot.log.encode()),
        ("next_offset", str(snapshot.next_offset).encode()),
    ]
    return packed, headers


def unpack(partition: int, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> Snapshot | None:
    """The snapshot in a record; None where it can not be read (the fold then starts anew)."""
    found = dict(headers)
    try:
        unpacker = zlib.decompressobj()
        fold = unpacker.decompress(value or b"", UNPACKED_LIMIT)
        if not unpacker.eof or found["encoding"] != b"zlib":
            return None
        return Snapshot(partition, found["log"].decode(), int(found["next_offset"]), fold)
    except (zlib.error, KeyError, ValueError) as error:
        log.error("snapshot_unreadable", partition=partition, error=repr(error))
        return None


class Snapshots:
    """Writes them. A producer of its own keeps large records from holding up decisions."""

    def __init__(self, producer: Sender, settings: WorkerSettings) -> None:
        self._producer = producer
        self._topic = settings.topic("region-snapshots")
        self._dated = settings.topic("dated-snapshots")

    async def write(self, snapshot: Snapshot) -> int:
        """Write one; its size in bytes when the broker has it. Raises SnapshotTooLarge, KafkaError."""
        value, headers = await asyncio.to_thread(pack, snapshot)
        for topic in (self._topic, self._dated) if snapshot.dated else (self._topic,):
            confirmed = await self._producer.send(
                topic,
                value,
                key=str(snapshot.partition).encode(),
                partition=snapshot.partition,
                headers=headers,
            )
            await confirmed
        return len(value)


async def last_snapshots(settings: WorkerSettings, partitions: Iterable[int]) -> Mapping[int, Snapshot]:
    """The last readable snapshot of each partition that has one. Raises KafkaError, TimeoutError."""
    topic = settings.topic("region-snapshots")
    wanted = [TopicPartition(topic, number) for number in partitions]
    if not wanted:
        return {}
    reader: AIOKafkaConsumer = new_reader(settings)
    await reader.start()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            return await _read_last(reader, wanted)
    finally:
        await reader.stop()


async def _read_last(reader: AIOKafkaConsumer, wanted: list[TopicPartition]) -> dict[int, Snapshot]:
    reader.assign(wanted)
    first = await reader.beginning_offsets(wanted)
    end = await reader.end_offsets(wanted)
    left = {partition for partition in wanted if end[partition] > first[partition]}
    for partition in wanted:
        reader.seek(partition, max(end[partition] - 1, 0))
    records: dict[TopicPartition, Any] = {}
    while left:
        for partition, batch in (await reader.getmany(*left, timeout_ms=1000)).items():
            records[partition] = batch[-1]
            if batch[-1].offset >= end[partition] - 1:
                left.discard(partition)
    found = (unpack(at.partition, record.value, record.headers) for at, record in records.items())
    return {snapshot.partition: snapshot for snapshot in found if snapshot is not None}
