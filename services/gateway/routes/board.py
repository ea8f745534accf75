"""What the board draws: one snapshot, the map, the statistics' windows; and the operator's dead letters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from schemas.answers import Board, DeadLetters, Kpis
from schemas.base import Id, Tier, rfc3339
from services.gateway.access import Caller, GuardedRoute, Parts
from services.gateway.overlay import View
from services.gateway.routes.answers import Limit, json_answer
from services.gateway.routes.chosen import chosen_regions
from services.gateway.routes.incidents import without_timeline
from services.gateway.shown import OPEN

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["board"])
ENDED_SHOWN_FOR = timedelta(hours=1)
WINDOWS = 500
GEOJSON: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A FeatureCollection",
        "content": {
            "application/geo+json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "features"],
                    "properties": {
                        "type": {"const": "FeatureCollection"},
                        "features": {"type": "array", "items": {"type": "object"}},
                    },
                }
            }
        },
    }
}
Regions = Annotated[list[Id] | None, Query(max_length=100)]
Tiers = Annotated[list[Tier] | None, Query(max_length=3)]


@router.get("/board", response_model=Board)
async def read_board(caller: Caller, gateway: Parts, region: Regions = None, tier: Tiers = None) -> Response:
    """Regions, incidents open or ended within the hour, engineers, windows, and where the stream goes on."""
    chosen = await chosen_regions(gateway, caller, region)
    models = await gateway.shown.regions(chosen)
    now = gateway.clock.now
    incidents = [
        without_timeline(view)
        for model in models
        for view in model.incidents.values()
        if (not tier or view["tier"] in tier) and _is_shown(view, now)
    ]
    windows = gateway.tail.standing.windows(chosen, set(tier) if tier else None, WINDOWS)
    positions = {model.view["region"]: model.position for model in models}
    answer: dict[str, Any] = {
        "now": None if now is None else rfc3339(now),
        "clock": gateway.clock.mode,
        "regions": [{**model.view, "offset": model.position} for model in models],
        "incidents": sorted(incidents, key=lambda view: (view["reported_at"], view["incident_id"])),
        "engineers": [view for model in models for _, view in sorted(model.engineers.items())],
        "kpi": [window.model_dump(mode="json") for window in windows],
        "last_event_id": gateway.streams.board_vector(positions),
    }
    return json_answer(answer)


def _is_shown(view: View, now: datetime | None) -> bool:
    if view["state"] in OPEN:
        return True
    ended = view.get("resolved_at") or (view.get("timeline") or [{}])[-1].get("at")
    if now is None or ended is None:
        return ended is not None
    return datetime.fromisoformat(ended) >= now - ENDED_SHOWN_FOR


@router.get("/map", response_class=Response, responses=GEOJSON)
async def read_map(caller: Caller, gateway: Parts, region: Regions = None) -> Response:
    """Open incidents and engineers on shift as a GeoJSON FeatureCollection (RFC 7946: longitude first)."""
    models = await gateway.shown.regions(await chosen_regions(gateway, caller, region))
    incident_fields = (
        "incident_id",
        "state",
        "tier",
        "product",
        "region",
        "engineer_id",
        "promised_at",
        "late",
    )
    engineer_fields = ("engineer_id", "state", "region", "incident_id", "fixed_at", "reachable")
    features = []
    for model in models:
        features += [
            _feature("incident", view, incident_fields)
            for _, view in sorted(model.incidents.items())
            if view["state"] in OPEN
        ]
        features += [
            _feature("engineer", view, engineer_fields)
            for _, view in sorted(model.engineers.items())
            if view.get("place") is not None and view["state"] != "off_shift"
        ]
    return json_answer({"type": "FeatureCollection", "features": features}, "application/geo+json")


def _feature(kind: str, view: View, fields: tuple[str, ...]) -> dict[str, Any]:
    place = view["place"]
    return {
        "type": "Feature",
        "id": f"{kind}/{view[fields[0]]}",
        "geometry": {"type": "Point", "coordinates": [place["lon"], place["lat"]]},
        "properties": {"kind": kind} | {name: view.get(name) for name in fields},
    }


@router.get("/kpi", response_model=Kpis)
async def read_kpi(
    caller: Caller, gateway: Parts, region: Regions = None, tier: Tiers = None, limit: Limit = 500
) -> Response:
    """The newest windows of the statistics by region and tier, oldest first."""
    chosen = await chosen_regions(gateway, caller, region)
    windows = gateway.tail.standing.windows(chosen, set(tier) if tier else None, limit)
    return json_answer({"items": [window.model_dump(mode="json") for window in windows]})


@router.get("/dead-letters", response_model=DeadLetters)
async def read_dead_letters(gateway: Parts, limit: Limit = 100) -> Response:
    """The newest records that nobody could read or apply, with their reasons."""
    letters = gateway.tail.standing.letters(limit)
    return json_answer({"items": [letter.model_dump(mode="json", exclude_none=True) for letter in letters]})
