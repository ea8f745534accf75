"""One cause, many sites: declared with its root, ended, or told that a site is still down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from schemas.answers import IncidentAnswer, RegionAnswer
from schemas.api import CauseBody, EndCauseBody, StillDownBody
from schemas.base import Id
from schemas.decisions import Decision
from schemas.swarms import DeclareCause, EndCause, SiteStillDown
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.commands import AskedBy
from services.gateway.overlay import View
from services.gateway.publisher import Outgoing
from services.gateway.routes.control import MAYBE, about_region
from services.gateway.routes.incidents import IncidentId, region_of_theirs

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["control"])
CauseId = Annotated[Id, Path()]


@router.post("/causes/{cause_id}/declare", response_model=RegionAnswer, responses=MAYBE)
async def declare_cause(
    cause_id: CauseId, body: CauseBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Let the sites of a cause wait for its root. 409 where the root is restored or of another cause."""
    region = await gateway.shown.region_of_incident(body.root_id)
    require_region(caller, region)
    event = DeclareCause(region=region, cause_id=cause_id, by=caller.subject, **dict(body))
    return await about_region(gateway, asked, region, event)


@router.post("/causes/{cause_id}/end", response_model=RegionAnswer, responses=MAYBE)
async def end_cause(
    cause_id: CauseId, body: EndCauseBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """The sites have nothing in common after all: each returns to the queue as its own."""
    require_region(caller, body.region)
    event = EndCause(cause_id=cause_id, by=caller.subject, **dict(body))
    return await about_region(gateway, asked, body.region, event)


@router.post("/incidents/{incident_id}/still-down", response_model=IncidentAnswer, responses=MAYBE)
async def still_down(
    incident_id: IncidentId, body: StillDownBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """The cause's restoration did not bring this site back: it is served on its own. Customers say it too."""
    region = await region_of_theirs(gateway, caller, incident_id)
    event = SiteStillDown(incident_id=incident_id, region=region, by=caller.subject, **dict(body))

    async def build(decisions: Sequence[Decision]) -> View | None:
        return await gateway.shown.incident_or_recent(incident_id, decisions[0].region)

    outgoing = Outgoing("dispatch-commands", region, asked.event_id, event, incident_id)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/incidents/{incident_id}")
