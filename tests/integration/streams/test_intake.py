"""Intake: a record counts as read only when all it led to is confirmed, however long that takes."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local import Broker
from streams import intake as intake_module
from streams.intake import Intake
from streams.kafka import new_group_consumer, new_producer
from streams.settings import WorkerSettings
from streams.topics import ensure_topics


async def committed(settings: WorkerSettings, at: TopicPartition) -> int | None:
    """The group's position, as another member would find it."""
    consumer: AIOKafkaConsumer = new_group_consumer(settings, "intake")
    await consumer.start()
    try:
        consumer.assign([at])
        found: int | None = await consumer.committed(at)
    finally:
        await consumer.stop()
    return found


async def test_a_confirmation_that_outlasts_a_rebalance_is_neither_lost_nor_the_end(
    kafka: Broker, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebalance does not wait for ever, and nothing counts as read meanwhile; once confirmed it does."""
    settings = WorkerSettings(broker=kafka.address, topic_prefix=topic_prefix)
    await ensure_topics(settings)
    at = TopicPartition(settings.topic("feedback"), 3)
    producer = new_producer(settings)
    await producer.start()
    await producer.send_and_wait(at.topic, b"one", partition=at.partition)
    monkeypatch.setattr(intake_module, "CONFIRM_WITHIN_S", 0.2)
    intake = Intake(new_group_consumer(settings, "intake"), [at.topic])
    await intake.start()
    try:
        async with asyncio.timeout(30):
            while not (batches := await intake.read()):
                assert intake.behind_events() == 0
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        intake.handled(batches, [sent])
        await intake.on_partitions_revoked([at])
        await intake.on_partitions_revoked([at])
        assert not sent.cancelled()
        assert await committed(settings, at) is None
        sent.set_result(None)
        await intake.settle()
        assert await committed(settings, at) == 1
    finally:
        await intake.stop()
        await producer.stop()
