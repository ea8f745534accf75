"""Kafka clients as this project uses them: one place for every setting and the one private name we need."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from schemas.topics import SNAPSHOT_BYTES
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses between tries to reach an engine; the last one repeats."""
AWAY = (KafkaError, OSError, asyncio.TimeoutError)
"""What a broker that is not there, or no longer, looks like."""


def new_producer(settings: WorkerSettings) -> AIOKafkaProducer:
    """A producer that never gives a record up while the broker may come back, so that nothing overtakes it.

    acks=all and no linger. It is not idempotent (the embedded broker refuses that): aiokafka keeps one
    request per partition in flight, so the order holds, and every reader drops an id it has seen.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.broker,
        acks="all",
        linger_ms=0,
        max_request_size=2 * SNAPSHOT_BYTES,
        max_batch_size=512 * 1024,
        request_timeout_ms=20_000,
        retry_backoff_ms=50,
        metadata_max_age_ms=30_000,
    )
    # By default a batch expires after the request timeout, and the next one, sent later, would overtake it:
    # a decision missing below a reader's high-water mark would never be seen again. There is no setting.
    producer._message_accumulator._batch_ttl = math.inf
    return producer


def new_group_consumer(settings: WorkerSettings, group: str, **more: Any) -> AIOKafkaConsumer:
    """A group member that commits by hand alone; fast heartbeats, so that a dead member is missed soon."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        group_id=settings.group(group),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_interval_ms,
        rebalance_timeout_ms=settings.session_timeout_ms,
        retry_backoff_ms=50,
        partition_assignment_strategy=(RangePartitionAssignor,),
        fetch_max_wait_ms=settings.fetch_wait_ms,
        metadata_max_age_ms=30_000,
        **more,
    )


def new_reader(settings: WorkerSettings, **more: Any) -> AIOKafkaConsumer:
    """A consumer of its own, in no group, whose partitions are assigned by hand."""
    chosen: dict[str, Any] = {
        "max_partition_fetch_bytes": 2 * SNAPSHOT_BYTES,
        "fetch_max_bytes": 4 * SNAPSHOT_BYTES,
    }
    return AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms,
        retry_backoff_ms=50,
        **(chosen | more),
    )


async def until_there(what: str, address: str, attempt: Callable[[], Awaitable[None]]) -> None:
    """Try until it works; say what is missing and where, and pause longer each time (at most 5 s)."""
    tries = 0
    while True:
        try:
            await attempt()
        except AWAY as error:
            pause_s = BACKOFF_S[min(tries, len(BACKOFF_S) - 1)]
            log.warning(
                "engine_not_there",
                engine=what,
                address=address,
                error=str(error),
                again_in_s=pause_s,
                tries=tries,
            )
            tries += 1
            await asyncio.sleep(pause_s)
        else:
            if tries:
                log.info("engine_found", engine=what, address=address)
            return
