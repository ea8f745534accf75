"""Incidents: reported, listed, read, called off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from schemas.answers import Accepted, FieldError, IncidentAnswer, Incidents, Timeline
from schemas.api import CancelBody, IncidentBody
from schemas.base import Id, Tier
from schemas.decisions import Decision, IncidentState
from schemas.exercises import exercise_name, is_exercise_region
from schemas.incidents import CancelIncident, IncidentReported
from schemas.views import IncidentView
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.commands import AskedBy
from services.gateway.exercising import refuse_a_mixture
from services.gateway.overlay import View, has_in_hand
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError, invalid_fields
from services.gateway.publisher import Outgoing
from services.gateway.routes.answers import Cursor, Limit, json_answer, page_of
from services.gateway.routes.chosen import OWN_ONLY, chosen_regions
from services.gateway.shown import OPEN
from services.gateway.tokens import Identity

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["incidents"])
IncidentId = Annotated[Id, Path()]
StateFilter = Literal["open", IncidentState]


@router.post("/incidents", response_model=IncidentAnswer, responses={202: {"model": Accepted}})
async def report_incident(body: IncidentBody, caller: Caller, gateway: Parts, asked: AskedBy) -> Response:
    """Report an incident; 200 tells its state, with the assignment if one was made at once."""
    event = _report(body, caller, gateway, asked.event_id)
    incident_id = event.incident_id
    gateway.metrics.reported(incident_id)

    async def build(decisions: Sequence[Decision]) -> View | None:
        region = decisions[0].region
        gateway.recent.owned(incident_id, region, event.customer_id, event.tier)
        begun = event.model_dump(
            mode="json", exclude_none=True, include=set(IncidentView.model_fields) - {"region"}
        )
        return await gateway.shown.incident_or_recent(incident_id, region, begun)

    outgoing = Outgoing("incidents", incident_id, asked.event_id, event, incident_id)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/incidents/{incident_id}")


def _report(body: IncidentBody, caller: Identity, gateway: Gateway, event_id: str) -> IncidentReported:
    said = dict(body)
    region, made = body.region or "", f"inc-{event_id[:20]}"
    made = exercise_name(made) if is_exercise_region(region) else made
    said["incident_id"] = body.incident_id or made
    refuse_a_mixture(region, said["incident_id"])
    if body.reported_at is None:
        said["reported_at"] = gateway.clock.stamp
    else:
        gateway.clock.refuse_future("reported_at", body.reported_at)
    if caller.role == "customer":
        if body.customer_id not in (None, caller.customer):
            raise ProblemError("forbidden", "A customer reports for themselves only.")
        said["customer_id"] = caller.customer
        if is_exercise_region(region):
            raise ProblemError("forbidden", "A customer's report is never of an exercise.")
    if body.region is not None:
        require_region(caller, body.region)
    elif not caller.everywhere:
        raise invalid_fields([FieldError(field="region", detail="name one of your regions")])
    return IncidentReported(**said)


@router.get("/incidents", response_model=Incidents)
async def list_incidents(
    caller: Caller,
    gateway: Parts,
    region: Annotated[list[Id] | None, Query(max_length=100)] = None,
    tier: Annotated[list[Tier] | None, Query(max_length=3)] = None,
    state: Annotated[list[StateFilter] | None, Query(max_length=10)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Incidents by time of report, without their timelines."""
    if caller.role in OWN_ONLY and not region:
        regions = set(await gateway.models.logs())
    else:
        regions = await chosen_regions(gateway, caller, region)
    states: set[str] = set(state or ())
    if "open" in states:
        states |= OPEN
    items = [
        ((view["reported_at"].removesuffix("Z"), incident_id), without_timeline(view))  # 1Z is before 1.5Z
        for model in await gateway.shown.regions(regions)
        for incident_id, view in model.incidents.items()
        if (not states or view["state"] in states)
        and (not tier or view["tier"] in tier)
        and is_visible(caller, view)
    ]
    return json_answer(page_of(sorted(items, key=lambda item: item[0]), cursor, limit))


def without_timeline(view: View) -> View:
    """The view for lists."""
    return {name: value for name, value in view.items() if name != "timeline"}


def is_visible(caller: Identity, view: View) -> bool:
    """Whether one may see the incident: a technician's own, a customer's own, else by region."""
    if caller.role == "technician":
        return has_in_hand(view, caller.subject)
    if caller.role == "customer":
        return view.get("customer_id") == caller.customer and not _is_internal(view)
    return caller.sees(view["region"])


def _is_internal(view: View) -> bool:
    """Whether it is no customer's matter: a place in a swarm, or of a drill."""
    return view.get("swarm_of") is not None or is_exercise_region(view["region"])


@router.get("/incidents/{incident_id}", response_model=IncidentView)
async def read_incident(incident_id: IncidentId, caller: Caller, gateway: Parts) -> Response:
    """One incident with its timeline."""
    view = await visible_incident(gateway, caller, incident_id)
    return json_answer(await gateway.shown.with_sessions(view))


@router.get("/incidents/{incident_id}/timeline", response_model=Timeline)
async def read_timeline(incident_id: IncidentId, caller: Caller, gateway: Parts) -> Response:
    """An incident's story in the log's order."""
    view = await gateway.shown.with_sessions(await visible_incident(gateway, caller, incident_id))
    answer: dict[str, Any] = {"incident_id": incident_id, "entries": view.get("timeline") or []}
    return json_answer(answer)


async def visible_incident(gateway: Gateway, caller: Identity, incident_id: str) -> View:
    """An incident's view; 404 where there is none, or none that a technician or customer may know of."""
    region = await gateway.shown.region_of_incident(incident_id)
    view = await gateway.shown.incident(incident_id, region)
    if view is None or (caller.role in OWN_ONLY and not is_visible(caller, view)):
        raise ProblemError("not-found", f"There is no incident {incident_id}.")
    if caller.role not in OWN_ONLY:
        require_region(caller, view["region"])
    return view


async def region_of_theirs(gateway: Gateway, caller: Identity, incident_id: str) -> str:
    """The incident's region, where the caller may act on it: a customer on their own incidents alone."""
    region = await gateway.shown.region_of_incident(incident_id)
    if caller.role == "customer":
        known, customer = await gateway.shown.owner_of(incident_id, region)
        if not known or customer != caller.customer:
            raise ProblemError("not-found", f"There is no incident {incident_id}.")
    else:
        require_region(caller, region)
    return region


@router.post(
    "/incidents/{incident_id}/cancel", response_model=IncidentAnswer, responses={202: {"model": Accepted}}
)
async def cancel_incident(
    incident_id: IncidentId, body: CancelBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Call an incident off."""
    region = await region_of_theirs(gateway, caller, incident_id)
    event = CancelIncident(incident_id=incident_id, region=region, reason=body.reason, by=caller.subject)

    async def build(decisions: Sequence[Decision]) -> View | None:
        return await gateway.shown.incident_or_recent(incident_id, decisions[0].region)

    outgoing = Outgoing("dispatch-commands", region, asked.event_id, event, incident_id)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/incidents/{incident_id}")
