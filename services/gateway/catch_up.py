"""A stream's own bounded read of `assignments`: what lies between where its client stands and the ring."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from schemas.cloudevents import UnreadableRecord, decode
from schemas.decisions import Decision
from services.gateway.ring import Entry
from services.gateway.settings import GatewaySettings
from services.gateway.tail import new_consumer
from services.gateway.vector import Vector, log_tag

log = structlog.get_logger(__name__)

RECORDS_AT_ONCE = 500
QUIET_READS = 40
"""Reads in a row (0.25 s each) that may bring nothing before the rest is left to a later round."""


async def read_between(
    settings: GatewaySettings, spans: dict[int, tuple[int, int]], vector: Vector, slots: asyncio.Semaphore
) -> AsyncIterator[list[Entry]]:
    """Entries of each partition from its first offset to before its second, a page at a time.

    Moves the vector past what holds no decision. Ends early where the broker goes away.
    """
    async with slots:
        consumer = new_consumer(settings)
        try:
            await consumer.start()
            left = await _place(consumer, settings, spans, vector)
            quiet = 0
            while left and quiet < QUIET_READS:
                batch = await consumer.getmany(timeout_ms=250, max_records=RECORDS_AT_ONCE)
                quiet = 0 if batch else quiet + 1
                entries = [
                    entry
                    for partition, records in batch.items()
                    for entry in _entries(partition.partition, records, vector)
                ]
                if entries:
                    yield entries
                for partition in list(left):
                    if await consumer.position(partition) >= left[partition]:
                        _pass(vector, partition.partition, left.pop(partition))
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("catch_up_lost_the_broker", error=repr(error))
            await asyncio.sleep(1.0)
        finally:
            await consumer.stop()


async def _place(
    consumer: Any, settings: GatewaySettings, spans: dict[int, tuple[int, int]], vector: Vector
) -> dict[TopicPartition, int]:
    left = {
        TopicPartition(settings.topic_prefix + "assignments", number): until
        for number, (_, until) in spans.items()
    }
    consumer.assign(list(left))
    begins = await consumer.beginning_offsets(list(left))
    for partition in list(left):
        start = max(spans[partition.partition][0], begins[partition])
        consumer.seek(partition, start)
        if start >= left[partition]:
            _pass(vector, partition.partition, left.pop(partition))
    return left


def _pass(vector: Vector, number: int, until: int) -> None:
    """Everything before `until` was read, also where no decision stood at its end."""
    mark = vector[number]
    if mark.next < until:
        mark.skip(until - 1)


def _entries(number: int, records: Any, vector: Vector) -> list[Entry]:
    found = []
    for record in records:
        try:
            event = decode(record.value, record.headers).event
        except UnreadableRecord:
            event = None
        if isinstance(event, Decision):
            found.append(Entry(number, record.offset, event, log_tag(event.log), record.value))
        elif not found:
            vector[number].skip(record.offset)
    return found
