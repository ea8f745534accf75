"""What the phones of a crew say: the incident is as far as the last of them, and restored by the first."""

from __future__ import annotations

from schemas.engineers import StatusReported
from services.dispatch import lifecycle, mirror, restore_first, statuses
from services.dispatch.moments import to_ms
from services.dispatch.remaining_work import learn_work
from services.dispatch.state import Engineer, Incident
from services.dispatch.turn import Turn

ACKNOWLEDGED, ACCEPTED, EN_ROUTE, ON_SITE, RESTORED, RESOLVED = range(6)
"""Places in statuses.STAGES."""


def has_answered(incident: Incident, engineer: Engineer) -> bool:
    """Whether the engineer's phone has said a word about the assignment."""
    return incident.acknowledged or incident.crew_stages.get(engineer.engineer_id, -1) >= ACKNOWLEDGED


def reported(turn: Turn, incident: Incident, engineer: Engineer, event: StatusReported, behind: int) -> None:
    """Apply one member's status under the current epoch; the incident moves on when all, or one, have."""
    stage, reached = statuses.stage_named(event), incident.crew_stages[engineer.engineer_id]
    if behind:
        detail = f"{event.status} came after a later report of the same device"
        turn.decide("conflicted", incident, engineer, reason="out_of_order", detail=detail)
    elif stage <= reached or incident.resolved_at is not None:
        said = statuses.STAGES[reached]
        turn.refuse(f"already_{said}", f"{event.status} after {said}", incident, engineer)
    elif stage >= RESTORED and not _all_there(incident, engineer):
        detail = f"{event.status} before the whole crew was on site"
        turn.decide("conflicted", incident, engineer, reason="crew_incomplete", detail=detail)
    else:
        _advance(turn, incident, engineer, event, stage)


def _all_there(incident: Incident, engineer: Engineer) -> bool:
    """Whether all others are on site: a report of later work implies one's own arrival."""
    others = (stage for name, stage in incident.crew_stages.items() if name != engineer.engineer_id)
    return all(stage >= ON_SITE for stage in others)


def _advance(turn: Turn, incident: Incident, engineer: Engineer, event: StatusReported, stage: int) -> None:
    assert incident.assigned_at is not None
    latest = incident.restored_at or incident.on_site_at or incident.assigned_at
    at = max(min(to_ms(event.occurred_at), turn.now), latest)
    reached = incident.crew_stages[engineer.engineer_id]
    place = None if event.place is None else (event.place.lat, event.place.lon)
    if stage <= EN_ROUTE and (reached < ACKNOWLEDGED or place is not None):
        lifecycle.set_out(turn, incident, engineer, at, place)
    if reached < ON_SITE <= stage:
        _reach(turn, incident, engineer, ON_SITE, at)
    if stage == EN_ROUTE:
        engineer.state = "en_route"
    if stage != ON_SITE:
        _reach(turn, incident, engineer, stage, at)
    mirror.engineer_changed(turn.region, engineer)
    if incident.resolved_at is None:
        mirror.incident_changed(turn.region, incident)


def _reach(turn: Turn, incident: Incident, engineer: Engineer, stage: int, at: int) -> None:
    """Note one stage of one member, and say what it means for the incident."""
    stages = incident.crew_stages
    before, first = min(stages.values()), max(stages.values()) < stage
    stages[engineer.engineer_id] = stage
    if stage == ON_SITE:
        engineer.state = "on_site"
        engineer.stand(incident.lat, incident.lon, at)
    whole = min(stages.values())
    _follow(incident, whole, at)
    if stage == RESOLVED and incident.restored_at is None:
        _restore(turn, incident, engineer, at)
    if stage == RESTORED and first:
        _restore(turn, incident, engineer, at)
        if restore_first.goes_on_later(turn.region, incident):
            restore_first.hand_on(turn, incident, at)
    elif stage == RESOLVED and whole == RESOLVED:
        _close(turn, incident, engineer, at)
    elif before < whole == stage <= ON_SITE:
        _say_reached(turn, incident, engineer, stage, at)
    else:
        if stage == RESOLVED:
            engineer.state, engineer.incident_id = "available", None
        said = statuses.STAGES[stage]
        turn.decide("crew_reported", incident, engineer, reason=said, occurred_at=at, crew=incident.crew)
        if stage == RESOLVED:
            _leave(turn, incident, engineer)


def _follow(incident: Incident, whole: int, at: int) -> None:
    """The incident is as far as the last of its crew, up to everybody's arrival."""
    incident.acknowledged = whole >= ACKNOWLEDGED
    if incident.on_site_at is not None or whole < ACCEPTED:
        return
    if whole >= ON_SITE:
        incident.state, incident.on_site_at = "on_site", at
        incident.late = at > incident.promised_at
    else:
        incident.state = "en_route" if whole == EN_ROUTE else "accepted"


def _say_reached(turn: Turn, incident: Incident, engineer: Engineer, stage: int, at: int) -> None:
    if stage < ON_SITE:
        turn.decide(statuses.STAGES[stage], incident, engineer, occurred_at=at, crew=incident.crew)
        return
    turn.decide("on_site", incident, engineer, occurred_at=at, late=incident.late, crew=incident.crew)
    for mate in lifecycle.crew_of(turn.region, incident):
        turn.decide("crew_complete", incident, mate, occurred_at=at, crew=incident.crew)


def _restore(turn: Turn, incident: Incident, engineer: Engineer, at: int) -> None:
    incident.state, incident.restored_at = "restored", at
    lifecycle.use_parts(turn, incident, engineer)
    turn.decide("restored", incident, engineer, occurred_at=at, late=incident.late, crew=incident.crew)


def _leave(turn: Turn, incident: Incident, engineer: Engineer) -> None:
    """One of the crew is done and free; whoever is left has the incident."""
    incident.engineer_id = lifecycle.crew_of(turn.region, incident)[0].engineer_id
    mirror.engineer_changed(turn.region, turn.region.assigned_engineer(incident))
    lifecycle.released(turn, engineer)


def _close(turn: Turn, incident: Incident, engineer: Engineer, at: int) -> None:
    incident.state, incident.resolved_at, incident.engineer_id = "resolved", at, engineer.engineer_id
    engineer.state, engineer.incident_id = "available", None
    learn_work(turn.region, incident)
    lifecycle.close(turn, incident)
    turn.decide("resolved", incident, engineer, occurred_at=at, late=incident.late, crew=incident.crew)
    lifecycle.released(turn, engineer)
