"""What dispatchers and leads decide over the engine's head: assign, pin, lock, unlock, confirm, modes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from schemas.answers import Accepted, IncidentAnswer, RegionAnswer
from schemas.api import AssignBody, ConfirmBody, LockBody, ModesBody, PinBody, SwarmBody, UnlockBody
from schemas.base import Command, Wire
from schemas.commands import (
    AssignIncident,
    ConfirmSuggestion,
    IncidentCommand,
    LockIncident,
    SetModes,
    UnlockIncident,
)
from schemas.decisions import Decision
from schemas.swarms import SwarmIncident
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.commands import Asked, AskedBy
from services.gateway.overlay import View
from services.gateway.parts import Gateway
from services.gateway.publisher import Outgoing
from services.gateway.routes.incidents import IncidentId
from services.gateway.routes.regions import RegionId
from services.gateway.tokens import Identity

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["control"])
MAYBE: dict[int | str, dict[str, Any]] = {202: {"model": Accepted}}


@router.post("/incidents/{incident_id}/assign", response_model=IncidentAnswer, responses=MAYBE)
async def assign_incident(
    incident_id: IncidentId, body: AssignBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Send these engineers now; 409 names the hard rule that forbids it. Displaced work is queued again."""
    return await _command(gateway, caller, asked, incident_id, AssignIncident, body)


@router.post("/incidents/{incident_id}/pin", response_model=IncidentAnswer, responses=MAYBE)
async def pin_incident(
    incident_id: IncidentId, body: PinBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Only these engineers may go: a lock of the kind `engineer`."""
    return await _command(gateway, caller, asked, incident_id, LockIncident, body, kind="engineer")


@router.post("/incidents/{incident_id}/lock", response_model=IncidentAnswer, responses=MAYBE)
async def lock_incident(
    incident_id: IncidentId, body: LockBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Lock the start (`time`), its span (`range`), who goes (`engineer`), or who and the start (`both`)."""
    return await _command(gateway, caller, asked, incident_id, LockIncident, body)


@router.post("/incidents/{incident_id}/unlock", response_model=IncidentAnswer, responses=MAYBE)
async def unlock_incident(
    incident_id: IncidentId, body: UnlockBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Let the engine decide again about everything of the incident."""
    return await _command(gateway, caller, asked, incident_id, UnlockIncident, body)


@router.post("/incidents/{incident_id}/confirm", response_model=IncidentAnswer, responses=MAYBE)
async def confirm_suggestion(
    incident_id: IncidentId, body: ConfirmBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Carry out what is suggested; 409 where it, the epoch or a rule has changed since."""
    return await _command(gateway, caller, asked, incident_id, ConfirmSuggestion, body)


@router.post("/incidents/{incident_id}/swarm", response_model=IncidentAnswer, responses=MAYBE)
async def swarm_incident(
    incident_id: IncidentId, body: SwarmBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Let this many work on it with one lead; whoever is there stays. As few as its own crew ends that."""
    return await _command(gateway, caller, asked, incident_id, SwarmIncident, body)


async def _command(
    gateway: Gateway,
    caller: Identity,
    asked: Asked,
    incident_id: str,
    command: type[IncidentCommand],
    body: Command,
    **more: str,
) -> Response:
    """Send a command about an incident into its region's log, signed by the caller."""
    region = await gateway.shown.region_of_incident(incident_id)
    require_region(caller, region)
    event = command(incident_id=incident_id, region=region, by=caller.subject, **dict(body), **more)

    async def build(decisions: Sequence[Decision]) -> View | None:
        return await gateway.shown.incident_or_recent(incident_id, decisions[0].region)

    outgoing = Outgoing("dispatch-commands", region, asked.event_id, event, incident_id)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/incidents/{incident_id}")


async def about_region(gateway: Gateway, asked: Asked, region: str, event: Wire) -> Response:
    """Send a command about a region into its log; the answer is the region as it stands after it."""
    defined = await gateway.shown.defined(region)

    async def build(decisions: Sequence[Decision]) -> View | None:
        return await gateway.shown.region_after(defined, decisions[-1])

    outgoing = Outgoing("dispatch-commands", region, asked.event_id, event)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/regions/{region}")


@router.put("/regions/{region_id}/modes", response_model=RegionAnswer, responses=MAYBE)
async def set_modes(
    region_id: RegionId, body: ModesBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Dispatch tiers in shadow, by suggestion, or automatically."""
    require_region(caller, region_id)
    defined = await gateway.shown.defined(region_id)
    event = SetModes(region=region_id, modes=body.modes, by=caller.subject, reason=body.reason)

    async def build(decisions: Sequence[Decision]) -> View | None:
        known = await gateway.shown.region_after(defined, decisions[-1])
        return {**known, "modes": {**(known.get("modes") or {}), **event.modes}}

    outgoing = Outgoing("dispatch-commands", region_id, asked.event_id, event)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/regions/{region_id}")
