"""Which sessions are open, and where the small picture of each is, for who watches over many sites."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from schemas.assist_api import Glances, Sessions
from schemas.base import Id, rfc3339
from services.gateway.access import Caller, GuardedRoute, Parts
from services.gateway.console_files import host_of
from services.gateway.parts import Gateway
from services.gateway.routes.answers import json_answer
from services.gateway.tokens import Identity

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["remote assist"])
LISTED = 500
GLANCED = 64
"""As many pictures as somebody can look at."""


@router.get("/sessions", response_model=Sessions)
async def list_sessions(
    caller: Caller,
    gateway: Parts,
    region: Annotated[list[Id] | None, Query(max_length=100)] = None,
    incident_id: Annotated[Id | None, Query()] = None,
) -> Response:
    """Open sessions, newest first."""
    items = await _listed(caller, gateway, region, incident_id)
    return json_answer({"items": items, "now": rfc3339(gateway.clock.stamp)})


@router.get("/sessions/glances", response_model=Glances)
async def list_glances(
    caller: Caller,
    gateway: Parts,
    request: Request,
    region: Annotated[list[Id] | None, Query(max_length=100)] = None,
) -> Response:
    """Where the small pictures of the newest open sessions are; who was told is logged."""
    views = (await _listed(caller, gateway, region, None))[:GLANCED]
    host = host_of(request.headers.get("host", ""))
    items = await gateway.assist.glances(views, caller.subject, host)
    log.info("glances_given", by=caller.subject, sessions=[one.session_id for one in items])
    return json_answer({"items": [one.model_dump(mode="json") for one in items]})


async def _listed(
    caller: Identity, gateway: Gateway, region: list[str] | None, incident_id: str | None
) -> list[dict[str, Any]]:
    items = []
    for raw in await gateway.assist.views(LISTED):
        view = orjson.loads(raw)
        if view["state"] != "open" or incident_id not in (None, view["incident_id"]):
            continue
        if (not region or view["region"] in region) and _is_listed_for(caller, view):
            items.append(view)
    return items


def _is_listed_for(caller: Identity, view: dict[str, Any]) -> bool:
    if caller.role == "technician":
        own = {party["party"] for party in view["parties"]} | {view.get("technician")}
        return caller.subject in own
    return caller.sees(view["region"])
