"""Creates the topics of the registry and starts each partition's log; safe to run by many at once."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from schemas.clock import LogStarted
from schemas.cloudevents import Envelope, encode
from schemas.topics import TOPICS, Topic
from streams.kafka import new_producer, new_reader
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

TOPIC_ALREADY_EXISTS = 36
VISIBLE_WITHIN_S = 15.0


class TopicTrouble(RuntimeError):
    """A topic is not as the registry says.

    TopicTrouble
    ├─ PartitionCountDiffers  it exists with another number of partitions: that never changes for a log
    └─ TopicRefused           the broker does not create it, or does not show it in time
    """


class PartitionCountDiffers(TopicTrouble):
    """A region would have another partition here than everywhere else."""

    def __init__(self, topic: str, wanted: int, found: int) -> None:
        super().__init__(
            f"topic {topic} has {found} partitions and must have {wanted}: a region's partition never"
            " changes. Choose another MUSTER_TOPIC_PREFIX, or delete the topic if nothing on it is wanted."
        )


class TopicRefused(TopicTrouble):
    """The broker said no, or nothing."""


async def ensure_topics(settings: WorkerSettings) -> None:
    """Create every topic that is missing, check those that are there, write each log's first event.

    Raises TopicTrouble; KafkaError or OSError where the broker is not there.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker, request_timeout_ms=10_000)
    try:
        await admin.start()
        await _create(admin, settings)
        await _check(admin, settings)
    finally:
        await admin.close()
    await _start_logs(settings)


def new_topic(settings: WorkerSettings, topic: Topic) -> NewTopic:
    """The registry's entry as Kafka's admin protocol wants it."""
    return NewTopic(
        settings.topic(topic.name),
        topic.partitions,
        settings.replication_factor,
        topic_configs={
            "cleanup.policy": "compact" if topic.compact else "delete",
            "retention.ms": str(topic.retention_ms),
            "max.message.bytes": str(topic.max_message_bytes),
        },
    )


async def _create(admin: AIOKafkaAdminClient, settings: WorkerSettings) -> None:
    answer: Any = await admin.create_topics([new_topic(settings, topic) for topic in TOPICS.values()])
    for name, code, *detail in answer.topic_errors:
        if code not in (0, TOPIC_ALREADY_EXISTS):
            raise TopicRefused(f"the broker does not create {name}: {for_code(code).__name__} {detail}")


async def _check(admin: AIOKafkaAdminClient, settings: WorkerSettings) -> None:
    wanted = {settings.topic(topic.name): topic.partitions for topic in TOPICS.values()}
    deadline = time.monotonic() + VISIBLE_WITHIN_S
    while True:
        described = {entry["topic"]: entry for entry in await admin.describe_topics(sorted(wanted))}
        missing = [name for name in wanted if not _is_up(described.get(name))]
        for name in set(wanted) - set(missing):
            found = len(described[name]["partitions"])
            if found != wanted[name]:
                raise PartitionCountDiffers(name, wanted[name], found)
        if not missing:
            return
        if time.monotonic() > deadline:
            raise TopicRefused(f"the broker does not show {', '.join(sorted(missing))}")
        await asyncio.sleep(0.1)


def _is_up(entry: dict[str, Any] | None) -> bool:
    return (
        entry is not None
        and entry["error_code"] == 0
        and bool(entry["partitions"])
        and all(partition["leader"] >= 0 for partition in entry["partitions"])
    )


async def _start_logs(settings: WorkerSettings) -> None:
    """Write LogStarted where a partition of `region-events` is empty.

    Two writers at once do no harm: the fold takes the first and ignores any later one.
    """
    topic = TOPICS["region-events"]
    name = settings.topic(topic.name)
    partitions = [TopicPartition(name, number) for number in range(topic.partitions)]
    reader: AIOKafkaConsumer = new_reader(settings)
    await reader.start()
    try:
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
    finally:
        await reader.stop()
    empty = [partition.partition for partition, end in ends.items() if end == 0]
    if empty:
        await _write_first_events(settings, name, empty)
        log.info("logs_started", topic=name, partitions=len(empty))


async def _write_first_events(settings: WorkerSettings, name: str, empty: list[int]) -> None:
    producer: AIOKafkaProducer = new_producer(settings)
    await producer.start()
    try:
        for number in empty:
            log_id = uuid.uuid4().hex
            started = Envelope(
                id=log_id,
                source="muster/topics",
                event=LogStarted(log=log_id),
                time=datetime.now(UTC),
                partitionkey="",
            )
            value, headers = encode(started)
            await producer.send_and_wait(name, value, partition=number, headers=headers)
    finally:
        await producer.stop()
