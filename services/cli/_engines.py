"""Broker and Redis of one installation: embedded, real on this machine, or reached over the network."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.broker import Broker, answers_metadata
from deploy.local.engine import Engine
from deploy.local.errors import EngineError
from deploy.local.kafka import RealKafka
from deploy.local.ports import free_port, is_free
from deploy.local.redis_server import EmbeddedRedis
from deploy.local.tansu import EmbeddedBroker

BROKER_PORT, REDIS_PORT = 9092, 6379
REACH_WITHIN_S = 20.0
REACH_PAUSE_S = 0.5
STOP_WITHIN_S = 3.0


class EngineUnreachable(Exception):
    """A broker or Redis that somebody else runs does not answer."""


@dataclass(frozen=True)
class EngineChoice:
    """What was asked for: broker `embedded`, `kafka` or host:port; Redis `embedded` or a URL.

    `keep` keeps a real broker's log (in `folder`) from one start to the next; else each start is a new log.
    """

    broker: str
    redis: str
    folder: Path
    keep: bool


class Engines:
    """The engines that this process has started, with the addresses of all. `start`, then `stop`."""

    def __init__(self, choice: EngineChoice) -> None:
        self._choice = choice
        self._own: list[Engine] = []
        self.broker_address = choice.broker
        self.redis_url = choice.redis

    async def start(self) -> None:
        """Start what is ours and wait for what is not; raises EngineError or EngineUnreachable."""
        broker, redis = self._broker(), self._redis()
        self._own = [engine for engine in (broker, redis) if engine is not None]
        async with asyncio.TaskGroup() as tasks:
            for engine in self._own:
                tasks.create_task(engine.start())
            if broker is None:
                tasks.create_task(_reach(f"the broker {self.broker_address}", self._broker_answers))
            if redis is None:
                tasks.create_task(_reach(f"Redis at {shown(self.redis_url)}", self._redis_answers))
        if broker is not None:
            self.broker_address = broker.address
        if redis is not None:
            self.redis_url = redis.address

    def _broker(self) -> Broker | None:
        folder = self._choice.folder / "broker"
        if self._choice.broker == "embedded":
            return EmbeddedBroker(folder, port=_preferred(BROKER_PORT))
        if self._choice.broker == "kafka":
            if not self._choice.keep:
                shutil.rmtree(folder, ignore_errors=True)
            return RealKafka(folder, port=_preferred(BROKER_PORT))
        return None

    def _redis(self) -> EmbeddedRedis | None:
        if self._choice.redis != "embedded":
            return None
        return EmbeddedRedis(self._choice.folder / "redis", port=_preferred(REDIS_PORT))

    async def _broker_answers(self) -> bool:
        return await answers_metadata(self.broker_address)

    async def _redis_answers(self) -> bool:
        import redis.asyncio as redis_client
        from redis.exceptions import RedisError

        client = redis_client.from_url(self.redis_url, socket_connect_timeout=2, socket_timeout=2)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    def dead(self) -> list[Engine]:
        """Our engines that have ended by themselves."""
        return [engine for engine in self._own if not engine.running]

    async def stop(self) -> None:
        """Stop what is ours within 3 s."""
        await asyncio.gather(*(_stop(engine) for engine in self._own))


async def _stop(engine: Engine) -> None:
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await engine.stop()
    except TimeoutError:
        if engine.running:
            await engine.kill()


def _preferred(port: int) -> int:
    """The port that every command looks at by default where it is free, else another one."""
    return port if is_free(port) else free_port()


async def _reach(what: str, answers: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + REACH_WITHIN_S
    while not await answers():
        if time.monotonic() > deadline:
            raise EngineUnreachable(f"{what} does not answer (tried for {REACH_WITHIN_S:.0f} s)")
        await asyncio.sleep(REACH_PAUSE_S)


def shown(url: str) -> str:
    """A URL without its password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


__all__ = ["EngineChoice", "EngineError", "EngineUnreachable", "Engines", "shown"]
