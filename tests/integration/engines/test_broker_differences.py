"""What the embedded broker does not do: each fact is pinned, so that a better version is noticed."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, MessageSizeTooLargeError

from deploy.local import Broker, EmbeddedBroker
from tests.conftest import SharedEngines
from tests.integration.engines.topics import admin, make_topic, producer, reader, take

MIB = 1024 * 1024


@pytest.fixture
def tansu(shared_engines: SharedEngines) -> Broker:
    """The embedded broker alone."""
    engine = shared_engines.get(EmbeddedBroker)
    assert isinstance(engine, Broker)
    return engine


async def test_tansu_refuses_an_idempotent_producer(tansu: Broker) -> None:
    """enable_idempotence fails at the start: producers must be plain, and records carry their own ids."""
    client = AIOKafkaProducer(bootstrap_servers=tansu.address, enable_idempotence=True)
    with pytest.raises(KafkaError):
        await asyncio.wait_for(client.start(), 10)
    await client.client.close()


async def test_kafka_takes_an_idempotent_producer(kafka: Broker, topic_prefix: str) -> None:
    """The real broker takes it, so that retries there make no duplicates."""
    await make_topic(kafka.address, f"{topic_prefix}events")
    async with producer(kafka.address, enable_idempotence=True) as write:
        assert (await write.send_and_wait(f"{topic_prefix}events", b"once")).offset == 0


async def test_tansu_makes_a_topic_that_nobody_asked_for(tansu: Broker, topic_prefix: str) -> None:
    """A misspelt topic is made by writing to it: topics must be made and checked before the first."""
    async with producer(tansu.address) as write:
        assert (await write.send_and_wait(f"{topic_prefix}misspelt", b"x")).offset == 0


async def test_kafka_makes_no_topic_by_itself(kafka: Broker, topic_prefix: str) -> None:
    """The real broker is set to refuse what was not made."""
    async with producer(kafka.address, request_timeout_ms=1500) as write:
        with pytest.raises(KafkaError):
            await write.send_and_wait(f"{topic_prefix}misspelt", b"x")


async def test_tansu_can_not_add_partitions(tansu: Broker, topic_prefix: str) -> None:
    """The partition count of a log never changes anyway."""
    await make_topic(tansu.address, f"{topic_prefix}events")
    async with admin(tansu.address) as client:
        with pytest.raises(IncompatibleBrokerVersion):
            await client.create_partitions({f"{topic_prefix}events": NewPartitions(3)})


async def test_tansu_has_no_limit_on_a_records_size_and_kafka_has(
    tansu: Broker, kafka: Broker, topic_prefix: str
) -> None:
    """20 MiB pass Tansu whatever the topic says; Kafka refuses them: only there is the limit tested."""
    for broker in (tansu, kafka):
        await make_topic(broker.address, f"{topic_prefix}large", max_message_bytes=str(16 * MIB))
    async with producer(tansu.address, max_request_size=32 * MIB) as write:
        await write.send_and_wait(f"{topic_prefix}large", bytes(20 * MIB))
    async with producer(kafka.address, max_request_size=32 * MIB) as write:
        with pytest.raises(MessageSizeTooLargeError):
            await write.send_and_wait(f"{topic_prefix}large", bytes(20 * MIB))


@pytest.mark.slow
async def test_kafka_compacts_and_tansu_keeps_everything(
    tansu: Broker, kafka: Broker, topic_prefix: str
) -> None:
    """A reader of snapshots must take the last of a key on both, and Tansu's memory grows with every one."""
    name, log = f"{topic_prefix}snapshots", TopicPartition(f"{topic_prefix}snapshots", 0)
    for broker in (tansu, kafka):
        await make_topic(
            broker.address,
            name,
            cleanup_policy="compact",
            segment_ms="300",
            min_cleanable_dirty_ratio="0.01",
            max_compaction_lag_ms="500",
        )
    for step in range(4):
        for broker in (tansu, kafka):
            async with producer(broker.address) as write:
                for n in range(25):
                    await write.send_and_wait(name, b"%d" % (25 * step + n), key=b"0")
        await asyncio.sleep(0.5)
    async with reader(tansu.address, log) as read:
        assert len(await take(read, 100)) == 100
    left = 100
    for _ in range(30):
        async with reader(kafka.address, log) as read:
            end = (await read.end_offsets([log]))[log]
            records = await take(read, 1)
            while records[-1].offset < end - 1:
                records += await take(read, 1)
        left = len(records)
        assert records[-1].value == b"99"
        if left < 100:
            return
        await asyncio.sleep(1)
    raise AssertionError(f"{left} of 100 records left after 30 s")


async def test_tansu_answers_a_waiting_fetch_only_after_half_its_time(
    tansu: Broker, topic_prefix: str
) -> None:
    """A new record wakes no fetch: fetch_max_wait_ms=500 costs 250 ms, 20 ms cost 10. Keep it small."""
    name = f"{topic_prefix}events"
    await make_topic(tansu.address, name)
    slow, quick = [await _delay_s(tansu.address, name, wait_ms) for wait_ms in (500, 20)]
    assert slow > 0.15
    assert quick < 0.1


async def test_kafka_answers_a_waiting_fetch_at_once(kafka: Broker, topic_prefix: str) -> None:
    """A new record wakes a fetch: a long fetch_max_wait_ms costs nothing."""
    name = f"{topic_prefix}events"
    await make_topic(kafka.address, name)
    assert await _delay_s(kafka.address, name, 500) < 0.15


async def _delay_s(address: str, topic: str, wait_ms: int) -> float:
    """Median time from a send to its reading, by a consumer that waits `wait_ms` at the broker."""
    log = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address, fetch_max_wait_ms=wait_ms, enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([log])
    await consumer.seek_to_end(log)
    await consumer.position(log)
    delays = []
    async with producer(address) as write:
        for _ in range(9):
            await consumer.getmany(timeout_ms=30)
            started = time.monotonic()
            sent = await write.send(topic, b"x", partition=0)
            await consumer.getone()
            delays.append(time.monotonic() - started)
            await sent
    await consumer.stop()
    return statistics.median(delays)


async def test_tansu_does_not_notice_an_offset_behind_the_end(tansu: Broker, topic_prefix: str) -> None:
    """A seek past the end reads nothing and raises nothing, where Kafka answers OffsetOutOfRange.

    Whoever seeks to a snapshot's offset must compare it with `end_offsets` first: beyond it is another log.
    """
    name = f"{topic_prefix}region-events"
    await make_topic(tansu.address, name)
    log = TopicPartition(name, 0)
    async with producer(tansu.address) as write:
        await write.send_and_wait(name, b"0", partition=0)
    async with reader(tansu.address, log) as read:
        read.seek(log, 1000)
        assert await read.getmany(timeout_ms=1000) == {}
