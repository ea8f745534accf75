"""A broker or a Redis that is not there is named, waited for, and costs nothing but time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis

from deploy.local import Broker, EmbeddedBroker, EmbeddedRedis
from deploy.local.ports import free_port
from schemas.read_models import RegionKeys, regions_key
from streams.settings import WorkerSettings
from tests.integration.streams.field import AROUND_HERE, installation, report, talking, working


@pytest.mark.embedded
async def test_a_worker_names_the_missing_broker_and_begins_when_it_is_there(topic_prefix: str):
    """A clear message with the address, again at growing intervals; then work as if nothing had been."""
    port = free_port()
    settings = WorkerSettings(
        broker=f"127.0.0.1:{port}", redis_url=f"redis://127.0.0.1:{free_port()}/0", topic_prefix=topic_prefix
    )
    with structlog.testing.capture_logs() as said:
        async with working(settings):
            await asyncio.sleep(1.0)
            assert {"engine": "broker", "address": settings.broker}.items() <= said[0].items()
            async with EmbeddedBroker(port=port), talking(settings) as field:
                await field.region("R1", AROUND_HERE)
                answers = await field.answer(await field.say("incidents", report("I1"), "I1"))
                assert answers[0].kind == "queued", "dispatch goes on without Redis"
                for _ in range(300):  # a view is written beside the answers, not before them
                    if {"engine_found", "redis_not_there"} <= (told := {line["event"] for line in said}):
                        return
                    await asyncio.sleep(0.1)
                raise AssertionError(f"in half a minute the worker said {told}")


async def test_a_worker_that_waits_for_a_broker_can_be_stopped(topic_prefix: str):
    """SIGTERM ends the waiting too."""
    settings = WorkerSettings(broker=f"127.0.0.1:{free_port()}", topic_prefix=topic_prefix)
    begun = time.monotonic()
    async with working(settings):
        await asyncio.sleep(0.5)
    assert time.monotonic() - begun < 5.0


async def test_a_redis_that_comes_back_empty_is_filled_from_the_state(broker: Broker, topic_prefix: str):
    """The read model is a projection: what Redis forgot is written anew whole."""
    async with EmbeddedRedis() as server:
        settings = WorkerSettings(broker=broker.address, redis_url=server.address, topic_prefix=topic_prefix)
        async with installation(settings) as field:
            await field.region("R1", AROUND_HERE)
            await field.engineer("E1", "R1")
            await field.answer(await field.say("incidents", report("I1"), "I1"))
            await shown(settings, {"I1"})
            await server.kill()
            await field.answer(await field.say("incidents", report("I2"), "I2"))
            await server.start()
            await shown(settings, {"I1", "I2"})


async def shown(settings: WorkerSettings, incidents: set[str], within_s: float = 20.0) -> None:
    """Wait until Redis shows these incidents of R1, and its engineer."""
    deadline = time.monotonic() + within_s
    async with Redis.from_url(settings.redis_url, decode_responses=True) as redis:
        while True:
            log: Any = await redis.hget(regions_key(settings.topic_prefix), "R1")
            keys = RegionKeys(settings.topic_prefix, log or "", "R1")
            found: set[Any] = set(await redis.hkeys(keys.incidents))
            engineers = await redis.hkeys(keys.engineers)
            if found == incidents and engineers == ["E1"] and await redis.get(keys.view):
                return
            assert time.monotonic() < deadline, f"Redis shows {found} instead of {incidents}"
            await asyncio.sleep(0.1)
