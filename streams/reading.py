"""Reads a whole topic, or some partitions of it, from beginning to its present end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.cloudevents import UnreadableRecord, decode
from services.dispatch.fold import Logged
from streams.kafka import new_reader
from streams.settings import WorkerSettings

STALLED_AFTER_S = 20.0


async def read_to_end(
    settings: WorkerSettings, topic: str, partitions: Sequence[int], start: int = 0
) -> AsyncGenerator[Any]:
    """Every record that stood in these partitions when asked, and perhaps some later ones, each in its order.

    `topic` is the registry's name. Raises KafkaError, and TimeoutError where nothing comes for 20 s.
    """
    wanted = [TopicPartition(settings.topic(topic), number) for number in partitions]
    reader: AIOKafkaConsumer = new_reader(settings)
    await reader.start()
    try:
        reader.assign(wanted)
        first = await reader.beginning_offsets(wanted)
        end = await reader.end_offsets(wanted)
        for at in wanted:
            reader.seek(at, max(first[at], start))
        left = {at for at in wanted if max(first[at], start) < end[at]}
        while left:
            async with asyncio.timeout(STALLED_AFTER_S):
                batches = await reader.getmany(*left, timeout_ms=1000)
            for at, records in batches.items():
                # All of them: where the last batch holds several, the embedded broker names as the end the
                # offset after its first; and what came after the question does no harm.
                for record in records:
                    yield record
                if await reader.position(at) >= end[at]:
                    left.discard(at)
    finally:
        await reader.stop()


async def first_offset(settings: WorkerSettings, topic: str, partition: int) -> int:
    """The first offset that the broker still has."""
    at = TopicPartition(settings.topic(topic), partition)
    reader: AIOKafkaConsumer = new_reader(settings)
    await reader.start()
    try:
        found: dict[TopicPartition, int] = await reader.beginning_offsets([at])
        return found[at]
    finally:
        await reader.stop()


async def region_events(settings: WorkerSettings, partition: int, start: int) -> AsyncGenerator[Logged]:
    """A partition's readable events from an offset to its present end; the fold steps over the others too.

    Raises KafkaError, TimeoutError.
    """
    async with aclosing(read_to_end(settings, "region-events", [partition], start)) as records:
        async for record in records:
            try:
                envelope = decode(record.value, record.headers)
                region = (record.key or b"").decode()
            except (UnreadableRecord, UnicodeDecodeError):
                continue
            yield Logged(record.offset, region, envelope.source, envelope.id, envelope.event)  # type: ignore[arg-type]
