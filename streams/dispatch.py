"""Dispatch: fold `region-events` and publish what each event decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from typing import Any

import structlog

from schemas.cloudevents import Envelope, encode
from schemas.decisions import Decision
from schemas.engineers import PhoneEvent
from schemas.lending import RegionLoad
from schemas.postings import PostingReceipt
from schemas.receipts import DecisionReceipt
from services.dispatch.fold import Logged
from streams.dead_letters import Sender
from streams.lending import is_about_lending, loads_due
from streams.metrics import WorkerMetrics
from streams.owned import OwnedPartition
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

SOURCE = "muster/dispatch"

RECEIPTS_SOURCE = "muster/dispatch/receipts"

Receipt = DecisionReceipt | PostingReceipt
Told = Decision | Receipt | RegionLoad | Logged
"""What leaves a fold; a logged event is a phone's word for the region that owns the engineer now."""
Publish = Callable[[Told], Awaitable[list[asyncio.Future[Any]]]]
Note = Callable[[OwnedPartition, Logged, Sequence[Decision]], None]


async def run_dispatch(
    log: AsyncIterable[tuple[OwnedPartition, Logged]], publish: Publish, note: Note, metrics: WorkerMetrics
) -> None:
    """Fold `region-events` and publish what each event decides, until the log is closed.

    `publish` is confirmed before the next snapshot. `note` tells the read models what changed before anything
    is waited for, since they are written meanwhile, up to this event's position. Decisions leave before
    their receipts, which nobody waits for.
    """
    async for owned, event in log:  # only contiguous offsets of partitions we own
        onward, clock = owned.fold.handed_on(event), owned.fold.now
        started = time.perf_counter()
        decisions = owned.fold.step(event)
        metrics.fold_seconds.observe(time.perf_counter() - started)
        metrics.events_folded.labels(owned.number).inc()
        note(owned, event, decisions)
        receipts: list[Receipt] = [*owned.fold.receipts, *owned.fold.postings]
        told: list[Told] = [*decisions, *receipts, *loads_due(owned.fold, clock)]
        if onward is not None:
            told.append(event)
        for one in told:
            owned.unconfirmed.extend(await publish(one))


def envelope_of(decision: Decision | Receipt) -> Envelope:
    """A decision as a CloudEvent: named by its own id, timed by the log, caused by its event.

    A receipt has its decision's id, from a source of its own, and the decision as its cause.
    """
    if isinstance(decision, Receipt):
        about = decision.incident_id if isinstance(decision, DecisionReceipt) else decision.chosen.engineer_id
        return Envelope(
            id=decision.id,
            source=RECEIPTS_SOURCE,
            event=decision,
            time=decision.decided_at,
            partitionkey=decision.region,
            correlationid=about,
            causationid=decision.id,
        )
    return Envelope(
        id=decision.id,
        source=SOURCE,
        event=decision,
        time=decision.decided_at,
        partitionkey=decision.region,
        correlationid=decision.incident_id or "",
        causationid=decision.caused_by,
    )


def handed_on(logged: Logged) -> Envelope:
    """A phone's word under the id and source it came with."""
    assert isinstance(logged.event, PhoneEvent)
    at, region = logged.event.occurred_at, logged.region
    return Envelope(id=logged.id, source=logged.source, event=logged.event, time=at, partitionkey=region)


def load_envelope(load: RegionLoad) -> Envelope:
    """A region's load, named by the clock event that it was measured at."""
    name = f"{load.log}/{load.region}/{load.offset}/load"
    return Envelope(id=name, source=SOURCE, event=load, time=load.at, partitionkey=load.region)


def publisher(producer: Sender, settings: WorkerSettings, metrics: WorkerMetrics) -> Publish:
    """Publish decisions and receipts in the partition of the region's events, what is of lending in one."""
    assignments, receipts = settings.topic("assignments"), settings.topic("decision-receipts")
    lending, loads = settings.topic("lending"), settings.topic("region-load")

    async def send(topic: str, envelope: Envelope, **where: int) -> asyncio.Future[Any]:
        value, headers = encode(envelope)
        return await producer.send(topic, value, key=envelope.partitionkey.encode(), headers=headers, **where)

    async def publish(told: Told) -> list[asyncio.Future[Any]]:
        match told:
            case Logged():
                return [await send(lending, handed_on(told), partition=0)]
            case RegionLoad():
                return [await send(loads, load_envelope(told), partition=0)]
            case DecisionReceipt() | PostingReceipt():
                return [await send(receipts, envelope_of(told))]
        metrics.decisions.labels(told.kind).inc()
        sent = [await send(assignments, envelope_of(told))]
        if is_about_lending(told):
            sent.append(await send(lending, envelope_of(told), partition=0))
        return sent

    return publish
