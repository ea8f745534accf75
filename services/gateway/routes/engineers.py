"""Engineers: registered by PUT, read from the read models; the technician's current job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from schemas.answers import Accepted, EngineerAnswer, Engineers, Job
from schemas.api import EngineerBody
from schemas.base import Id, rfc3339
from schemas.decisions import Decision, EngineerState
from schemas.regions import EngineerRegistered
from schemas.views import EngineerView
from services.gateway.access import Caller, GuardedRoute, Parts, require_own_engineer, require_region
from services.gateway.commands import AskedBy
from services.gateway.exercising import refuse_a_mixture
from services.gateway.overlay import View, has_in_hand
from services.gateway.parts import Gateway
from services.gateway.publisher import Outgoing
from services.gateway.routes.answers import Cursor, Limit, json_answer, page_of
from services.gateway.routes.chosen import chosen_regions
from services.gateway.tokens import Identity

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["engineers"])
EngineerId = Annotated[Id, Path()]


@router.put("/engineers/{engineer_id}", response_model=EngineerAnswer, responses={202: {"model": Accepted}})
async def register_engineer(
    engineer_id: EngineerId, body: EngineerBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Register an engineer, or replace their standing data."""
    require_region(caller, body.region)
    refuse_a_mixture(body.region, engineer_id)
    before = gateway.tail.standing.engineers.get(engineer_id)
    if before is not None:
        require_region(caller, before.region)
    event = EngineerRegistered(engineer_id=engineer_id, **dict(body))

    async def build(_decisions: Sequence[Decision]) -> View | None:
        view = await gateway.shown.engineer_or_recent(engineer_id)
        said = {"region": event.region, "skills": dict(event.skills), "languages": list(event.languages)}
        return None if view is None else {**view, **said}

    outgoing = Outgoing("dispatch-commands", body.region, asked.event_id, event)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/engineers/{engineer_id}")


@router.get("/engineers", response_model=Engineers)
async def list_engineers(
    caller: Caller,
    gateway: Parts,
    region: Annotated[list[Id] | None, Query(max_length=100)] = None,
    state: Annotated[list[EngineerState] | None, Query(max_length=10)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Engineers by region and id."""
    models = await gateway.shown.regions(await chosen_regions(gateway, caller, region))
    items = [
        ((model.view["region"], engineer_id), view)
        for model in models
        for engineer_id, view in model.engineers.items()
        if not state or view["state"] in state
    ]
    return json_answer(page_of(sorted(items, key=lambda item: item[0]), cursor, limit))


@router.get("/engineers/{engineer_id}", response_model=EngineerView)
async def read_engineer(engineer_id: EngineerId, caller: Caller, gateway: Parts) -> Response:
    """One engineer: state, place on shift, current incident."""
    return json_answer(await _visible(gateway, caller, engineer_id))


@router.get("/engineers/{engineer_id}/job", response_model=Job)
async def read_job(engineer_id: EngineerId, caller: Caller, gateway: Parts) -> Response:
    """What the technician's page shows: the engineer and the incident they have."""
    engineer = await _visible(gateway, caller, engineer_id)
    incident = None
    incident_id = engineer.get("incident_id")
    if incident_id is not None:
        incident = await gateway.shown.incident(incident_id, engineer["region"])
    if incident is not None and not has_in_hand(incident, engineer_id):
        incident = None
    now = gateway.clock.now
    answer: dict[str, Any] = {
        "now": None if now is None else rfc3339(now),
        "engineer": engineer,
        "incident": incident,
    }
    return json_answer(answer)


async def _visible(gateway: Gateway, caller: Identity, engineer_id: str) -> View:
    require_own_engineer(caller, engineer_id)
    view = await gateway.shown.engineer(engineer_id)
    if caller.role != "technician":
        require_region(caller, view["region"])
    return view
