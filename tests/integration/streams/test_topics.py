"""Topics are made once, by whoever comes first, and a log begins with its name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import Broker
from schemas.clock import LogStarted
from schemas.cloudevents import decode
from schemas.topics import REGION_PARTITIONS, TOPICS
from streams.reading import read_to_end
from streams.settings import WorkerSettings
from streams.topics import PartitionCountDiffers, ensure_topics

READS = 5


async def test_many_at_once_make_every_topic_and_each_log_begins_with_its_name(
    broker: Broker, topic_prefix: str
):
    """LogStarted is offset 0 of each partition of `region-events`, written where it is empty."""
    settings = WorkerSettings(broker=broker.address, topic_prefix=topic_prefix)
    await asyncio.gather(*(ensure_topics(settings) for _ in range(3)))
    before = await whole_log(settings)
    await ensure_topics(settings)
    after = await whole_log(settings)
    first = {
        record.partition: decode(record.value, record.headers).event for record in before if not record.offset
    }
    assert len(first) == REGION_PARTITIONS
    assert all(isinstance(event, LogStarted) for event in first.values())
    assert len({event.log for event in first.values() if isinstance(event, LogStarted)}) == REGION_PARTITIONS
    assert len(after) == len(before), "a log that has begun does not begin again"


async def whole_log(settings: WorkerSettings) -> list[Any]:
    """All of `region-events`; read anew where a busy embedded broker leaves out what it has confirmed."""
    for _ in range(READS):
        found = [record async for record in read_to_end(settings, "region-events", range(REGION_PARTITIONS))]
        if len({record.partition for record in found if not record.offset}) == REGION_PARTITIONS:
            break
        await asyncio.sleep(1)
    return found


async def test_a_topic_with_another_number_of_partitions_is_refused_by_name(
    broker: Broker, topic_prefix: str
):
    """The partition count of a log never changes: a clear error instead of regions in the wrong place."""
    settings = WorkerSettings(broker=broker.address, topic_prefix=topic_prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(settings.topic("region-events"), 3, 1)])
    finally:
        await admin.close()
    with pytest.raises(PartitionCountDiffers, match=r"region-events has 3 partitions and must have 12"):
        await ensure_topics(settings)


def test_every_topic_keyed_by_region_has_the_regions_partitions():
    """A region has one partition number on all of them, but for what one coordinator folds in one order."""
    between_regions = {"region-load", "lending"}
    for topic in TOPICS.values():
        if topic.key == "region":
            assert topic.partitions == (1 if topic.name in between_regions else REGION_PARTITIONS), topic.name
