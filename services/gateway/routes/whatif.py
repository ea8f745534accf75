"""What if: both regions' futures with a move and without, as they are played."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from schemas.exercises import is_exercise_region
from schemas.whatif import ForkReport, WhatIfBody
from services.gateway.access import Caller, GuardedRoute, Parts
from services.gateway.problems import ProblemError
from services.gateway.routes.streams import EventStream

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["lending"])
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `report`, a ForkReport that replaces the one before; `problem`",
        "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/ForkReport"}}},
    }
}


@router.post("/whatif", response_model=ForkReport, responses=STREAMED)
async def what_if(body: WhatIfBody, caller: Caller, gateway: Parts) -> Response:
    """Fork the live log: what these regions may expect with a move and without. It commits nothing.

    For a lead of one of them at least: who would be helped sees what it costs the others.
    """
    if not any(map(caller.sees, body.regions)):
        raise ProblemError("forbidden", f"None of {', '.join(body.regions)} is yours.")
    if len({is_exercise_region(region) for region in body.regions}) > 1:
        raise ProblemError(
            "conflict", "A drill and a real region have no future together.", reason="exercise"
        )
    reports = gateway.forking.reports(body)
    try:
        first = await anext(reports)
    except BaseException:
        await reports.aclose()
        raise
    return EventStream(gateway, caller, _chunks(first, reports))


async def _chunks(first: ForkReport, further: AsyncGenerator[ForkReport]) -> AsyncGenerator[bytes]:
    async with aclosing(further):
        yield _event("report", first.model_dump_json(exclude_none=True).encode())
        try:
            async for report in further:
                yield _event("report", report.model_dump_json(exclude_none=True).encode())
        except ProblemError as problem:
            yield _event("problem", orjson.dumps({"type": problem.kind, "detail": problem.detail}))


def _event(name: str, told: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), told)
