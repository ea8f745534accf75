"""Position and data change together in Redis, only above the stored position, and never with a hole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from schemas.base import Wire
from schemas.clock import ClockTicked, LogStarted
from schemas.incidents import CancelIncident, IncidentTriaged
from schemas.read_models import RegionKeys, engineer_key, incident_key, regions_key
from services.dispatch.fold import Logged, PartitionFold
from streams.dispatch import Told, run_dispatch
from streams.metrics import WorkerMetrics
from streams.owned import OwnedPartition
from streams.read_models import MAX_CHANGED, Changes, ReadModels
from streams.settings import WorkerSettings
from tests.unit.streams.samples import NOW, R1, registered, report, shift


class Folding:
    """One worker's fold of a partition and its way to Redis."""

    def __init__(self, settings: WorkerSettings, redis: Redis) -> None:
        self.owned = OwnedPartition(0, PartitionFold())
        self.models = ReadModels(redis, settings, WorkerMetrics())

    def fold(self, *events: Wire) -> None:
        """Fold and note, as dispatch does."""
        for event in events:
            region = "" if isinstance(event, LogStarted | ClockTicked) else "R1"
            offset = self.owned.next_offset
            logged = Logged(offset, region, "test", f"e-{offset}", event)  # type: ignore[arg-type]
            self.owned.next_offset += 1
            self.models.note(self.owned, logged, self.owned.fold.step(logged))

    async def write(self) -> None:
        """Write what changed."""
        await self.models.write({0: self.owned})


def triaged(name: str) -> IncidentTriaged:
    """A report in R1."""
    return IncidentTriaged(
        report=report("R1").model_copy(update={"incident_id": name}),
        region="R1",
        promised_at=NOW,
        placed_by="named",
    )


BEGINNING = (LogStarted(log="L1"), ClockTicked(now=NOW), R1, registered(), shift())
KEYS = RegionKeys("p-", "L1", "R1")


@pytest.fixture
async def redis(redis_url: str):
    """A client of an empty Redis."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def settings(redis_url: str) -> WorkerSettings:
    """Settings with a prefix."""
    return WorkerSettings(redis_url=redis_url, topic_prefix="p-")


async def stored(redis: Any) -> tuple[int, set[str]]:
    """The position and the incidents that Redis shows."""
    return int(await redis.get(KEYS.position)), set(await redis.hkeys(KEYS.incidents))


async def test_what_an_event_changed_is_shown_with_its_position(redis: Any, settings: WorkerSettings):
    """Incidents, engineers, the region's log and each subject's region."""
    folding = Folding(settings, redis)
    folding.fold(*BEGINNING, triaged("I1"))
    await folding.write()
    assert await stored(redis) == (5, {"I1"})
    assert await redis.hkeys(KEYS.engineers) == ["E1"]
    assert await redis.hgetall(regions_key("p-")) == {"R1": "L1"}
    assert await redis.get(incident_key("p-", "I1")) == "R1"
    assert await redis.get(engineer_key("p-", "E1")) == "R1"
    assert '"waiting":0' in await redis.get(KEYS.view)


async def test_what_is_written_while_decisions_leave_has_a_hole_nowhere(redis: Any, settings: WorkerSettings):
    """Sending waits for the broker now and then; what the event changed must be noted with its position."""
    folding = Folding(settings, redis)
    folding.fold(*BEGINNING)
    await folding.write()
    folding.fold(registered("E2"))

    async def coming() -> AsyncIterator[tuple[OwnedPartition, Logged]]:
        logged = Logged(folding.owned.next_offset, "R1", "test", "e-last", triaged("I1"))
        folding.owned.next_offset += 1
        yield folding.owned, logged

    async def publish(_: Told) -> list[Any]:
        await folding.write()
        return []

    await run_dispatch(coming(), publish, folding.models.note, WorkerMetrics())
    await folding.write()
    assert await stored(redis) == (6, {"I1"})


async def test_a_late_owner_changes_nothing(redis: Any, settings: WorkerSettings):
    """Only above the stored position: a worker that wakes up late shows no older state."""
    late, owner = Folding(settings, redis), Folding(settings, redis)
    late.fold(*BEGINNING, triaged("I1"))
    owner.fold(*BEGINNING, triaged("I1"), CancelIncident(incident_id="I1", region="R1", by="D1"))
    await owner.write()
    await late.write()
    assert (await stored(redis))[0] == 6
    assert '"state":"cancelled"' in await redis.hget(KEYS.incidents, "I1")
    late.fold(CancelIncident(incident_id="I1", region="R1", by="D1"), triaged("I2"))
    await late.write()
    assert await stored(redis) == (7, {"I1", "I2"}), "once it is ahead it may write"


async def test_a_redis_that_lost_its_position_gets_the_region_whole(redis: Any, settings: WorkerSettings):
    """Missing or older: an increment would leave a hole, so everything is written anew."""
    folding = Folding(settings, redis)
    folding.fold(*BEGINNING, triaged("I1"))
    await folding.write()
    await redis.flushall()
    folding.fold(triaged("I2"))
    await folding.write()
    assert await stored(redis) == (6, {"I1", "I2"})
    assert await redis.get(engineer_key("p-", "E1")) == "R1"


async def test_a_whole_writing_removes_what_the_state_no_longer_has(redis: Any, settings: WorkerSettings):
    """Nothing stays that the fold does not know."""
    await redis.hset(KEYS.incidents, "I-ghost", "{}")
    await redis.set(KEYS.position, 0)
    folding = Folding(settings, redis)
    folding.owned.base_offset = 3  # as if it had begun behind what Redis has
    folding.fold(*BEGINNING, triaged("I1"))
    await folding.write()
    assert await stored(redis) == (5, {"I1"})


async def test_an_incident_that_the_state_forgot_is_removed(redis: Any, settings: WorkerSettings):
    """The state keeps the last closed incidents alone, and Redis no more than that."""
    folding = Folding(settings, redis)
    folding.fold(*BEGINNING, triaged("I1"))
    await folding.write()
    await redis.hset(KEYS.incidents, "I-old", "{}")
    await folding.models.drop_forgotten({0: folding.owned})
    folding.fold(ClockTicked(now=NOW.replace(minute=1)))
    await folding.write()
    assert (await stored(redis))[1] == {"I1"}


def test_changes_stay_bounded_while_redis_is_away():
    """Beyond the bound the region is written whole, and the names are forgotten."""
    changes = Changes(0)
    changes.add(Changes(3, incidents={str(number) for number in range(MAX_CHANGED + 1)}))
    assert (changes.base, changes.whole, changes.incidents) == (0, True, set())
