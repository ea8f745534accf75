"""What relay nodes say about themselves: the register in Redis that sessions are placed by."""

from __future__ import annotations

from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from services.capacity.load import RelaySample
from services.sessions.nodes import NodeRegistry

log = structlog.get_logger(__name__)


class Relays:
    """Reads the nodes whose lease runs."""

    def __init__(self, redis_url: str, prefix: str) -> None:
        # Any: the client's types serve its two worlds at once.
        self._client: Any = redis.Redis.from_url(redis_url, socket_timeout=0.8, socket_connect_timeout=0.5)
        self._registry = NodeRegistry(self._ask, prefix)

    async def _ask(self, *words: str | bytes | int) -> Any:
        return await self._client.execute_command(*words)

    async def read(self) -> list[RelaySample] | None:
        """Each node; None where Redis does not answer."""
        try:
            nodes = await self._registry.alive()
        except (RedisError, OSError) as error:
            log.warning("relays_not_read", error=repr(error))
            return None
        return [RelaySample(node.load, node.capacity) for node in nodes.values()]

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()
