"""What every Redis must do for Muster's read models: one suite, run against Valkey and redis-server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import WatchError


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with Redis.from_url(redis_url) as found:
        yield found


async def test_position_and_data_are_written_together(client: Redis) -> None:
    """MULTI/EXEC: a reader sees the data and the position that it is of, or neither."""
    async with client.pipeline(transaction=True) as write:
        write.hset("board", mapping={"incident-1": "waiting", "incident-2": "assigned"})
        write.set("board:position", 41)
        await write.execute()
    assert await client.hgetall("board") == {b"incident-1": b"waiting", b"incident-2": b"assigned"}
    assert await client.get("board:position") == b"41"


async def test_a_late_writer_is_refused(client: Redis) -> None:
    """WATCH: a transaction on a position that has moved on meanwhile writes nothing."""
    await client.set("board:position", 41)
    async with client.pipeline(transaction=True) as late:
        await late.watch("board:position")
        await client.set("board:position", 42)
        late.multi()  # type: ignore[no-untyped-call]
        late.set("board:position", 41)
        with pytest.raises(WatchError):
            await late.execute()
    assert await client.get("board:position") == b"42"


async def test_a_script_compares_and_writes_in_one_step(client: Redis) -> None:
    """Lua: only a position above the stored one is written."""
    script = client.register_script(
        "local old = tonumber(redis.call('GET', KEYS[1]) or '-1')\n"
        "if tonumber(ARGV[1]) <= old then return 0 end\n"
        "redis.call('SET', KEYS[1], ARGV[1]) return 1"
    )
    assert [await script(keys=["p"], args=[n]) for n in (5, 3, 5, 6)] == [1, 0, 0, 1]


async def test_a_lease_ends_by_itself(client: Redis) -> None:
    """SET NX PX: one owner at a time, and none after the lease."""
    assert await client.set("node:1", "epoch-1", nx=True, px=150)
    assert not await client.set("node:1", "epoch-2", nx=True, px=150)
    await asyncio.sleep(0.3)
    assert await client.set("node:1", "epoch-2", nx=True, px=150)


async def test_an_announcement_reaches_who_listens(client: Redis) -> None:
    """PUBLISH reaches a subscriber that was there before."""
    async with client.pubsub() as listener:
        await listener.subscribe("assignments")
        await listener.get_message(timeout=2)
        await client.publish("assignments", "one")
        message = await listener.get_message(timeout=2)
    assert message is not None
    assert message["data"] == b"one"


async def test_a_stream_is_resumed_where_it_was_left(client: Redis) -> None:
    """XADD and XREAD: explicit ids, read from behind the last one seen."""
    for n in range(5):
        await client.xadd("stream", {"n": n}, id=f"{n}-1", maxlen=100)
    found: Any = await client.xread({"stream": "2-1"}, count=10)
    ((_, entries),) = found
    assert [identifier for identifier, _ in entries] == [b"3-1", b"4-1"]


async def test_nearest_places_are_found(client: Redis) -> None:
    """GEOSEARCH: the live map's radius query."""
    await client.geoadd("engineers", [-9.139, 38.722, "lisbon", -8.611, 41.15, "porto"])
    found = await client.geosearch("engineers", longitude=-9.1, latitude=38.7, radius=50, unit="km")
    assert found == [b"lisbon"]
