"""The places of a swarm: an incident of its own for each who joins, who so comes, declines and goes alone.

A place asks for what the incident asks for, one level lower: expert time is the scarcest thing, and one who
has the full level is there as the incident's own engineer. Parts are brought once, by that engineer.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from services.dispatch import lifecycle, mirror
from services.dispatch.cost import Pairs, supply_at, travel_ms_of
from services.dispatch.eligibility import closes_at, opens_at
from services.dispatch.gatherings import Swarm
from services.dispatch.needs import FOREVER
from services.dispatch.opening import open_incident
from services.dispatch.rule_mask import fit_rows, in_time, may_go
from services.dispatch.state import ATTENDED, Engineer, Incident, RegionState
from services.dispatch.turn import Turn
from services.dispatch.warm import IDLE

LEVELS_LOWER = 1
"""So much less than the incident's level is asked of those who join."""


def places_of(region: RegionState, swarm: Swarm) -> list[Incident]:
    """The open places, in the order in which they were made."""
    found = (region.incidents.get(name) for name in swarm.places)
    return [place for place in found if place is not None]


def joined(region: RegionState, swarm: Swarm) -> Iterator[tuple[Incident, Engineer]]:
    """The places that somebody has, with who it is."""
    for place in places_of(region, swarm):
        for engineer in lifecycle.crew_of(region, place):
            yield place, engineer


def open_place(turn: Turn, root: Incident, swarm: Swarm) -> Incident:
    """One more may join."""
    region = turn.region
    closes = closes_at(root)
    place = Incident(
        incident_id=_name(turn, root, swarm),
        slot=region.slots.take(),
        tier=root.tier,
        product=root.product,
        level=max(1, root.level - LEVELS_LOWER),
        lat=root.lat,
        lon=root.lon,
        reported_at=turn.now,
        promised_at=root.promised_at,
        expected_service_ms=root.expected_service_ms,
        external_id=root.external_id,
        site_id=root.site_id,
        equipment_id=root.equipment_id,
        customer_id=root.customer_id,
        language=root.language,
        certificate=root.certificate,
        window_from=opens_at(root) or None,
        window_to=closes if closes < FOREVER else None,
        swarm_of=root.incident_id,
        promise_broken=True,  # whether the promise holds is the incident's own matter
    )
    place.barred = dict(root.barred)
    swarm.places.append(place.incident_id)
    open_incident(turn, place)
    turn.decide(
        "queued",
        place,
        reason="swarm",
        expected_service_min=place.expected_service_ms / 60_000,
        **lifecycle.described(place),
    )
    return place


def _name(turn: Turn, root: Incident, swarm: Swarm) -> str:
    """A name that no incident here has; it stays the same however often the log is folded."""
    while True:
        swarm.made += 1
        name = f"{root.incident_id[:90]}.swarm-{turn.offset}-{swarm.made}"
        if name not in turn.region.incidents and name not in turn.region.closed:
            return name


def close_place(turn: Turn, place: Incident, reason: str) -> list[Engineer]:
    """The place is needed no more: whoever has it is free, and comes back to be released."""
    if place.state in ATTENDED:
        return _done(turn, place, reason)
    freed = lifecycle.withdraw(turn, place, reason) if lifecycle.crew_of(turn.region, place) else []
    place.state = "cancelled"
    lifecycle.close(turn, place)
    turn.decide("cancelled", place, reason=reason)
    return freed


def _done(turn: Turn, place: Incident, reason: str) -> list[Engineer]:
    engineer = turn.region.assigned_engineer(place)
    place.state, place.resolved_at = "resolved", turn.now
    engineer.state, engineer.incident_id = "available", None
    lifecycle.close(turn, place)
    turn.decide("resolved", place, engineer, reason=reason, occurred_at=turn.now)
    return [engineer]


def release(turn: Turn, engineers: list[Engineer]) -> None:
    """Each of them is free, on a break that is due, or off after the last job."""
    for engineer in engineers:
        if engineer.incident_id is None and engineer.engineer_id in turn.region.engineers:
            lifecycle.released(turn, engineer)


def fill_places(turn: Turn) -> None:
    """Send whoever is idle and could be there soonest, before single jobs are matched: a person asked for it.

    The incident itself comes first. What is left goes through the matching, which also knows who is about to
    be free, and whom it would turn.
    """
    region = turn.region
    for swarm in sorted(region.swarms.values(), key=lambda s: (s.since, s.incident_id)):
        root = region.incidents[swarm.incident_id]
        own = root.crew == 1 and mirror.is_automatic(region, root)
        for incident in ([root] if own else []) + places_of(region, swarm):
            if incident.state != "waiting":
                continue
            engineer = _soonest_idle(turn, incident)
            if engineer is not None:
                lifecycle.assign(turn, incident, [engineer])
            elif incident is not root:
                break  # the other places ask for the same


def _soonest_idle(turn: Turn, place: Incident) -> Engineer | None:
    """Who may go, has nothing in hand and is nearest; with equal roads the lower row."""
    region = turn.region
    rows = fit_rows(region, place, turn.now)
    slot = np.full(len(rows), place.slot)
    rows = rows[may_go(turn, slot, rows)]
    supply = supply_at(region, turn.policy, rows, turn.now)
    column = np.flatnonzero(region.warm.engineers.standing[rows] == IDLE)
    pairs = Pairs(slot[: len(column)], column, supply, column >= 0)
    column = column[in_time(region, pairs, turn.now)]
    if not len(column):
        return None
    pairs = Pairs(slot[: len(column)], column, supply, column >= 0)
    arrives = travel_ms_of(region, pairs)
    if turn.now + int(arrives.min()) < int(region.warm.incidents.not_before[place.slot]):
        return None  # nobody is sent to wait before a closed gate
    return region.by_row[int(rows[column[np.argmin(arrives)]])]
