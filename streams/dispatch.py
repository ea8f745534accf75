"""Dispatch: fold `region-events` and publish what each event decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from schemas.cloudevents import Envelope, encode
from schemas.decisions import Decision
from schemas.receipts import DecisionReceipt
from services.dispatch.fold import Logged
from streams.dead_letters import Sender
from streams.log import RegionLog
from streams.metrics import WorkerMetrics
from streams.owned import OwnedPartition
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

SOURCE = "muster/dispatch"

RECEIPTS_SOURCE = "muster/dispatch/receipts"

Publish = Callable[[Decision | DecisionReceipt], Awaitable[asyncio.Future[Any]]]
Note = Callable[[OwnedPartition, Logged, Sequence[Decision]], None]


async def run_dispatch(log: RegionLog, publish: Publish, note: Note, metrics: WorkerMetrics) -> None:
    """Fold `region-events` and publish what each event decides, until the log is closed.

    `publish` is confirmed before the next snapshot; `note` tells the read models what changed. Decisions
    leave before their receipts, which nobody waits for.
    """
    async for owned, event in log:  # only contiguous offsets of partitions we own
        started = time.perf_counter()
        decisions = owned.fold.step(event)
        metrics.fold_seconds.observe(time.perf_counter() - started)
        metrics.events_folded.labels(owned.number).inc()
        told: list[Decision | DecisionReceipt] = [*decisions, *owned.fold.receipts]
        for one in told:
            owned.unconfirmed.append(await publish(one))
        note(owned, event, decisions)


def envelope_of(decision: Decision | DecisionReceipt) -> Envelope:
    """A decision as a CloudEvent: named by its own id, timed by the log, caused by its event.

    A receipt has its decision's id, from a source of its own, and the decision as its cause.
    """
    if isinstance(decision, DecisionReceipt):
        return Envelope(
            id=decision.id,
            source=RECEIPTS_SOURCE,
            event=decision,
            time=decision.decided_at,
            partitionkey=decision.region,
            correlationid=decision.incident_id,
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


def publisher(producer: Sender, settings: WorkerSettings, metrics: WorkerMetrics) -> Publish:
    """Publish to `assignments` or `decision-receipts`, in the partition of the region's events."""
    assignments, receipts = settings.topic("assignments"), settings.topic("decision-receipts")

    async def publish(decision: Decision | DecisionReceipt) -> asyncio.Future[Any]:
        value, headers = encode(envelope_of(decision))
        topic = receipts
        if isinstance(decision, Decision):
            topic = assignments
            metrics.decisions.labels(decision.kind).inc()
        return await producer.send(topic, value, key=decision.region.encode(), headers=headers)

    return publish
