"""Topics, producers and consumers for tests of the brokers, closed at their end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

FETCH_WAIT_MS = 20


@asynccontextmanager
async def admin(address: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    client = AIOKafkaAdminClient(bootstrap_servers=address)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def producer(address: str, **options: object) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that waits for the broker's confirmation."""
    client = AIOKafkaProducer(bootstrap_servers=address, acks="all", **options)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def reader(
    address: str, *partitions: TopicPartition, **options: object
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of fixed partitions from their beginning, in no group."""
    client = AIOKafkaConsumer(
        bootstrap_servers=address,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
        **options,
    )
    await client.start()
    try:
        client.assign(list(partitions))
        yield client
    finally:
        await client.stop()


async def make_topic(address: str, name: str, partitions: int = 1, **settings: str) -> int:
    """Ask for a topic and wait until metadata shows it; return the broker's error code (0: made)."""
    configs = {key.replace("_", "."): value for key, value in settings.items()}
    async with admin(address) as client:
        answer = await client.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        code = int(answer.topic_errors[0][1])
        deadline = time.monotonic() + 10
        while name not in await client.list_topics():
            assert time.monotonic() < deadline, f"topic {name} never showed up"
            await asyncio.sleep(0.05)
    return code


async def take(consumer: AIOKafkaConsumer, count: int, within_s: float = 15.0) -> list[ConsumerRecord]:
    """Read until `count` records are there; fail after `within_s`."""
    found: list[ConsumerRecord] = []
    async with asyncio.timeout(within_s):
        while len(found) < count:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found.extend(records)
    return found
