"""Receipts leave with their decisions, stand in Redis, and are derived again in full from the log."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from redis.asyncio import Redis

from deploy.local import Broker
from schemas.cloudevents import decode
from schemas.read_models import receipts_key
from schemas.receipts import DecisionReceipt
from schemas.topics import partition_of
from streams.dated import dated_snapshots
from streams.explain import UnknownIncident, explain
from streams.reading import read_to_end
from streams.settings import WorkerSettings
from tests.integration.streams.field import AROUND_HERE, Field, installation, report
from tests.integration.streams.test_commands import muster

R1 = partition_of("R1")
WITHIN_S = 15.0


async def published(settings: WorkerSettings) -> dict[str, DecisionReceipt]:
    """What stands on `decision-receipts`, by incident."""
    found = {}
    async for record in read_to_end(settings, "decision-receipts", [R1]):
        receipt = decode(record.value, record.headers).event
        assert isinstance(receipt, DecisionReceipt)
        found[receipt.incident_id] = receipt
    return found


async def told(field: Field) -> dict[str, DecisionReceipt]:
    """I1 is assigned, I2 waits; their receipts, when they are there."""
    await field.region("R1", AROUND_HERE)
    await field.engineer("E1", "R1")
    for name in ("I1", "I2"):
        await field.answer(await field.say("incidents", report(name), name))
    deadline = time.monotonic() + WITHIN_S
    while len(found := await published(field.settings)) < 2:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.1)
    return found


async def stored(redis_url: str, settings: WorkerSettings, receipt: DecisionReceipt) -> str:
    """The one receipt that Redis has of the receipt's incident."""
    key = receipts_key(settings.topic_prefix, receipt.log, receipt.region, receipt.incident_id)
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        deadline = time.monotonic() + WITHIN_S
        while not (found := await redis.hgetall(key)):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    ((_, text),) = found.items()
    return str(text)


@pytest.mark.slow
async def test_a_receipt_is_published_shelved_and_derived_again(
    broker: Broker, any_redis: str, topic_prefix: str
):
    """The stored one is small; the one derived from the log says the same, also behind a dated snapshot."""
    settings = WorkerSettings(
        broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix, snapshot_interval_s=0.2
    )
    async with installation(settings) as field:
        receipts = await told(field)
        assert {name: one.kind for name, one in receipts.items()} == {"I1": "assigned", "I2": "waiting"}
        text = await stored(any_redis, settings, receipts["I1"])
        assert DecisionReceipt.model_validate_json(text) == receipts["I1"]
        await the_same_again(settings, receipts)
    async with dated_snapshots(settings, R1) as dated:
        base = await dated.before(10**9, receipts["I1"].log)
    assert base is not None, "the hour's snapshot is kept"
    async with installation(settings) as field:
        await field.answer(await field.say("incidents", report("I3"), "I3"))
        found = await explain(settings, "I3")
        assert found.decisions[0].decision.offset >= base.next_offset, "derived from the dated snapshot on"
        assert found.now is not None
    await by_hand(settings, receipts["I1"])


async def the_same_again(settings: WorkerSettings, receipts: dict[str, DecisionReceipt]) -> None:
    """Re-evaluating a stored receipt reproduces it; what waits is told why it waits now."""
    for name, receipt in receipts.items():
        found = await explain(settings, name)
        assert found.region == "R1"
        assert all(one.derived for one in found.decisions)
        (again,) = [one.receipt for one in found.decisions if one.receipt is not None]
        shared = {"rejected", "flips"}
        assert again.model_dump(exclude=shared) == receipt.model_dump(exclude=shared)
        assert (found.now is not None) == (name == "I2")
    try:
        await explain(settings, "I-none")
    except UnknownIncident:
        return
    raise AssertionError("an unknown incident was explained")


async def by_hand(settings: WorkerSettings, receipt: DecisionReceipt) -> None:
    """`muster explain` as a person types it, and for a program."""
    said = await muster(settings, "explain", "I1")
    assert said.exit_code == 0, said.stderr
    assert "E1" in said.stdout
    assert "derived from the log" in said.stdout
    machine = await muster(settings, "explain", "I1", "--region", "R1", "--json")
    assert json.loads(machine.stdout)["decisions"][1]["receipt"]["id"] == receipt.id
