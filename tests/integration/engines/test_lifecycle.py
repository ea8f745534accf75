"""The engines as things to start, break and stop: what fault tests and `muster up` rely on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from redis.asyncio import Redis
from redis.exceptions import RedisError

from deploy.local import Broker, EmbeddedRedis, EngineFailed, EngineNotRunning, RealKafka, RedisServer
from tests.conftest import own_engine
from tests.integration.engines.topics import make_topic, producer, reader, take

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import asyncio, sys
from deploy.local import EmbeddedBroker, EmbeddedRedis
async def main():
    async with EmbeddedBroker() as broker, EmbeddedRedis() as redis:
        print(broker.pid, redis.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.fault
async def test_a_killed_redis_comes_back_empty_at_the_same_address(own_redis: RedisServer) -> None:
    """kill() and restart(): clients find it again, and nothing was kept."""
    address = own_redis.address
    async with Redis.from_url(address) as client:
        await client.set("k", "v")
        await own_redis.kill()
        assert not own_redis.running
        with pytest.raises(RedisError):
            await client.ping()
        await own_redis.restart()
        assert own_redis.address == address
        assert await client.get("k") is None


@pytest.mark.fault
async def test_a_paused_engine_answers_nothing_until_it_goes_on(own_redis: RedisServer) -> None:
    """pause() is SIGSTOP: the connection stays, the answer waits for resume()."""
    async with Redis.from_url(own_redis.address) as client:
        await client.ping()
        own_redis.pause()
        answer = asyncio.ensure_future(client.ping())
        done, _ = await asyncio.wait([answer], timeout=0.5)
        assert not done
        own_redis.resume()
        assert await asyncio.wait_for(answer, 5)


@pytest.mark.fault
async def test_a_stop_takes_at_most_five_seconds_also_where_the_engine_is_paused(
    own_redis: RedisServer,
) -> None:
    """stop() wakes what sleeps, and removes the temporary folder."""
    folder = own_redis.directory
    own_redis.pause()
    started = time.monotonic()
    await own_redis.stop()
    assert time.monotonic() - started < 5
    assert not own_redis.running
    assert not folder.exists()


@pytest.mark.fault
async def test_a_killed_broker_comes_back_at_the_same_address(own_broker: Broker, topic_prefix: str) -> None:
    """restart() after kill(): a producer that stayed finds it again; Tansu's log starts anew at 0."""
    name = f"{topic_prefix}events"
    await make_topic(own_broker.address, name)
    async with producer(own_broker.address) as write:
        assert (await write.send_and_wait(name, b"before", partition=0)).offset == 0
        await own_broker.restart()
        await make_topic(own_broker.address, name)
        expected = 1 if isinstance(own_broker, RealKafka) else 0
        assert (await write.send_and_wait(name, b"after", partition=0)).offset == expected


@pytest.mark.fault
@pytest.mark.real
async def test_kafka_keeps_its_log_over_a_kill(topic_prefix: str) -> None:
    """What was confirmed before kill -9 is there after the restart."""
    name = f"{topic_prefix}events"
    async with own_engine(RealKafka) as engine:
        await make_topic(engine.address, name)
        async with producer(engine.address) as write:
            for n in range(20):
                await write.send_and_wait(name, b"%d" % n, partition=0)
        await engine.kill()
        await engine.restart()
        async with reader(engine.address, TopicPartition(name, 0)) as read:
            assert [record.value for record in await take(read, 20)] == [b"%d" % n for n in range(20)]


@pytest.mark.embedded
def test_no_engine_outlives_a_killed_parent() -> None:
    """Kill -9 of the process that holds the engines: the kernel kills them with it."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    pids = [int(word) for word in holder.stdout.readline().split()]
    assert len(pids) == 2
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    deadline = time.monotonic() + 5
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "an engine outlived its parent"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie that nobody has read yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.embedded
async def test_a_port_that_is_taken_is_said_with_the_engines_own_words(tmp_path: Path) -> None:
    """A fixed port that somebody else has: EngineFailed with the end of the log, no endless wait."""
    async with EmbeddedRedis() as first:
        second = EmbeddedRedis(tmp_path, port=first.port)
        second.is_ready = _never  # type: ignore[method-assign]  # the first one would answer in its stead
        with pytest.raises(EngineFailed, match="Address already in use"):
            await second.start()


async def _never() -> bool:
    return False


@pytest.mark.embedded
async def test_what_is_stopped_can_not_be_killed() -> None:
    """kill() and pause() of an engine that does not run raise, for the test that does it is wrong."""
    engine = EmbeddedRedis()
    with pytest.raises(EngineNotRunning):
        await engine.kill()
    await engine.stop()
