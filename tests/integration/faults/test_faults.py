"""Kills, late wakers and a vanished Redis, at load, on both brokers (issue 3, shown by 4; the short version).

The version of ten kills is `muster bench faults --kills 10`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deploy.local import Broker, EmbeddedRedis
from streams.settings import WorkerSettings
from tests.conftest import own_engine
from tests.integration.faults.load import Load, regions_on_all_partitions
from tests.integration.faults.verify import verify
from tests.integration.faults.workers import Workers

RESUMES_WITHIN_S = 10.0


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_nothing_is_lost_or_told_twice_when_workers_die_sleep_and_redis_vanishes(
    broker: Broker, topic_prefix: str, tmp_path: Path
):
    """After kill -9, SIGSTOP for 20 s and SIGCONT, and a Redis that was killed and started again.

    No acknowledged event lost, the state of an undisturbed fold, one content an id, one owner an incident;
    assignments resume within 10 s.
    """
    async with own_engine(EmbeddedRedis) as redis:
        settings = WorkerSettings(broker=broker.address, redis_url=redis.address, topic_prefix=topic_prefix)
        workers = Workers(settings, tmp_path)
        load = Load(settings, rate=16, regions=regions_on_all_partitions(8), engineers=20)
        try:
            await workers.start(2)
            await load.start()
            load.begin()
            await asyncio.sleep(4)
            for number in (0, 1):
                killed_at = await workers.kill(number)
                await asyncio.sleep(RESUMES_WITHIN_S)
                assert load.resumed_after_s(killed_at) <= RESUMES_WITHIN_S, load.story(killed_at)
                await workers.start_again(number)
                await asyncio.sleep(3)
            paused_at = workers.pause(0)
            await asyncio.sleep(2)
            await redis.kill()
            await asyncio.sleep(9)
            assert load.resumed_after_s(paused_at) <= RESUMES_WITHIN_S, load.story(paused_at)
            await redis.start()
            await asyncio.sleep(9)
            workers.wake(0)
            await asyncio.sleep(5)
            await load.finish()
            assert await workers.stop() == [0, 0]
        finally:
            await workers.stop()
        counts = await verify(settings, load)
    assert counts["incidents"] > 300
