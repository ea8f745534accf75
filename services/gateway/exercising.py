"""The copy of a region that a drill runs in: its definition, and its engineers as they stand now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.base import Place
from schemas.exercises import belongs, exercise_name, exercise_of, is_exercise_region
from schemas.regions import EngineerRegistered, RegionDefined
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError

MOST_COPIED = 1_000
"""More engineers than this are no drill any more, and more than one request may write."""


def refuse_an_exercise(region: str) -> None:
    """A 409 problem where a region's name says that it is an exercise: those begin and end by themselves."""
    if is_exercise_region(region):
        raise ProblemError(
            "conflict",
            f"{region} is an exercise: POST /v1/regions/{{id}}/exercise begins one.",
            reason="exercise",
        )


def refuse_a_mixture(region: str, name: str) -> None:
    """A 409 problem where an engineer or incident of this name has no place in the region."""
    if not belongs(region, name):
        raise ProblemError(
            "conflict",
            f"{name} can not be in {region}: what is of an exercise is named so, and nothing else is.",
            reason="exercise",
        )


def copied_region(region: RegionDefined) -> RegionDefined:
    """The definition of a region's exercise: no warning finds it by the codes of real areas."""
    return region.model_copy(update={"region": exercise_of(region.region), "exercise": True, "geocodes": []})


async def copied_engineers(gateway: Gateway, region: str, now: datetime) -> list[EngineerRegistered]:
    """Whoever is in the region now, under names of their own: where they stand, on shift or off it."""
    model = await gateway.models.region(region)
    views = {} if model is None else model.engineers
    if len(views) > MOST_COPIED:
        raise ProblemError(
            "conflict", f"{region} has {len(views)} engineers; an exercise copies {MOST_COPIED}."
        )
    await gateway.tail.catch_up_with_registry()
    known = gateway.tail.standing.engineers
    return [_copy(known[name], view, region, now) for name, view in sorted(views.items()) if name in known]


def _copy(said: EngineerRegistered, view: dict[str, Any], region: str, now: datetime) -> EngineerRegistered:
    """Their account of working time goes on where it is registered; what they had in hand is left."""
    on_shift = view.get("state") != "off_shift"
    began = said.available_from if said.available_from is not None and said.available_from <= now else now
    later = said.available_from if said.available_from is not None and said.available_from > now else None
    place = view.get("place")
    return said.model_copy(
        update={
            "engineer_id": exercise_name(said.engineer_id),
            "region": exercise_of(region),
            "home": Place.model_validate(place) if place else said.home,
            "available_from": began if on_shift else later,
            "shift_end": said.shift_end if said.shift_end is None or said.shift_end > now else None,
            "pinned_incident": None,
        }
    )
