"""What every broker must do for Muster: one suite, run against the embedded one and Apache Kafka."""

from __future__ import annotations

import os
import time

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local import Broker
from tests.integration.engines.topics import admin, make_topic, producer, reader, take

MADE, EXISTS = 0, 36
MIB = 1024 * 1024


async def test_a_topic_is_made_once_with_its_partitions(broker: Broker, topic_prefix: str) -> None:
    """The first request makes the topic with the partitions asked for; the second is told that it exists."""
    name = f"{topic_prefix}events"
    assert await make_topic(broker.address, name, partitions=6) == MADE
    assert await make_topic(broker.address, name, partitions=3) == EXISTS
    async with admin(broker.address) as client:
        (found,) = await client.describe_topics([name])
    assert len(found["partitions"]) == 6


async def test_a_topics_settings_are_kept(broker: Broker, topic_prefix: str) -> None:
    """The settings a topic was made with can be read back: the registry is compared with them."""
    name = f"{topic_prefix}snapshots"
    await make_topic(broker.address, name, cleanup_policy="compact", retention_ms="-1")
    async with admin(broker.address) as client:
        (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    found = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert found["cleanup.policy"] == "compact"
    assert found["retention.ms"] == "-1"


async def test_a_record_comes_back_as_it_was_written(broker: Broker, topic_prefix: str) -> None:
    """Key, value, headers (also repeated ones) and the producer's time survive; null is a tombstone."""
    name = f"{topic_prefix}events"
    await make_topic(broker.address, name)
    headers = [("ce_id", b"1"), ("ce_id", b"2"), ("ce_subject", "é".encode()), ("empty", b"")]
    async with producer(broker.address) as write:
        await write.send_and_wait(
            name, b"\x00\xff", key=b"north", headers=headers, timestamp_ms=1_772_000_000_000
        )
        await write.send_and_wait(name, None, key=b"north")
    async with reader(broker.address, TopicPartition(name, 0)) as read:
        first, tombstone = await take(read, 2)
    assert (first.key, first.value, first.timestamp) == (b"north", b"\x00\xff", 1_772_000_000_000)
    assert list(first.headers) == headers
    assert (tombstone.key, tombstone.value) == (b"north", None)


async def test_a_partition_is_one_total_order_without_gaps(broker: Broker, topic_prefix: str) -> None:
    """Offsets start at 0 and have no gap, in the order of the sends: the fold's sequence number."""
    name = f"{topic_prefix}region-events"
    await make_topic(broker.address, name, partitions=2)
    async with producer(broker.address, linger_ms=2) as write:
        sent = [await write.send(name, str(n).encode(), partition=1) for n in range(500)]
        confirmed = [(await future).offset for future in sent]
    async with reader(broker.address, TopicPartition(name, 1)) as read:
        records = await take(read, 500)
    assert confirmed == list(range(500))
    assert [(record.offset, record.value) for record in records] == [(n, str(n).encode()) for n in range(500)]


async def test_reading_starts_where_it_is_told_to(broker: Broker, topic_prefix: str) -> None:
    """A seek to a snapshot's next offset gives that record first; the log's beginning and end are known."""
    name = f"{topic_prefix}region-events"
    await make_topic(broker.address, name)
    log = TopicPartition(name, 0)
    async with producer(broker.address) as write:
        for n in range(10):
            await write.send_and_wait(name, str(n).encode(), partition=0)
    async with reader(broker.address, log) as read:
        assert await read.beginning_offsets([log]) == {log: 0}
        assert await read.end_offsets([log]) == {log: 10}
        read.seek(log, 7)
        assert [record.offset for record in await take(read, 3)] == [7, 8, 9]
        await read.seek_to_end(log)
        assert await read.position(log) == 10


async def test_an_empty_partition_answers(broker: Broker, topic_prefix: str) -> None:
    """Nothing written yet: the end is 0 and a read comes back empty in the time it was given."""
    name = f"{topic_prefix}empty"
    await make_topic(broker.address, name)
    log = TopicPartition(name, 0)
    async with reader(broker.address, log) as read:
        assert await read.end_offsets([log]) == {log: 0}
        started = time.monotonic()
        assert await read.getmany(timeout_ms=300) == {}
        assert time.monotonic() - started < 3


async def test_a_large_snapshot_fits(broker: Broker, topic_prefix: str) -> None:
    """A record of 12 MiB is taken and comes back, also by a reader whose fetch is limited to 1 MiB."""
    name = f"{topic_prefix}region-snapshots"
    await make_topic(broker.address, name, max_message_bytes=str(16 * MIB))
    snapshot = os.urandom(12 * MIB)
    async with producer(broker.address, max_request_size=16 * MIB) as write:
        await write.send_and_wait(name, snapshot, key=b"0", partition=0)
    async with reader(broker.address, TopicPartition(name, 0), max_partition_fetch_bytes=MIB) as read:
        (record,) = await take(read, 1, within_s=30)
    assert record.value == snapshot


@pytest.mark.parametrize("compression", ["gzip", "lz4", "snappy", "zstd"])
async def test_compressed_batches_are_read(broker: Broker, topic_prefix: str, compression: str) -> None:
    """Every compression a foreign producer may use is taken, kept and read."""
    name = f"{topic_prefix}incidents"
    await make_topic(broker.address, name)
    async with producer(broker.address, compression_type=compression, linger_ms=5) as write:
        sent = [await write.send(name, b"again and again " * 20, partition=0) for _ in range(50)]
        for future in sent:
            await future
    async with reader(broker.address, TopicPartition(name, 0)) as read:
        records = await take(read, 50)
    assert {record.value for record in records} == {b"again and again " * 20}


async def test_a_groups_position_is_kept(broker: Broker, topic_prefix: str) -> None:
    """A member that comes back goes on behind the offset that was committed."""
    name, group = f"{topic_prefix}incidents", f"{topic_prefix}readers"
    await make_topic(broker.address, name)
    async with producer(broker.address) as write:
        for n in range(5):
            await write.send_and_wait(name, str(n).encode(), partition=0)
    for expected in (b"0", b"1"):
        member = AIOKafkaConsumer(
            name,
            bootstrap_servers=broker.address,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=3500,
            heartbeat_interval_ms=1000,
            fetch_max_wait_ms=20,
        )
        await member.start()
        record = await member.getone()
        assert record.value == expected
        await member.commit({TopicPartition(name, 0): record.offset + 1})
        assert await member.committed(TopicPartition(name, 0)) == record.offset + 1
        await member.stop()


async def test_many_producers_keep_their_own_order(broker: Broker, topic_prefix: str) -> None:
    """Two producers of one partition: each one's records stay in its order, and none is lost."""
    name = f"{topic_prefix}region-events"
    await make_topic(broker.address, name)
    async with producer(broker.address, linger_ms=1) as one, producer(broker.address, linger_ms=1) as other:
        sent = [
            await write.send(name, f"{who}{n}".encode(), partition=0)
            for n in range(200)
            for who, write in (("a", one), ("b", other))
        ]
        for future in sent:
            await future
    async with reader(broker.address, TopicPartition(name, 0)) as read:
        values = [record.value for record in await take(read, 400)]
    for who in (b"a", b"b"):
        assert [value for value in values if value.startswith(who)] == [who + b"%d" % n for n in range(200)]
