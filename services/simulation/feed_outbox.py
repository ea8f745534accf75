"""What the phones say, on its way to the gateway: in order, in batches, each batch until it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from schemas.api import MAX_BATCH
from schemas.engineers import StatusReported
from services.simulation.feed_gateway import TRY_AGAIN, GatewayClient
from services.simulation.feed_regions import RegionTimes
from services.simulation.phone import Said

ROUTE = "/v1/phones/events"
WAIT_S = 0.02
PAUSE_S = 0.5
QUEUE_LIMIT = 500_000


class Outbox:
    """A queue a region keeps each phone's order; positions give way when one grows too long.

    `region_of` names each engineer's region. What a region's clock is too far behind for waits in its queue.
    """

    def __init__(
        self, client: GatewayClient, run: str, region_of: Mapping[str, str], times: RegionTimes
    ) -> None:
        self._client = client
        self._run = run
        self._region_of = region_of
        self._times = times
        self._queues: dict[str, deque[Said]] = {region: deque() for region in region_of.values()}
        self._batches = 0
        self._sending = 0
        self.sent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def put(self, said: Iterable[Said]) -> None:
        """Queue what a phone says, in its order; beyond the limit a position is dropped, a status never."""
        for event in said:
            queue = self._queue_of(event)
            if len(queue) < QUEUE_LIMIT or isinstance(event, StatusReported):
                queue.append(event)

    def _queue_of(self, event: Said) -> deque[Said]:
        return self._queues[self._region_of[event.engineer_id]]

    @property
    def empty(self) -> bool:
        """Whether everything said so far is answered."""
        return not any(self._queues.values()) and not self._sending

    async def pump(self) -> None:
        """Send until cancelled; raises GatewayLost or GatewayRefused where the whole route fails."""
        while True:
            batch = self._take()
            if not batch:
                await asyncio.sleep(WAIT_S)
                continue
            self._sending = len(batch)
            again = await self._send(batch)
            for event in reversed(again):
                self._queue_of(event).appendleft(event)
            self._sending = 0
            if again:
                await asyncio.sleep(PAUSE_S)

    def _take(self) -> list[Said]:
        batch: list[Said] = []
        for region, queue in self._queues.items():
            while queue and len(batch) < MAX_BATCH and self._times.allows(region, moment(queue[0])):
                batch.append(queue.popleft())
        return batch

    async def _send(self, batch: list[Said]) -> list[Said]:
        """Send a batch under one key; return the entries to send again."""
        self._batches += 1
        body = {"events": [entry(event) for event in batch]}
        key = f"{self._run}-phones-{self._batches}"
        answer = await self._client.send("POST", ROUTE, body, key, prefer="respond-async")
        again: list[Said] = []
        for one in answer.json()["answers"]:
            event = batch[one["index"]]
            if one["status"] in TRY_AGAIN:
                again.append(event)
            elif one["status"] >= 400:
                self.refused[_refusal(event, one)] += 1
            else:
                self.sent[_kind(event)] += 1
        return again


def moment(event: Said) -> datetime:
    """When it happened, as the phone tells it."""
    return event.occurred_at if isinstance(event, StatusReported) else event.fixed_at


def entry(event: Said) -> dict[str, Any]:
    """The event as an entry of POST /v1/phones/events."""
    return {"type": _kind(event), **event.model_dump(mode="json", exclude_none=True)}


def _kind(event: Said) -> str:
    return "status" if isinstance(event, StatusReported) else "position"


def _refusal(event: Said, one: dict[str, Any]) -> str:
    found = one.get("problem") or {}
    why = found.get("reason") or str(found.get("type", "")).rpartition("/")[2] or found.get("title") or "?"
    return f"{_kind(event)} {one['status']} {why}"
