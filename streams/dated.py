"""Finds, among the snapshots kept once an hour, the last one that lies before an offset of the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka import new_reader
from streams.settings import WorkerSettings
from streams.snapshots import Snapshot, unpack

READ_WITHIN_S = 15.0


class DatedSnapshots:
    """The dated snapshots of one partition; each look-up halves what is left and reads a record a step."""

    def __init__(self, reader: AIOKafkaConsumer, at: TopicPartition, first: int, end: int) -> None:
        self._reader, self._at = reader, at
        self._first, self._end = first, end
        self._read: dict[int, Snapshot | None] = {}

    async def before(self, offset: int, log: str) -> Snapshot | None:
        """The last one of this log whose next offset is not after `offset`; None: fold from the start.

        Raises KafkaError, TimeoutError.
        """
        low, high, best = self._first, self._end, None
        while low < high:
            middle = (low + high) // 2
            found = await self._record(middle)
            if found is not None and (found.log != log or found.next_offset <= offset):
                low = middle + 1  # what an older log left behind lies before everything of this one
                best = found if found.log == log else best
            else:
                high = middle
        return best

    async def _record(self, number: int) -> Snapshot | None:
        if number not in self._read:
            self._reader.seek(self._at, number)
            async with asyncio.timeout(READ_WITHIN_S):
                record = await self._reader.getone(self._at)
            self._read[number] = unpack(self._at.partition, record.value, record.headers)
        return self._read[number]


@asynccontextmanager
async def dated_snapshots(settings: WorkerSettings, partition: int) -> AsyncIterator[DatedSnapshots]:
    """Open those of one partition. Raises KafkaError."""
    at = TopicPartition(settings.topic("dated-snapshots"), partition)
    reader: AIOKafkaConsumer = new_reader(settings, max_poll_records=1)
    await reader.start()
    try:
        reader.assign([at])
        first = (await reader.beginning_offsets([at]))[at]
        end = (await reader.end_offsets([at]))[at]
        yield DatedSnapshots(reader, at, first, end)
    finally:
        await reader.stop()
