"""Which regions a warning concerns, and the event that each of them is told."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from schemas.alerts import SEVERITY_RANK, Alert, AlertCancelled, AlertEvent, AlertRaised, AlertUpdated
from schemas.exercises import is_exercise_region
from schemas.regions import RegionDefined
from services.gateway.cap import CapMessage, Info
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError
from services.surge.areas import touches


@dataclass(frozen=True, slots=True)
class Told:
    """The event of each region by name; where there is none, why."""

    events: dict[str, AlertEvent] = field(default_factory=dict)
    why_nobody: str | None = None


async def who_is_told(gateway: Gateway, message: CapMessage, named: Collection[str]) -> Told:
    """Whom a message concerns; a 404 problem where it cancels what no region has."""
    if message.type in ("Ack", "Error"):
        return Told(why_nobody=f"a message of the type {message.type} changes nothing here")
    if message.status not in ("Actual", "Exercise"):
        return Told(why_nobody=f"the status {message.status} reaches no region at work")
    await gateway.tail.catch_up_with_registry()
    drill = message.status == "Exercise"
    regions = {n: one for n, one in gateway.tail.standing.regions.items() if is_exercise_region(n) == drill}
    alerts = await asyncio.to_thread(alerts_of, message, regions, named)
    nobody = "the status Exercise reaches no region at work" if drill else "its areas touch no region"
    if message.type == "Alert":
        raised: dict[str, AlertEvent] = {
            name: AlertRaised(region=name, alert=alert) for name, alert in alerts.items()
        }
        return Told(raised, None if raised else nobody)
    having = await gateway.shown.regions_with_alert(message.references)
    having = {name for name in having if is_exercise_region(name) == drill}
    if message.type == "Update":
        return _updated(message, alerts, having)
    if not having:
        raise ProblemError("not-found", f"No region has one of these: {', '.join(message.references)}.")
    return Told({name: _cancelled(message, name, "cancelled") for name in sorted(having)})


def _updated(message: CapMessage, alerts: Mapping[str, Alert], having: Iterable[str]) -> Told:
    """An update of an area: new regions learn of it, and those that it has left are free of it."""
    events: dict[str, AlertEvent] = {
        name: AlertUpdated(region=name, alert=alert, references=message.references)
        for name, alert in alerts.items()
    }
    for name in sorted(set(having) - set(alerts)):
        events[name] = _cancelled(message, name, "moved_away")
    return Told(events, None if events else "its areas touch no region")


def _cancelled(message: CapMessage, region: str, reason: str) -> AlertCancelled:
    return AlertCancelled(region=region, alert=message.name, references=message.references, reason=reason)


def alerts_of(
    message: CapMessage, regions: Mapping[str, RegionDefined], named: Collection[str]
) -> dict[str, Alert]:
    """By region, in order of the names: the alert as it concerns it, of the `info` that weighs most there."""
    found = {}
    for name, region in sorted(regions.items()):
        infos = [info for info in message.infos if name in named or _concerns(info, region)]
        if infos:
            found[name] = _alert(message, max(infos, key=lambda info: SEVERITY_RANK[info.severity]))
    return found


def _concerns(info: Info, region: RegionDefined) -> bool:
    if any(code in region.geocodes for code in info.geocodes):
        return True
    polygon = region.polygon
    return polygon is not None and any(touches(area, polygon) for area in info.areas)


def _alert(message: CapMessage, info: Info) -> Alert:
    return Alert(
        alert=message.name,
        status="Exercise" if message.status == "Exercise" else "Actual",
        event=info.event,
        category=info.category,
        urgency=info.urgency,
        severity=info.severity,
        certainty=info.certainty,
        onset=info.onset,
        expires=info.expires,
        headline=info.headline,
        area=info.area,
        areas=info.areas,
    )
