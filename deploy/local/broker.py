"""What the brokers for one machine have in common: an address, and a ready check by metadata request."""

from __future__ import annotations

import asyncio
import logging

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from deploy.local.engine import Engine, accepts_connections
from deploy.local.ports import HOST

METADATA_WITHIN_S = 2.0


class Broker(Engine):
    """A server that speaks the Kafka protocol; `address` is `host:port`."""

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return f"{HOST}:{self.port}"

    async def is_ready(self) -> bool:
        """Tell whether it names itself in its metadata: an open port alone comes earlier."""
        return await accepts_connections(self.port) and await answers_metadata(self.address)


async def answers_metadata(address: str) -> bool:
    """Tell whether the broker at this address answers a metadata request with at least one broker."""
    log = logging.getLogger("aiokafka")
    level = log.level
    log.setLevel(logging.CRITICAL)  # refused connections are what a starting broker looks like
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=int(METADATA_WITHIN_S * 1000))
    try:
        async with asyncio.timeout(METADATA_WITHIN_S):
            await client.bootstrap()
            return len(client.cluster.brokers()) > 0
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
        log.setLevel(level)
