"""A fork of a live log: it sees the present, and writes nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from deploy.local import Broker
from schemas.plans import MovePlan
from schemas.topics import TOPICS
from services.whatif.fork import fork_of
from streams.kafka import new_reader
from streams.settings import WorkerSettings
from streams.whatif import NoLog, present_folds
from tests.integration.streams.field import HERE, installation

CREW = [f"E{number}" for number in range(6)]


def lent() -> MovePlan:
    """E0 goes from R1 to R2."""
    move = {"engineer_id": "E0", "home_region": "R1", "to_region": "R2", "owner_epoch": 0, "staging": HERE}
    return MovePlan.model_validate({"moves": [move | {"until": datetime.now(UTC) + timedelta(hours=6)}]})


async def ends(settings: WorkerSettings) -> dict[TopicPartition, int]:
    """The end of every partition of every topic."""
    reader = new_reader(settings)
    await reader.start()
    try:
        wanted = [
            TopicPartition(settings.topic(t.name), n) for t in TOPICS.values() for n in range(t.partitions)
        ]
        found: dict[TopicPartition, int] = await reader.end_offsets(wanted)
        return found
    finally:
        await reader.stop()


@pytest.mark.slow
async def test_a_fork_sees_the_present_and_writes_nowhere(
    broker: Broker, any_redis: str, topic_prefix: str
) -> None:
    """With the worker stopped nobody else writes: after a fork every topic ends where it ended before."""
    settings = WorkerSettings(broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix)
    async with installation(settings) as field:
        for region in ("R1", "R2"):
            await field.region(region)
        for name in CREW:
            await field.engineer(name, "R1")
    before = await ends(settings)
    folds = await present_folds(settings)
    fork = fork_of(folds, lent())
    told = fork.report([fork.pair(0), fork.pair(1)], 2)
    assert [region.region for region in told.regions] == ["R1", "R2"]
    assert sorted(fork.country.names) == CREW
    assert await ends(settings) == before


async def test_where_nothing_ran_there_is_nothing_to_fork(
    broker: Broker, any_redis: str, topic_prefix: str
) -> None:
    """No topics, no log; and looking for them makes none."""
    settings = WorkerSettings(broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix)
    for _ in range(2):
        with pytest.raises(NoLog, match="region-events"):
            await present_folds(settings)
