"""An engine that goes away: told, never guessed; and the scenario's clock through the public API."""

from __future__ import annotations

from uuid import uuid4

import pytest

from deploy.local import Broker, EmbeddedBroker, EmbeddedRedis, RedisServer
from tests.conftest import SharedEngines
from tests.integration.gateway.system import (
    Stream,
    System,
    eventually,
    listen,
    make_region,
    report,
    running_system,
)

pytestmark = pytest.mark.timeout(300)


def installation(folder, broker: Broker, redis: RedisServer, **more) -> System:
    """An installation on these engines under a prefix of its own."""
    prefix = f"t{uuid4().hex[:10]}-"
    return System(folder=folder, broker=broker.address, redis_url=redis.address, prefix=prefix, **more)


@pytest.fixture
def embedded_broker(shared_engines: SharedEngines) -> Broker:
    """The embedded broker: a fixture, since no loop may run yet where an engine is started."""
    engine = shared_engines.get(EmbeddedBroker)
    assert isinstance(engine, Broker)
    return engine


@pytest.mark.fault
async def test_without_redis_commands_work_and_reads_say_what_is_missing(
    own_redis: RedisServer, embedded_broker: Broker, tmp_path
) -> None:
    """Killed: reads are 503 with Retry-After, commands get their 200, a repeat is no second incident.

    Started again, empty, the reads are back.
    """
    async with (
        running_system(installation(tmp_path, embedded_broker, own_redis)) as system,
        system.client("service") as service,
    ):
        (phone,) = await make_region(system, service, "R1")
        await own_redis.kill()
        read = await service.get("/v1/board")
        assert (read.status_code, read.json()["type"].rsplit("/", 1)[1]) == (503, "redis-away")
        assert read.headers["retry-after"]
        ready = await service.get("/readyz")
        assert (ready.status_code, ready.json()["redis"], ready.json()["broker"]) == (200, "away", "ok")
        key = system.key()
        first = await service.post("/v1/incidents", json=report("R1"), headers=key)
        again = await service.post("/v1/incidents", json=report("R1"), headers=key)
        assert (first.status_code, first.json()["state"]) == (200, "assigned"), first.text
        assert (again.status_code, again.json()["incident_id"]) == (200, first.json()["incident_id"])
        name = first.json()["incident_id"]
        assert (await phone.status(name, 1, "acknowledged")).status_code == 200
        assert (await phone.status(name, 5, "accepted")).json()["epoch"] == 1
        await own_redis.restart()

        async def is_back() -> bool:
            found = await service.get("/v1/incidents?region=R1")
            return found.status_code == 200 and len(found.json()["items"]) == 1

        await eventually(is_back, 20)


@pytest.mark.fault
@pytest.mark.slow
async def test_without_a_broker_nothing_is_accepted(own_broker: Broker, tmp_path) -> None:
    """Killed: a command is a 503 and not accepted, /readyz says which; the process lives and stops well."""
    async with (
        EmbeddedRedis() as redis,
        running_system(installation(tmp_path, own_broker, redis)) as system,
    ):
        async with system.client("service") as service:
            await make_region(system, service, "R1")
            await own_broker.kill()
            refused = await service.post("/v1/incidents", json=report("R1"), headers=system.key())
            assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[1]) == (503, "broker-away")
            assert refused.headers["retry-after"]
            ready = await service.get("/readyz")
            assert (ready.status_code, ready.json()["broker"]) == (503, "away")
            assert (await service.get("/healthz")).status_code == 200
        assert await system.stop_gateway() < 9


async def test_the_scenarios_clock_comes_from_the_feed_alone(system: System, tmp_path) -> None:
    """What is not dated is dated by the posted clock, streams tell it, it never steps back.

    On the wall's clock it can not be posted at all.
    """
    async with system.client("service") as service:
        refused = await service.post("/v1/clock", json={"now": "2026-03-02T10:00:00Z"}, headers=system.key())
        assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[1]) == (409, "clock-is-wall")
    feed = System(tmp_path, system.broker, system.redis_url, f"t{uuid4().hex[:10]}-", clock="feed")
    async with running_system(feed), feed.client("service") as service:

        async def post(now: str) -> str:
            answer = await service.post("/v1/clock", json={"now": now}, headers=feed.key())
            assert answer.status_code == 200, answer.text
            return str(answer.json()["now"])

        assert await post("2026-03-02T10:00:00Z") == "2026-03-02T10:00:00Z"
        assert await post("2026-03-02T09:00:00Z") == "2026-03-02T10:00:00Z"
        assert (await service.put("/v1/regions/R1", json={}, headers=feed.key())).status_code == 200
        made = await service.post("/v1/incidents", json=report("R1"), headers=feed.key())
        assert (made.status_code, made.json()["reported_at"]) == (200, "2026-03-02T10:00:00Z")
        late = report("R1", reported_at="2026-03-02T10:05:01Z")
        early = await service.post("/v1/incidents", json=late, headers=feed.key())
        assert (early.status_code, early.json()["fields"][0]["field"]) == (422, "reported_at")
        stream = Stream()
        await post("2026-03-02T10:01:00Z")
        told = "2026-03-02T10:01:00Z"
        await listen(service, stream, until=lambda seen: any(one["now"] == told for one in seen.clocks))
        await feed.stop_gateway()
        await feed.start_gateway()
        assert (await service.get("/v1/me")).json()["now"] == told
