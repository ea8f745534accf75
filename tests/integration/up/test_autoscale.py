"""`muster up --autoscale` at load: a worker is added and drained, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local import Broker, EmbeddedRedis
from deploy.local.ports import free_port
from schemas.topics import REGION_PARTITIONS
from services.cli._autoscale import Autoscale, Pool
from services.cli._stack import muster
from services.cli._supervisor import Spec, Supervisor
from streams.settings import WorkerSettings
from tests.conftest import SharedEngines
from tests.integration.faults.load import Load, regions_on_all_partitions
from tests.integration.faults.verify import verify


class Fleet:
    """A supervisor with a pool of two workers, and what each of them owns."""

    def __init__(self, settings: WorkerSettings, folder: Path) -> None:
        self.said: list[str] = []
        self.supervisor = Supervisor(folder, self.said.append)
        self._ports = (free_port(), free_port())
        env = {
            "MUSTER_BROKER": settings.broker,
            "MUSTER_REDIS_URL": settings.redis_url,
            "MUSTER_TOPIC_PREFIX": settings.topic_prefix,
        }
        self.pool = Pool(
            "workers",
            "worker",
            [
                Spec(
                    f"dispatch-{port}",
                    muster("worker", "dispatch"),
                    {**env, "MUSTER_METRICS_PORT": str(port)},
                )
                for port in self._ports
            ],
        )
        self.autoscale = Autoscale(self.supervisor, "", [self.pool], self.said.append)

    async def owned(self) -> list[set[str]]:
        """The partitions of which each worker folds; empty where one is not there."""
        async with httpx.AsyncClient() as client:
            return [await _owned(client, port) for port in self._ports]

    async def until_owned(self, true: Callable[[list[set[str]]], bool], within_s: float = 60.0) -> None:
        """Wait until the partitions are shared out so."""
        deadline = time.monotonic() + within_s
        while not true(found := await self.owned()):
            assert time.monotonic() < deadline, f"never so shared out: {found}"
            await asyncio.sleep(0.2)


async def _owned(client: httpx.AsyncClient, port: int) -> set[str]:
    try:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    except httpx.TransportError:
        return set()
    return {
        sample.labels["partition"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "muster_log_distance_events"
    }


@pytest.fixture
def any_redis(shared_engines: SharedEngines) -> str:
    """The URL of a Redis, not emptied: keys are apart by the topic prefix."""
    return shared_engines.get(EmbeddedRedis).address


@pytest.mark.real
@pytest.mark.slow
async def test_a_worker_is_added_and_drained_at_load_and_nothing_is_lost(
    kafka: Broker, any_redis: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Each partition has one owner after each change; the drained worker ends well; the log is whole.

    A worker that leaves hands over all that it took in: every confirmed event is answered once.
    """
    settings = WorkerSettings(broker=kafka.address, redis_url=any_redis, topic_prefix=topic_prefix)
    fleet = Fleet(settings, tmp_path)
    load = Load(settings, rate=12, regions=regions_on_all_partitions(6), engineers=8)
    everything = {str(number) for number in range(REGION_PARTITIONS)}
    try:
        await fleet.autoscale.follow(fleet.pool, 1, "the least")
        await load.start()
        load.begin()
        await fleet.autoscale.follow(fleet.pool, 2, "five times the load")
        await fleet.until_owned(lambda owned: all(owned) and owned[0] | owned[1] == everything)
        first, second = await fleet.owned()
        assert not first & second
        await fleet.autoscale.follow(fleet.pool, 1, "quiet for 60 s")
        await fleet.until_owned(lambda owned: owned == [everything, set()])
        await load.finish()
    finally:
        await fleet.supervisor.stop()
    await verify(settings, load)
    name = fleet.pool.specs[1].name
    assert fleet.said[1:] == [
        f"workers 1 -> 2: {name} starts; five times the load",
        f"workers 2 -> 1: {name} drains; quiet for 60 s",
        f"{name} has drained and ended",
    ]


async def test_what_the_scaler_says_is_done_and_its_silence_changes_nothing(tmp_path: Path) -> None:
    """The real scaler, with nobody there to read, answers 503: the pool stays as it is."""
    port = free_port()
    supervisor = Supervisor(tmp_path, lambda _: None)
    said: list[str] = []
    pool = Pool("workers", "worker", [Spec("one", ("sleep", "600")), Spec("two", ("sleep", "600"))])
    supervisor.start(pool.specs[0])
    supervisor.start(Spec("scaler", muster("scaler"), {"MUSTER_SCALER_PORT": str(port)}))
    following = asyncio.create_task(
        Autoscale(supervisor, f"http://127.0.0.1:{port}/desired", [pool], said.append).run()
    )
    try:
        async with asyncio.timeout(60), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            while (status := await _status(client, "/desired")) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            assert status == 503
            assert await _status(client, "/readyz") == 503
            assert await _status(client, "/healthz") == 200
        assert not following.done()
        assert [spec.name for spec in pool.running(supervisor)] == ["one"]
        assert said == []
    finally:
        following.cancel()
        await supervisor.stop()


async def _status(client: httpx.AsyncClient, path: str) -> int | None:
    try:
        return (await client.get(path)).status_code
    except httpx.TransportError:
        return None
