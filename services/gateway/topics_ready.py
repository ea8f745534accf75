"""Waiting for the topics, which the worker creates: a broker that is asked may make wrong ones of its own."""

from __future__ import annotations

import asyncio

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import TOPICS

log = structlog.get_logger(__name__)

USED = (
    *("incidents", "engineer-locations", "engineer-status", "dispatch-commands"),
    *("assignments", "region-kpi", "dead-letters", "registry"),
)
BACKOFF_S = (0.1, 0.1, 0.2, 0.2, 0.5, 0.5, 1.0)
TOLD_EVERY = 10


async def wait_for_topics(broker: str, topic_prefix: str) -> None:
    """Return once every topic that the gateway writes or reads is there with its partitions.

    Asks for all topics at once: naming one that is not there yet makes the embedded broker create it, with a
    number of partitions of its own. A wrong number is a wrong installation; it is told and waited for.
    """
    tries = 0
    while missing := await _missing(broker, topic_prefix):
        if tries % TOLD_EVERY == 0:
            log.warning("topics_not_there", broker=broker, missing=missing)
        await asyncio.sleep(BACKOFF_S[min(tries, len(BACKOFF_S) - 1)])
        tries += 1


async def _missing(broker: str, topic_prefix: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker, request_timeout_ms=5000)
    try:
        async with asyncio.timeout(10):
            await admin.start()
            described = await admin.describe_topics()
    except (KafkaError, OSError, TimeoutError) as error:
        return [f"the broker itself: {error!r}"]
    finally:
        await admin.close()
    found = {entry["topic"]: len(entry["partitions"]) for entry in described}
    return [
        f"{topic_prefix}{name} ({found.get(topic_prefix + name, 0)} of {TOPICS[name].partitions} partitions)"
        for name in USED
        if found.get(topic_prefix + name) != TOPICS[name].partitions
    ]
