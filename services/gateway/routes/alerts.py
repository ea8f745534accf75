"""Warnings of the Common Alerting Protocol: one message becomes an event of each region that it touches."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from schemas.answers import Accepted, AlertAnswer, AlertAnswerOfRegion, FieldError
from schemas.base import Id
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.alerting import Told, who_is_told
from services.gateway.cap import CapFault, CapMessage, read_cap
from services.gateway.commands import Asked, AskedBy, accepted, refusal_of, rejection_of
from services.gateway.parts import Gateway
from services.gateway.problems import MEDIA_TYPE, ProblemError, invalid_fields
from services.gateway.publisher import Outgoing
from services.gateway.stored_answers import StoredAnswer
from services.gateway.waiting import Answer

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["alerts"])
CAP = "application/cap+xml"
TAKEN = frozenset({CAP, "application/xml", "text/xml"})
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {CAP: {"schema": {"type": "string"}}}},
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {"model": Accepted},
    415: {
        "description": "Not CAP",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}


@router.post("/alerts", response_model=AlertAnswer, responses=ANSWERS, openapi_extra=BODY)
async def take_alert(
    request: Request,
    caller: Caller,
    gateway: Parts,
    asked: AskedBy,
    region: Annotated[list[Id] | None, Query(max_length=100)] = None,
) -> Response:
    """Take in a CAP 1.2 message: to the regions its areas touch or its geocodes name, and those named here.

    All of them must be the caller's. Only the status Actual reaches a region at work.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in TAKEN:
        raise ProblemError("unsupported-media-type", f"Send the message as {CAP}.")
    named = [await gateway.shown.defined(name) for name in region or []]
    message = await _read(await request.body())
    told = await who_is_told(gateway, message, [one.region for one in named])
    for name in told.events:
        require_region(caller, name)

    async def answer() -> StoredAnswer:
        return await _answer(gateway, asked, message, told)

    return await gateway.commands.once(asked, answer)


async def _read(body: bytes) -> CapMessage:
    try:
        return await asyncio.to_thread(read_cap, body)
    except CapFault as fault:
        raise invalid_fields([FieldError(field=fault.field, detail=str(fault))]) from fault


async def _answer(gateway: Gateway, asked: Asked, message: CapMessage, told: Told) -> StoredAnswer:
    """Publish each region's event, wait once for all, and answer for each."""
    sent = {
        name: Outgoing("dispatch-commands", name, f"{asked.event_id}-{name}", event)
        for name, event in told.events.items()
    }
    found = await gateway.commands.answer_to(asked, list(sent.values()), gateway.commands.wait_s(asked))
    if sent and not found:
        return accepted(Accepted(event_id=asked.event_id, location="/v1/regions"), "/v1/regions")
    regions = [_of_region(name, found.get(one.id), asked) for name, one in sent.items()]
    if regions and all(one.problem is not None for one in regions):
        problem = regions[0].problem
        assert problem is not None
        return StoredAnswer(problem.status, MEDIA_TYPE, problem.model_dump_json(exclude_none=True).encode())
    body = AlertAnswer(
        alert=message.name,
        status=message.status,
        type=message.type,
        regions=regions,
        why_nobody=told.why_nobody,
    )
    return StoredAnswer(
        200, "application/json", orjson.dumps(body.model_dump(mode="json", exclude_none=True))
    )


def _of_region(name: str, answer: Answer | None, asked: Asked) -> AlertAnswerOfRegion:
    if answer is None:
        return AlertAnswerOfRegion(region=name, status=202)
    problem = rejection_of(answer.letter) if answer.letter is not None else refusal_of(answer.decisions)
    if problem is not None:
        return AlertAnswerOfRegion(region=name, status=problem.status, problem=problem.body(asked.path))
    return AlertAnswerOfRegion(region=name, status=200, decision=answer.decisions[0])
