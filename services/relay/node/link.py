"""A node's connections to Redis: commands, and the channel on which it hears of changed sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from services.sessions.keys import node_channel

log = structlog.get_logger(__name__)

AWAY = (RedisError, OSError, TimeoutError)
RECONNECT_S = 0.5


class StoreAway(Exception):
    """Redis did not answer: whether the command was done is not known."""


class NodeRedis:
    """One client for commands; StoreAway where Redis does not answer within a second."""

    def __init__(self, url: str) -> None:
        # Any: the client's types serve its two worlds at once.
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=1.0, socket_connect_timeout=0.5, max_connections=50
        )

    async def ask(self, *words: str | bytes | int) -> Any:
        """One command's answer."""
        try:
            return await self._client.execute_command(*words)
        except AWAY as error:
            raise StoreAway(repr(error)) from error

    async def heard(self, prefix: str, node: str) -> AsyncIterator[str]:
        """The ids that are sent to this node's channel, reconnecting for ever."""
        while True:
            try:
                async with self._client.pubsub() as channel:
                    await channel.subscribe(node_channel(prefix, node))
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=0.5)
                        if message is not None:
                            yield message["data"].decode()
            except AWAY as error:
                log.warning("redis_channel_lost", error=repr(error), again_in_s=RECONNECT_S)
                await asyncio.sleep(RECONNECT_S)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()
