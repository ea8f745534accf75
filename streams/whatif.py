"""The folds as they stand at the live log's present end: read, never written to."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import REGION_PARTITIONS
from services.dispatch.fold import PartitionFold
from streams.owned import restored
from streams.reading import region_events
from streams.settings import WorkerSettings
from streams.snapshots import last_snapshots

MOST_EVENTS = 300_000
"""Folded beyond the snapshots of all partitions before a fork is given up."""
READ = ("region-events", "region-snapshots")


class CannotRead(RuntimeError):
    """The present can not be read from the log, and the message says why.

    CannotRead
    ├─ NoLog          the topics are not there: nothing has ever run here
    └─ TooFarBehind   the snapshots are too old, or gone: folding up to now would take too long
    """


class NoLog(CannotRead):
    """The topics are not there: nothing has ever run here."""


class TooFarBehind(CannotRead):
    """The snapshots are too old, or gone: folding up to now would take too long."""


async def present_folds(settings: WorkerSettings) -> list[PartitionFold]:
    """Every partition that holds a region, folded from its last snapshot to the log's end.

    Raises CannotRead, KafkaError, TimeoutError.
    """
    await _look_for_topics(settings)
    numbers = range(REGION_PARTITIONS)
    owned = await restored(settings, numbers, await last_snapshots(settings, numbers))
    left = [MOST_EVENTS]
    await asyncio.gather(*(_fold_on(settings, one.number, one.fold, left) for one in owned))
    return [one.fold for one in owned if one.fold.regions]


async def _look_for_topics(settings: WorkerSettings) -> None:
    """Asking a broker for a topic that is not there may make it: look at the list first."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker, request_timeout_ms=10_000)
    try:
        await admin.start()
        there = set(await admin.list_topics())
    finally:
        await admin.close()
    missing = [settings.topic(name) for name in READ if settings.topic(name) not in there]
    if missing:
        raise NoLog(f"no log is here: {settings.broker} has no topic {', '.join(missing)}")


async def _fold_on(settings: WorkerSettings, partition: int, fold: PartitionFold, left: list[int]) -> None:
    fold.detail = None
    async with aclosing(region_events(settings, partition, fold.next_offset)) as events:
        async for logged in events:
            left[0] -= 1
            if left[0] < 0:
                raise TooFarBehind(f"more than {MOST_EVENTS:,} events lie behind the last snapshots")
            fold.step(logged)
