"""The decision stream and the scenario's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from schemas.answers import ClockAnswer, FieldError
from schemas.api import ClockBody
from schemas.base import Id, Tier
from schemas.clock import ClockTicked
from schemas.topics import REGION_PARTITIONS
from services.gateway.access import Caller, GuardedRoute, Parts
from services.gateway.commands import AskedBy
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError, invalid_fields
from services.gateway.publisher import Outgoing
from services.gateway.routes.chosen import named_regions
from services.gateway.stored_answers import StoredAnswer
from services.gateway.tokens import Identity
from services.gateway.vector import BadVector, Vector

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["stream"])
SEND_WITHIN_S = 30.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream(Response):
    """Chunks as they come; ends with the iterator, or when the client leaves or reads nothing for 30 s."""

    media_type = "text/event-stream"

    def __init__(self, gateway: Gateway, caller: Identity, chunks: AsyncGenerator[bytes]) -> None:
        super().__init__()
        self._gateway = gateway
        self._caller = caller
        self._chunks = chunks

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        self._gateway.metrics.streams.inc()
        try:
            with self._gateway.streams.hold_slot(self._caller):
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                sending = asyncio.create_task(self._send_all(send))
                leaving = asyncio.create_task(_left(receive))
                try:
                    await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    sending.cancel()
                    leaving.cancel()
                    await asyncio.gather(sending, leaving, return_exceptions=True)
        finally:
            self._gateway.metrics.streams.dec()

    async def _send_all(self, send: Send) -> None:
        try:
            async with aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    async with asyncio.timeout(SEND_WITHIN_S):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError):
            self._gateway.metrics.slow_streams.inc()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get(
    "/assignments/stream",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_assignments(
    caller: Caller,
    gateway: Parts,
    region: Annotated[list[Id] | None, Query(max_length=100)] = None,
    tier: Annotated[list[Tier] | None, Query(max_length=3)] = None,
    from_: Annotated[str, Query(alias="from", max_length=8192)] = "end",
    last_event_id: Annotated[str | None, Header(max_length=8192)] = None,
) -> Response:
    """Every decision as it is made, resumable by Last-Event-ID on any gateway (server-sent events)."""
    regions = named_regions(caller, region)
    start = _start(last_event_id or from_)
    wanted = gateway.streams.filter_for(caller, regions, frozenset(tier or ()))
    with gateway.streams.hold_slot(caller):  # asked here, where a 429 can still be said
        pass
    return EventStream(gateway, caller, gateway.streams.stream(caller, start, wanted))


def _start(text: str) -> Vector | None:
    if text == "end":
        return None
    if text == "earliest":
        return Vector()
    try:
        return Vector.decode(text)
    except BadVector as error:
        detail = "is neither end, earliest nor an id of this stream"
        raise invalid_fields([FieldError(field="from", detail=detail)]) from error


@router.post("/clock", response_model=ClockAnswer)
async def set_clock(body: ClockBody, gateway: Parts, asked: AskedBy) -> Response:
    """It is now `now` in the scenario: told to every partition of the log. Stepping back is ignored."""
    if gateway.clock.mode != "feed":
        raise ProblemError(
            "clock-is-wall", "Time is the wall's here; only --clock feed takes it from a feed."
        )

    async def answer() -> StoredAnswer:
        known = gateway.clock.now
        if known is None or body.now >= known:  # the same again may be a try whose first was not confirmed
            event = ClockTicked(now=body.now)
            ticks = [
                Outgoing("dispatch-commands", None, f"{asked.event_id}-{number}", event, partition=number)
                for number in range(REGION_PARTITIONS)
            ]
            await gateway.publisher.confirm(ticks, body.now, asked.traceparent)
            gateway.clock.advance(body.now)
        now = gateway.clock.now or body.now
        return StoredAnswer(200, "application/json", ClockAnswer(now=now).model_dump_json().encode())

    return await gateway.commands.once(asked, answer)
