"""What phones say: shifts, positions, statuses; one by one, or as a batch that is answered one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from schemas.answers import Accepted, EngineerAnswer, FieldError, IncidentAnswer, PhoneAnswers
from schemas.api import (
    PhoneEventsBody,
    PositionsBody,
    ShiftBody,
    ShiftEntry,
    StatusBody,
    StatusEntry,
    WorkEstimateBody,
    WorkEstimateEntry,
)
from schemas.base import Id
from schemas.decisions import Decision
from schemas.engineers import PositionReported, ShiftReported, StatusReported, WorkEstimateUpdated
from services.gateway.access import Caller, GuardedRoute, Parts, require_own_engineer, require_region
from services.gateway.commands import AskedBy, accepted
from services.gateway.overlay import View
from services.gateway.parts import Gateway
from services.gateway.phone_batch import answer_batch, phone_event_id, require_on_shift
from services.gateway.problems import invalid_fields
from services.gateway.publisher import Outgoing
from services.gateway.stored_answers import StoredAnswer
from services.gateway.tokens import Identity

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["phones"])
EngineerId = Annotated[Id, Path()]
IncidentId = Annotated[Id, Path()]


async def require_engineer(gateway: Gateway, caller: Identity, engineer_id: str) -> None:
    """A problem where the engineer is unknown (404), or none of the caller's (403)."""
    require_own_engineer(caller, engineer_id)
    registered = await gateway.shown.registered(engineer_id)
    if caller.role != "technician":
        require_region(caller, registered.region)


async def require_named_engineer(
    gateway: Gateway, caller: Identity, body: StatusBody | WorkEstimateBody
) -> str:
    """Whose phone speaks: named, or the technician who asks; a problem where it is nobody, or not theirs."""
    engineer_id = body.engineer_id or (caller.subject if caller.role == "technician" else None)
    if engineer_id is None:
        raise invalid_fields([FieldError(field="engineer_id", detail="say whose phone this is")])
    await require_engineer(gateway, caller, engineer_id)
    return engineer_id


@router.post(
    "/engineers/{engineer_id}/shift", response_model=EngineerAnswer, responses={202: {"model": Accepted}}
)
async def report_shift(
    engineer_id: EngineerId, body: ShiftBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Start or end a shift or a break."""
    await require_engineer(gateway, caller, engineer_id)
    gateway.clock.refuse_future("occurred_at", body.occurred_at)
    entry = ShiftEntry(type="shift", engineer_id=engineer_id, **dict(body))
    event = ShiftReported(engineer_id=engineer_id, **dict(body))

    async def build(_decisions: Sequence[Decision]) -> View | None:
        return await gateway.shown.engineer_or_recent(engineer_id)

    outgoing = Outgoing("engineer-status", engineer_id, phone_event_id(entry), event, engineer_id)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/engineers/{engineer_id}")


@router.post(
    "/assignments/{incident_id}/status", response_model=IncidentAnswer, responses={202: {"model": Accepted}}
)
async def report_status(
    incident_id: IncidentId, body: StatusBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Tell how an assignment stands; 409 with the current epoch where it has moved on."""
    engineer_id = await require_named_engineer(gateway, caller, body)
    gateway.clock.refuse_future("occurred_at", body.occurred_at)
    said = dict(body) | {"engineer_id": engineer_id, "incident_id": incident_id}
    event = StatusReported(**said)
    event_id = phone_event_id(StatusEntry(type="status", **said))

    async def build(decisions: Sequence[Decision]) -> View | None:
        return await gateway.shown.incident_or_recent(incident_id, decisions[0].region)

    outgoing = Outgoing("engineer-status", engineer_id, event_id, event, incident_id)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/incidents/{incident_id}")


@router.post(
    "/assignments/{incident_id}/work-estimate",
    response_model=IncidentAnswer,
    responses={202: {"model": Accepted}},
)
async def report_work_estimate(
    incident_id: IncidentId, body: WorkEstimateBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Tell how many minutes the work on site will still take; 409 where the assignment has moved on."""
    engineer_id = await require_named_engineer(gateway, caller, body)
    gateway.clock.refuse_future("occurred_at", body.occurred_at)
    said = dict(body) | {"engineer_id": engineer_id, "incident_id": incident_id}
    event = WorkEstimateUpdated(**said)
    event_id = phone_event_id(WorkEstimateEntry(type="work_estimate", **said))

    async def build(decisions: Sequence[Decision]) -> View | None:
        return await gateway.shown.incident_or_recent(incident_id, decisions[0].region)

    outgoing = Outgoing("engineer-status", engineer_id, event_id, event, incident_id)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/incidents/{incident_id}")


@router.post("/engineers/{engineer_id}/positions", status_code=202, response_model=Accepted)
async def report_positions(
    engineer_id: EngineerId, body: PositionsBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Take in a phone's position fixes; none from somebody off shift."""
    await require_engineer(gateway, caller, engineer_id)
    for number, fix in enumerate(body.positions):
        gateway.clock.refuse_future(f"positions.{number}.fixed_at", fix.fixed_at)
    await require_on_shift(gateway, engineer_id)
    outgoing = [
        Outgoing(
            "engineer-locations",
            engineer_id,
            f"{asked.event_id}-{number}",
            PositionReported(engineer_id=engineer_id, **dict(fix)),
        )
        for number, fix in enumerate(body.positions)
    ]

    async def answer() -> StoredAnswer:
        await gateway.publisher.confirm(outgoing, gateway.clock.stamp, asked.traceparent)
        location = f"/v1/engineers/{engineer_id}"
        return accepted(Accepted(accepted=len(outgoing), location=location), location)

    return await gateway.commands.once(asked, answer)


@router.post("/phones/events", response_model=PhoneAnswers)
async def report_phone_events(
    body: PhoneEventsBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """An offline queue, or many phones at once: applied in order, each event answered by itself."""

    async def answer() -> StoredAnswer:
        answers = await answer_batch(gateway, caller, body.events, asked)
        content = answers.model_dump_json(exclude_none=True).encode()
        return StoredAnswer(200, "application/json", content)

    return await gateway.commands.once(asked, answer)
