"""How a region stands, as one figure for others: what waits, who is there, what has been reported so far."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from schemas.base import TIERS, Place
from schemas.lending import Demand, RegionLoad
from services.dispatch.alerts import hazard_of
from services.dispatch.eligibility import takes_work
from services.dispatch.lending_rules import home_strength
from services.dispatch.moments import minutes_ms, to_moment
from services.dispatch.state import Engineer, Incident, RegionState
from services.dispatch.travel import ms_per_km

LOAD_EVERY_MS = minutes_ms(5)
SOON_MS = minutes_ms(30)
BREAKING_WITHIN_MS = minutes_ms(180)
LATEST = 20
"""The centre of what was reported is taken over so many, where nothing waits."""


def region_load(region: RegionState, log: str, offset: int, now: int) -> RegionLoad:
    """The region's load at `now` (ms), after the event at `offset`: made of the state alone."""
    waiting = [i for i in region.incidents.values() if i.state == "waiting" and i.waits_for is None]
    on_duty = [e for e in region.engineers.values() if takes_work(e)]
    here, strength = home_strength(region)
    waited = sorted(now - i.reported_at for i in waiting)
    return RegionLoad(
        region=region.region,
        log=log,
        offset=offset,
        at=to_moment(now),
        utc_offset_min=_utc_offset_min(region.time_zone, now),
        demand={p: Demand(reported=n, work_ms=ms) for p, (n, ms) in sorted(region.reported.items())},
        arrivals=region.travelled[0],
        travel_ms=region.travelled[1],
        waiting={tier: sum(i.tier == tier for i in waiting) for tier in TIERS},
        waiting_work_ms=_by_product(waiting),
        waited_p50_s=_quantile_s(waited, 50),
        waited_p90_s=_quantile_s(waited, 90),
        waited_max_s=_quantile_s(waited, 100),
        breaking=_breaking(region, waiting, len(on_duty), now),
        breaking_within_min=BREAKING_WITHIN_MS / 60_000,
        exercise=region.exercise,
        on_duty=len(on_duty),
        home_on_duty=here,
        home_strength=strength,
        busy=sum(e.incident_id is not None for e in on_duty),
        able={p: sum(p in e.skills for e in on_duty) for p in sorted({p for e in on_duty for p in e.skills})},
        free_soon=_free_soon(region, on_duty, now),
        ms_per_km=ms_per_km(region.terms),
        disaster_until=None if region.disaster is None else region.disaster.until,
        alerts=[hazard_of(alert) for alert in region.alerts.values()],
        centre=_centre(region, waiting),
        lending=region.desk.lending,
        entry_certificates=list(region.rules.entry_certificates),
        lends_to=None if region.rules.lends_to is None else list(region.rules.lends_to),
    )


def _utc_offset_min(time_zone: str, now: int) -> int:
    offset = to_moment(now).astimezone(ZoneInfo(time_zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def _by_product(waiting: list[Incident]) -> dict[str, int]:
    work: dict[str, int] = {}
    for incident in waiting:
        work[incident.product] = work.get(incident.product, 0) + incident.expected_service_ms
    return dict(sorted(work.items()))


def _quantile_s(ordered: list[int], percent: int) -> float:
    """The nearest-rank quantile of sorted milliseconds, in seconds; 0 of none."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] / 1000 if ordered else 0.0


def _breaking(region: RegionState, waiting: list[Incident], on_duty: int, now: int) -> int:
    """Promises that break soon though everybody works the queue off in the order of its promises."""
    reached, spent_ms = region.travelled
    travel = spent_ms // max(1, reached)
    ahead = breaking = 0
    for incident in sorted(waiting, key=lambda i: (i.promised_at, i.incident_id)):
        begins = now + travel + ahead // max(1, on_duty)
        ahead += travel + incident.expected_service_ms
        breaking += now <= incident.promised_at < min(begins, now + BREAKING_WITHIN_MS)
    return breaking


def _free_soon(region: RegionState, on_duty: list[Engineer], now: int) -> dict[str, list[int]]:
    """By product: how many will be free within half an hour, at each level or above."""
    free: dict[str, list[int]] = {}
    for engineer in on_duty:
        if _free_at(region, engineer, now) > now + SOON_MS:
            continue
        for product, level in engineer.skills.items():
            counts = free.setdefault(product, [0] * 5)
            for reached in range(level):
                counts[reached] += 1
    return dict(sorted(free.items()))


def _free_at(region: RegionState, engineer: Engineer, now: int) -> int:
    incident = region.incidents.get(engineer.incident_id or "")
    if incident is None:
        return engineer.arrives_at or now if engineer.joins_at is not None else now
    began = incident.on_site_at or engineer.arrives_at or now
    return max(now, began + incident.expected_service_ms)


def _centre(region: RegionState, waiting: list[Incident]) -> Place | None:
    """The mean place of what waits, else of what was reported last, else of where its engineers live."""
    seen = waiting or [*region.closed.values(), *region.incidents.values()][-LATEST:]
    places = [(i.lat, i.lon) for i in seen] or [(e.home_lat, e.home_lon) for e in region.engineers.values()]
    if not places:
        return None
    return Place(
        lat=sum(lat for lat, _ in places) / len(places), lon=sum(lon for _, lon in places) / len(places)
    )
