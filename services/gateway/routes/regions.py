"""Regions: defined by PUT, read from the read models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from schemas.answers import Accepted, RegionAnswer, Regions
from schemas.api import RegionBody
from schemas.base import Id, rfc3339
from schemas.decisions import Decision
from schemas.regions import RegionDefined
from schemas.views import RegionView
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.commands import AskedBy
from services.gateway.exercising import refuse_an_exercise
from services.gateway.overlay import View
from services.gateway.problems import RedisAway
from services.gateway.publisher import Outgoing
from services.gateway.routes.answers import json_answer

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["regions"])
RegionId = Annotated[Id, Path()]


@router.put("/regions/{region_id}", response_model=RegionAnswer, responses={202: {"model": Accepted}})
async def define_region(
    region_id: RegionId, body: RegionBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Define a region, or replace its time zone, terms and borders."""
    require_region(caller, region_id)
    refuse_an_exercise(region_id)
    event = RegionDefined(region=region_id, **dict(body))

    async def build(decisions: Sequence[Decision]) -> View | None:
        last = decisions[-1]
        try:
            model = await gateway.models.region(region_id)
        except RedisAway:
            model = None
        said = event.model_dump(mode="json", exclude_none=True)
        known = model.view if model is not None and model.log == last.log else {}
        at = max(last.offset, known.get("offset", -1))
        return {**known, **said, "log": last.log, "offset": at, "now": rfc3339(last.decided_at)}

    outgoing = Outgoing("dispatch-commands", region_id, asked.event_id, event)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/regions/{region_id}")


@router.get("/regions", response_model=Regions)
async def list_regions(caller: Caller, gateway: Parts) -> Response:
    """The regions one may see, by name."""
    wanted = {region for region in await gateway.shown.known_regions() if caller.sees(region)}
    models = {model.view["region"]: model.view for model in await gateway.shown.regions(wanted)}
    defined = gateway.tail.standing.regions
    views = [
        models.get(region) or gateway.shown.region_without_model(defined[region])
        for region in sorted(wanted)
        if region in models or region in defined
    ]
    return json_answer({"items": views})


@router.get("/regions/{region_id}", response_model=RegionView)
async def read_region(region_id: RegionId, caller: Caller, gateway: Parts) -> Response:
    """One region: terms, borders, how it stands."""
    require_region(caller, region_id)
    model = await gateway.models.region(region_id)
    if model is not None:
        return json_answer(model.view)
    return json_answer(gateway.shown.region_without_model(await gateway.shown.defined(region_id)))
