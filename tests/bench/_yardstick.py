"""The yardstick's measures: how well a replay's journeys served a scenario, and scenarios a little shifted.

The measures and the shift are those of the yardstick's README (a test holds them to its own scripts where
those are at hand).
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from schemas.base import Place
from schemas.incidents import IncidentReported
from services.simulation.geometry import haversine_km
from services.simulation.journeys import Leg
from services.simulation.scenarios import Scenario

SHIFT_DEG = 0.00019
"""Degrees of latitude: places are moved by up to about 30 m north or south, and as far east or west."""


class Score(NamedTuple):
    """What the yardstick measures. `J`: weighted minutes of response and penalty over the weight."""

    J: float
    breach_pct: float
    platinum_breach_pct: float
    km_per_incident: float
    moved_km_per_incident: float
    churn: float
    worst_over_best_area: float


class _Served(NamedTuple):
    report: IncidentReported
    response_min: float
    late: bool
    weight: float


def read_legs(file: Path) -> list[Leg]:
    """The journeys of a legs.csv."""
    with file.open(newline="", encoding="utf-8") as rows:
        return [
            Leg(
                engineer_id=row["engineer_id"],
                incident_id=row["incident_id"],
                departed_at=datetime.fromisoformat(row["departed_at"]),
                origin=Place(lat=float(row["from_lat"]), lon=float(row["from_lon"])),
                ended_at=datetime.fromisoformat(row["ended_at"]),
                end=Place(lat=float(row["to_lat"]), lon=float(row["to_lon"])),
                outcome=row["outcome"],  # type: ignore[arg-type]
            )
            for row in csv.DictReader(rows)
        ]


def score(scenario: Scenario, legs: Iterable[Leg]) -> Score:
    """Measure the journeys of a replay; an incident nobody arrived at counts to the horizon and as late."""
    legs = list(legs)
    driven = [haversine_km(leg.origin, leg.end) * scenario.terms.circuity for leg in legs]
    moved = sum(km for km, leg in zip(driven, legs, strict=True) if leg.outcome == "moved")
    served = _served(scenario, legs)
    platinum = [one for one in served if one.report.tier == "platinum"]
    return Score(
        J=_weighted_min(served, scenario.terms.breach_penalty_min),
        breach_pct=_late_pct(served),
        platinum_breach_pct=_late_pct(platinum),
        km_per_incident=sum(driven) / len(served),
        moved_km_per_incident=moved / len(served),
        churn=sum(leg.outcome == "diverted" for leg in legs) / len(served),
        worst_over_best_area=_worst_over_best(served),
    )


def area_j(scenario: Scenario, legs: Iterable[Leg]) -> dict[str, float]:
    """J of each region's own incidents."""
    areas: dict[str, list[_Served]] = {}
    for one in _served(scenario, list(legs)):
        areas.setdefault(one.report.region or "", []).append(one)
    penalty_min = scenario.terms.breach_penalty_min
    return {area: _weighted_min(served, penalty_min) for area, served in sorted(areas.items())}


def _served(scenario: Scenario, legs: list[Leg]) -> list[_Served]:
    arrived = {leg.incident_id: leg.ended_at for leg in legs if leg.outcome == "arrived"}
    horizon = max([report.reported_at for report in scenario.reports] + list(arrived.values()))
    terms = scenario.terms
    served = []
    for report in scenario.reports:
        at = arrived.get(report.incident_id)
        response_min = ((at or horizon) - report.reported_at).total_seconds() / 60
        late = at is None or response_min > terms.promise_min[report.tier]
        served.append(_Served(report, response_min, late, terms.weight[report.tier]))
    return served


def _weighted_min(served: list[_Served], penalty_min: float) -> float:
    whole = sum(one.weight * (one.response_min + penalty_min * one.late) for one in served)
    return whole / sum(one.weight for one in served)


def _late_pct(served: list[_Served]) -> float:
    return 100 * fmean(one.late for one in served) if served else 0.0


def _worst_over_best(served: list[_Served]) -> float:
    """Mean response of the worst area over the best: regions, or where there is one its four quarters."""
    areas: dict[str | tuple[bool, bool] | None, list[float]] = {}
    lat = median(one.report.place.lat for one in served)
    lon = median(one.report.place.lon for one in served)
    one_region = len({one.report.region for one in served}) == 1
    for one in served:
        place = one.report.place
        area = (place.lat < lat, place.lon < lon) if one_region else one.report.region
        areas.setdefault(area, []).append(one.response_min)
    means = [fmean(responses) for responses in areas.values()]
    return max(means) / max(min(means), 1e-9)


def shifted(scenario: Scenario, seed: int) -> Scenario:
    """The scenario with every place moved by up to 30 m: one replay of one day is noisy, a mean is not."""
    return replace(
        scenario,
        reports=tuple(
            report.model_copy(update={"place": _shifted(report.place, seed, report.incident_id)})
            for report in scenario.reports
        ),
        engineers=tuple(
            engineer.model_copy(update={"home": _shifted(engineer.home, seed, engineer.engineer_id)})
            for engineer in scenario.engineers
        ),
    )


def _shifted(place: Place, seed: int, name: str) -> Place:
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    north, east = (int.from_bytes(digest[i : i + 4], "big") / 2**31 - 1 for i in (0, 4))
    lat = place.lat + north * SHIFT_DEG
    lon = place.lon + east * SHIFT_DEG / math.cos(math.radians(place.lat))
    return Place(lat=float(f"{lat:.6f}"), lon=float(f"{lon:.6f}"))


def geometric_mean(ratios: Iterable[float]) -> float:
    """The mean that treats twice and half alike."""
    logs = [math.log(ratio) for ratio in ratios]
    return math.exp(fmean(logs))


def mean_score(scores: Iterable[Mapping[str, float]], measure: str) -> float:
    """The mean of one measure over several scores."""
    return fmean(score[measure] for score in scores)
