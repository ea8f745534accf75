"""A lead declares a disaster in their region, amends it, or lifts it."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response

from schemas.answers import RegionAnswer
from schemas.api import DisasterBody
from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster, LiftDisaster
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.commands import AskedBy
from services.gateway.overlay import View
from services.gateway.publisher import Outgoing
from services.gateway.routes.control import MAYBE
from services.gateway.routes.regions import RegionId

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["control"])


@router.put("/regions/{region_id}/disaster", response_model=RegionAnswer, responses=MAYBE)
async def set_disaster(
    region_id: RegionId, body: DisasterBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Declare a disaster until a moment, with what it permits; or lift it. Who said so is recorded."""
    require_region(caller, region_id)
    defined = await gateway.shown.defined(region_id)
    event: DeclareDisaster | LiftDisaster
    if body.until is not None and body.declared:
        event = DeclareDisaster(
            region=region_id, until=body.until, permits=body.permits, by=caller.subject, reason=body.reason
        )
    else:
        event = LiftDisaster(region=region_id, by=caller.subject, reason=body.reason)

    async def build(decisions: Sequence[Decision]) -> View | None:
        said = decisions[0]
        stands = said.kind == "disaster_declared" and said.disaster is not None
        disaster = said.disaster.model_dump(mode="json") if stands and said.disaster else None
        known = await gateway.shown.region_after(defined, decisions[-1])
        return {**known, "disaster": disaster}

    outgoing = Outgoing("dispatch-commands", region_id, asked.event_id, event)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/regions/{region_id}")
