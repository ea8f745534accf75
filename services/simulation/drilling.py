"""A scenario laid over a drill's region: its storm, where the drill's engineers are, for what they can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from schemas.base import Place
from schemas.exercises import PREFIX
from schemas.incidents import IncidentReported
from schemas.regions import EngineerRegistered, RegionDefined
from services.simulation.feed_errors import FeedMistake
from services.simulation.scenarios import Scenario


def laid_over(
    scenario: Scenario,
    region: RegionDefined,
    engineers: Sequence[EngineerRegistered],
    begins: datetime,
    run: str,
) -> Scenario:
    """The reports of the scenario's busiest region, moved to where the engineers are, from `begins` on.

    Products stand for each other in the order of how often they are reported, and how many have them; nothing
    asks for a level that nobody there has. `run` keeps the names of two drills apart.
    """
    if not engineers:
        raise FeedMistake(f"nobody in {region.region} is on shift: there is nobody to drill")
    reports = _busiest(scenario)
    if not reports:
        raise FeedMistake(f"scenario {scenario.name!r} has no incidents: there is nothing to play")
    there, here = _centre([one.place for one in reports]), _centre([one.home for one in engineers])
    known = _stands_for(reports, engineers)
    later = begins - reports[0].reported_at
    names = {report.incident_id: f"{PREFIX}{run}-{report.incident_id}"[:128] for report in reports}
    played = [
        _of_the_drill(report, names[report.incident_id], region.region, later, known[report.product])
        for report in reports
    ]
    places = [_moved(report.place, there, here) for report in reports]
    played = [one.model_copy(update={"place": place}) for one, place in zip(played, places, strict=True)]
    service_min = {name: scenario.service_min[real] for real, name in names.items()}
    return Scenario(
        name=f"{scenario.name} in {region.region}",
        terms=region.terms,
        regions=(region,),
        engineers=tuple(engineers),
        reports=tuple(played),
        service_min=MappingProxyType(service_min),
    )


def denser(scenario: Scenario, strength: float) -> Scenario:
    """The same reports so many times as fast: a storm that a region can not weather alone."""
    first = scenario.reports[0].reported_at
    reports = [
        one.model_copy(update={"reported_at": first + (one.reported_at - first) / strength})
        for one in scenario.reports
    ]
    return replace(scenario, reports=tuple(reports))


Drilled = tuple[RegionDefined, Sequence[EngineerRegistered]]
"""A drill as the gateway shows it: its definition, and who is in it."""


def accompanied(scenario: Scenario, neighbours: Sequence[Drilled]) -> Scenario:
    """The same with drills beside it to which nothing is reported: whose engineers may be lent."""
    return replace(
        scenario,
        regions=(*scenario.regions, *(region for region, _ in neighbours)),
        engineers=(*scenario.engineers, *(one for _, engineers in neighbours for one in engineers)),
    )


def _of_the_drill(
    report: IncidentReported, name: str, region: str, later: timedelta, known: tuple[str, int]
) -> IncidentReported:
    product, most = known
    return IncidentReported(
        incident_id=name,
        region=region,
        reported_at=report.reported_at + later,
        place=report.place,
        tier=report.tier,
        product=product,
        level=min(report.level, most),
        expected_service_min=report.expected_service_min,
    )


def _busiest(scenario: Scenario) -> list[IncidentReported]:
    counts = Counter(report.region for report in scenario.reports)
    most = max(counts, key=lambda name: (counts[name], str(name)), default=None)
    return [report for report in scenario.reports if report.region == most]


def _centre(places: Sequence[Place]) -> tuple[float, float]:
    return sum(p.lat for p in places) / len(places), sum(p.lon for p in places) / len(places)


def _moved(place: Place, there: tuple[float, float], here: tuple[float, float]) -> Place:
    lat = min(max(place.lat - there[0] + here[0], -90.0), 90.0)
    lon = (place.lon - there[1] + here[1] + 180.0) % 360.0 - 180.0
    return Place(lat=lat, lon=lon)


def _stands_for(
    reports: Sequence[IncidentReported], engineers: Sequence[EngineerRegistered]
) -> dict[str, tuple[str, int]]:
    """By the scenario's product: the region's own in its place, and the highest level that anybody has."""
    asked = Counter(report.product for report in reports)
    had = Counter(product for engineer in engineers for product in engineer.skills)
    own = sorted(had, key=lambda product: (-had[product], product))
    most = {p: max(e.skills.get(p, 0) for e in engineers) for p in own}
    ordered = sorted(asked, key=lambda product: (-asked[product], product))
    return {one: (own[n % len(own)], most[own[n % len(own)]]) for n, one in enumerate(ordered)}


def within(scenario: Scenario, hours: float) -> Scenario:
    """The scenario's first hours alone."""
    ends = scenario.reports[0].reported_at + timedelta(hours=hours)
    kept = tuple(report for report in scenario.reports if report.reported_at <= ends)
    return replace(scenario, reports=kept)
