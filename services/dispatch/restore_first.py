"""Restore before resolve: in a disaster who has restored the service is free, the rest is a later task.

The incident closes as resolved by what brought the service back; what is left to do is an incident of its own
that opens when the disaster ends, in the region's least tier, and never begets another.
"""

from __future__ import annotations

from datetime import timedelta

from schemas.base import Tier
from services.dispatch import lifecycle, mirror
from services.dispatch.moments import minutes_ms, to_ms
from services.dispatch.opening import open_incident
from services.dispatch.state import Engineer, Incident, RegionState
from services.dispatch.turn import Turn

LEAST_WORK_MS = minutes_ms(10)
"""A follow-up is expected to take at least so long."""


def goes_on_later(region: RegionState, incident: Incident) -> bool:
    """Whether what is left after the restoration is left to a follow-up."""
    own = incident.follow_up_of is None and incident.swarm_of is None
    return region.disaster is not None and own


def hand_on(turn: Turn, incident: Incident, at: int) -> None:
    """The service is back: everybody there is free, and what is left waits as a task of its own."""
    crew = lifecycle.crew_of(turn.region, incident)
    follow_up = _follow_up(turn, incident, at)
    incident.state, incident.resolved_at = "resolved", at
    incident.engineer_id = crew[0].engineer_id
    for engineer in crew:
        engineer.state, engineer.incident_id = "available", None
    lifecycle.close(turn, incident)
    turn.decide(
        "resolved",
        incident,
        crew[0],
        occurred_at=at,
        late=incident.late,
        reason="follow_up",
        detail=follow_up.incident_id,
        crew=incident.crew if incident.crew > 1 else None,
    )
    _queue(turn, follow_up)
    for engineer in crew:
        lifecycle.released(turn, engineer)


def restored_by_others(turn: Turn, incident: Incident, at: int, reason: str, who: str | None) -> None:
    """The service is back and nobody has the incident: it closes; in a disaster a swarm leaves a follow-up.

    `reason` is swarm or cause_restored, `who` the engineer or the root that brought it back.
    """
    rest = None
    if reason == "swarm" and goes_on_later(turn.region, incident):
        rest = _follow_up(turn, incident, at)
    incident.late = (incident.on_site_at or at) > incident.promised_at
    incident.state, incident.restored_at = "restored", at
    turn.decide("restored", incident, occurred_at=at, late=incident.late, reason=reason, detail=who)
    incident.state, incident.resolved_at, incident.waits_for = "resolved", at, None
    lifecycle.close(turn, incident)
    turn.decide("resolved", incident, occurred_at=at, late=incident.late, reason=reason, detail=who)
    if rest is not None:
        _queue(turn, rest)


def _follow_up(turn: Turn, incident: Incident, at: int) -> Incident:
    region, disaster = turn.region, turn.region.disaster
    assert disaster is not None
    tier: Tier = min(region.terms.weight, key=lambda name: (region.terms.weight[name], name))
    promise = timedelta(minutes=region.terms.promise_min[tier])
    worked = at - (incident.on_site_at or at)
    return Incident(
        incident_id=f"{incident.incident_id[:100]}.follow-up-{incident.epoch}",
        slot=region.slots.take(),
        tier=tier,
        product=incident.product,
        level=incident.level,
        lat=incident.lat,
        lon=incident.lon,
        reported_at=at,
        promised_at=to_ms(disaster.until + promise),
        expected_service_ms=max(LEAST_WORK_MS, incident.expected_service_ms - worked),
        external_id=incident.external_id,
        site_id=incident.site_id,
        equipment_id=incident.equipment_id,
        customer_id=incident.customer_id,
        language=incident.language,
        cause_id=incident.cause_id,
        certificate=incident.certificate,
        window_from=to_ms(disaster.until),
        follow_up_of=incident.incident_id,
    )


def _queue(turn: Turn, follow_up: Incident) -> None:
    open_incident(turn, follow_up)
    turn.decide(
        "queued",
        follow_up,
        reason="follow_up",
        follow_up_of=follow_up.follow_up_of,
        expected_service_min=follow_up.expected_service_ms / 60_000,
        **lifecycle.described(follow_up),
    )


def open_follow_ups(turn: Turn) -> None:
    """The disaster is over: what was left for later may be done."""
    for incident in turn.region.incidents.values():
        if incident.follow_up_of is not None and (incident.window_from or 0) > turn.now:
            incident.window_from = turn.now
            mirror.window_changed(turn.region, incident)


def resolved_after_all(turn: Turn, incident: Incident, engineer: Engineer, at: int) -> bool:
    """Who restored has also done the rest: the follow-up that nobody has begun is not needed any more."""
    if incident.state != "resolved" or not lifecycle.has_in_hand(incident, engineer):
        return False
    name = f"{incident.incident_id[:100]}.follow-up-{incident.epoch}"
    follow_up = turn.region.incidents.get(name)
    if follow_up is None or follow_up.state != "waiting":
        return False
    incident.resolved_at = max(at, incident.restored_at or at)
    turn.decide("resolved", incident, engineer, occurred_at=incident.resolved_at, late=incident.late)
    follow_up.state = "cancelled"
    lifecycle.close(turn, follow_up)
    turn.decide("cancelled", follow_up, reason="resolved_at_once")
    return True
