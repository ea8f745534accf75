"""What a phone says about an assignment, from acknowledged to resolved, or declined."""

from __future__ import annotations

from schemas.decisions import DecisionKind
from schemas.engineers import StatusReported, WorkEstimateUpdated
from services.dispatch import crew_statuses, lifecycle, mirror, restore_first
from services.dispatch.engineer_events import device_is_behind, heard_from
from services.dispatch.fairness import learn_answer
from services.dispatch.gatherings import first_there
from services.dispatch.moments import minutes_ms, to_ms
from services.dispatch.remaining_work import learn_work
from services.dispatch.state import Engineer, Incident
from services.dispatch.turn import Turn

STAGES: tuple[DecisionKind, ...] = (
    "acknowledged",
    "accepted",
    "en_route",
    "on_site",
    "restored",
    "resolved",
)
_HAPPENED = frozenset({"on_site", "restored", "resolved"})
"""Facts at the site: contradicting what was decided they are a conflict and shown, never just refused."""


def status_reported(turn: Turn, event: StatusReported) -> None:
    """Apply a status to the assignment it names; a stale or foreign one is answered and not applied."""
    region = turn.region
    engineer = region.engineers.get(event.engineer_id)
    incident = region.incidents.get(event.incident_id) or region.closed.get(event.incident_id)
    if engineer is None or incident is None:
        refuse_unknown(turn, event, engineer)
        return
    if turn.in_the_future(to_ms(event.occurred_at)):
        detail = "occurred_at is more than 5 min after the log's clock"
        turn.refuse("in_the_future", detail, incident, engineer)
        return
    behind = device_is_behind(engineer, event)
    heard_from(turn, engineer)
    if not is_current(incident, engineer, event):
        _answer_stale(turn, incident, engineer, event)
    elif event.status == "resolved" and restore_first.resolved_after_all(
        turn, incident, engineer, min(to_ms(event.occurred_at), turn.now)
    ):
        return
    elif incident.crew > 1 and event.status != "declined":
        crew_statuses.reported(turn, incident, engineer, event, behind)
    elif behind:
        _fill_in(turn, incident, engineer, event, behind)
    elif event.status == "declined":
        _decline(turn, incident, engineer, event)
    else:
        _advance(turn, incident, engineer, event)


def refuse_unknown(
    turn: Turn, event: StatusReported | WorkEstimateUpdated, engineer: Engineer | None
) -> None:
    """Nobody, or nothing, of this name is here."""
    turn.refuse(
        "unknown_engineer" if engineer is None else "unknown_incident",
        f"{event.engineer_id} and {event.incident_id} are not both known in {turn.region.region}",
        incident_id=event.incident_id,
        engineer_id=event.engineer_id,
    )


def is_current(incident: Incident, engineer: Engineer, event: StatusReported | WorkEstimateUpdated) -> bool:
    """Whether the event names the assignment as it stands."""
    return lifecycle.has_in_hand(incident, engineer) and incident.epoch == event.epoch


def _answer_stale(turn: Turn, incident: Incident, engineer: Engineer, event: StatusReported) -> None:
    held_once = any(line[1] == "assigned" and line[2] == engineer.engineer_id for line in incident.timeline)
    if held_once and event.status in _HAPPENED and event.epoch <= incident.epoch:
        turn.decide(
            "conflicted",
            incident,
            engineer,
            reason="stale_epoch",
            occurred_at=to_ms(event.occurred_at),
            detail=f"{event.status} under epoch {event.epoch}, taken back since; now {incident.epoch}",
        )
        return
    reason = "stale_epoch" if event.epoch != incident.epoch else "not_yours"
    detail = (
        f"{event.status} names epoch {event.epoch}; the current one is {incident.epoch}, {incident.state}"
    )
    turn.refuse(reason, detail, incident, engineer)


def stage_named(event: StatusReported) -> int:
    """The place of a status in STAGES; ValueError for "declined", which is none."""
    return [str(stage) for stage in STAGES].index(event.status)


def stage_of(incident: Incident) -> int:
    """The place in STAGES that the assignment has reached; -1 before its acknowledgement."""
    if incident.state == "assigned":
        return 0 if incident.acknowledged else -1
    if incident.state in STAGES:
        return STAGES.index(incident.state)
    return len(STAGES)


def _fill_in(
    turn: Turn,
    incident: Incident,
    engineer: Engineer,
    event: StatusReported,
    behind: int,
) -> None:
    """A report that was overtaken by later ones of its device: its time counts where it was only implied."""
    if event.status not in incident.implied or incident.assigned_at is None:
        reason = "repeated" if behind == 1 else "out_of_order"
        detail = f"{event.status} came after a later report of the same device"
        turn.decide("conflicted", incident, engineer, reason=reason, detail=detail)
        return
    incident.implied.remove(event.status)
    latest = incident.restored_at or turn.now
    at = min(max(to_ms(event.occurred_at), incident.assigned_at), latest)
    if event.status == "on_site":
        incident.on_site_at, incident.late = at, at > incident.promised_at
    elif event.status == "restored":
        incident.restored_at = max(at, incident.on_site_at or at)
    turn.decide(STAGES[stage_named(event)], incident, engineer, occurred_at=at, late=incident.late)


def _decline(turn: Turn, incident: Incident, engineer: Engineer, event: StatusReported) -> None:
    if stage_of(incident) >= STAGES.index("on_site"):
        detail = f"{incident.incident_id} is {incident.state}: it can no longer be declined"
        turn.refuse(f"already_{incident.state}", detail, incident, engineer)
        return
    bar(turn, incident, engineer)
    lifecycle.take_back(turn, incident, "declined", event.reason, engineer)
    lifecycle.released(turn, engineer)


def bar(turn: Turn, incident: Incident, engineer: Engineer) -> None:
    """Do not offer this incident to this engineer again for the policy's time."""
    until = turn.now + minutes_ms(turn.policy.not_offered_again_min)
    incident.barred[engineer.engineer_id] = until


def _advance(turn: Turn, incident: Incident, engineer: Engineer, event: StatusReported) -> None:
    stage = stage_named(event)
    reached = stage_of(incident)
    if stage <= reached:
        detail = f"{event.status} after {incident.state}"
        turn.refuse(f"already_{STAGES[reached]}", detail, incident, engineer)
        return
    assert incident.assigned_at is not None
    latest_fact = incident.restored_at or incident.on_site_at or incident.assigned_at
    at = max(min(to_ms(event.occurred_at), turn.now), latest_fact)
    place = None if event.place is None else (event.place.lat, event.place.lon)
    implied = [s for s in STAGES[reached + 1 : stage] if s in ("on_site", "restored")]
    incident.implied += implied
    for name in (*implied, event.status):
        _reach(turn, incident, engineer, name, at, place)
    kind = STAGES[stage]
    if incident.on_site_at is None:
        arrives_at = engineer.arrives_at
        turn.decide(kind, incident, engineer, occurred_at=at, arrives_at=arrives_at)
    else:
        turn.decide(kind, incident, engineer, occurred_at=at, late=incident.late)
    if incident.state == "resolved":
        lifecycle.released(turn, engineer)
    elif kind == "restored" and restore_first.goes_on_later(turn.region, incident):
        restore_first.hand_on(turn, incident, at)


def _reach(
    turn: Turn,
    incident: Incident,
    engineer: Engineer,
    status: str,
    at: int,
    place: tuple[float, float] | None,
) -> None:
    first_word, incident.acknowledged = not incident.acknowledged, True
    if status in ("acknowledged", "accepted", "en_route") and (first_word or place is not None):
        lifecycle.set_out(turn, incident, engineer, at, place)
    if status == "accepted":
        incident.state = "accepted"
    elif status == "en_route":
        incident.state, engineer.state = "en_route", "en_route"
    elif status == "on_site":
        _arrive(turn, incident, engineer, at)
    elif status == "restored":
        incident.state, incident.restored_at = "restored", at
        lifecycle.use_parts(turn, incident, engineer)
    elif status == "resolved":
        incident.state, incident.resolved_at = "resolved", at
        engineer.state, engineer.incident_id = "available", None
        learn_work(turn.region, incident)
        lifecycle.close(turn, incident)
        return
    mirror.incident_changed(turn.region, incident)
    mirror.engineer_changed(turn.region, engineer)


def _arrive(turn: Turn, incident: Incident, engineer: Engineer, at: int) -> None:
    if engineer.arrives_at is not None:
        count, spent_ms = turn.region.travelled
        turn.region.travelled = (count + 1, spent_ms + max(0, at - engineer.placed_at))
    incident.state, incident.on_site_at = "on_site", at
    incident.late = first_there(turn.region.swarms, incident.incident_id, at) > incident.promised_at
    engineer.state = "on_site"
    learn_answer(turn.region, incident)
    engineer.stand(incident.lat, incident.lon, at)
