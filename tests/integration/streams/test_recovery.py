"""The position lives in the snapshot: who comes next goes on there, and decides the same."""

from __future__ import annotations

import asyncio

import pytest

from deploy.local import Broker
from schemas.topics import partition_of
from services.dispatch.fold import PartitionFold
from streams.log_export import export_log
from streams.log_file import fold_again, parse
from streams.owned import current_logs, from_snapshot
from streams.reading import read_to_end
from streams.settings import WorkerSettings
from streams.snapshots import last_snapshots
from tests.integration.streams.field import AROUND_HERE, installation, report, talking, working

R1 = partition_of("R1")


def settings_for(broker: Broker, redis_url: str, prefix: str) -> WorkerSettings:
    """Settings of a test's own installation."""
    return WorkerSettings(broker=broker.address, redis_url=redis_url, topic_prefix=prefix)


@pytest.mark.slow
async def test_the_next_worker_goes_on_where_the_last_snapshot_stands(
    broker: Broker, any_redis: str, topic_prefix: str
):
    """A stopped worker leaves a snapshot at its tip; nothing is decided twice, nothing is forgotten."""
    settings = settings_for(broker, any_redis, topic_prefix)
    async with installation(settings) as field:
        await field.region("R1", AROUND_HERE)
        await field.engineer("E1", "R1")
        await field.answer(await field.say("incidents", report("I1"), "I1"))
    snapshot = (await last_snapshots(settings, [R1]))[R1]
    events = [record async for record in read_to_end(settings, "region-events", [R1])]
    assert snapshot.next_offset == len(events), "it stands at the log's end"
    async with installation(settings) as field:
        before = await field.decisions()
        answers = await field.answer(await field.say("incidents", report("I2"), "I2"))
        after = await field.decisions()
    assert answers[0].kind == "queued", "the engineer and the region are known from the snapshot"
    assert len({one.id for one in after}) == len(after), "nothing was published again"
    assert after[: len(before)] == before or {one.id for one in before} < {one.id for one in after}


@pytest.mark.slow
async def test_an_exported_log_folds_again_to_the_live_decisions(
    broker: Broker, any_redis: str, topic_prefix: str
):
    """`muster log export` and `replay`: events and published decisions of one region."""
    settings = settings_for(broker, any_redis, topic_prefix)
    async with installation(settings) as field:
        for region in ("R1", "R2"):
            await field.region(region)
            await field.engineer(f"{region}-E1", region)
        for number in range(10):
            region = f"R{1 + number % 2}"
            await field.answer(await field.say("incidents", report(f"I{number}", region), f"I{number}"))
        lines = [line async for line in export_log(settings, "R1")]
    outcome = fold_again(parse(lines))
    assert outcome.difference is None
    assert outcome.decisions >= 8


@pytest.mark.slow
async def test_two_workers_share_the_regions_and_one_takes_over_all(
    broker: Broker, any_redis: str, topic_prefix: str
):
    """A worker that leaves hands its partitions on at once; ids stay unique in content."""
    settings = settings_for(broker, any_redis, topic_prefix)
    regions = [f"R{number}" for number in range(6)]
    async with working(settings), talking(settings) as field:
        async with working(settings):
            for region in regions:
                await field.region(region)
                await field.engineer(f"{region}-E", region)
        for region in regions:
            await field.answer(await field.say("incidents", report(f"I-{region}", region), region))
        decisions = await field.decisions()
    contents = {one.id: one for one in decisions}
    assert all(contents[one.id] == one for one in decisions)


async def test_a_snapshot_that_was_lost_costs_only_time(broker: Broker, any_redis: str, topic_prefix: str):
    """Folding from the start gives the state that the snapshot holds."""
    settings = settings_for(broker, any_redis, topic_prefix)
    async with installation(settings) as field:
        await field.region("R1")
        await field.engineer("E1", "R1")
        await field.answer(await field.say("incidents", report("I1", "R1"), "I1"))
    snapshot = (await last_snapshots(settings, [R1]))[R1]
    now = (await current_logs(settings, [R1]))[R1]
    restored = from_snapshot(R1, snapshot, now).fold
    lines = [line async for line in export_log(settings, "R1")]
    assert fold_again(parse(lines)).difference is None
    assert isinstance(restored, PartitionFold)
    assert sorted(restored.regions) == ["R1"]
    await asyncio.sleep(0)
