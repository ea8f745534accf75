"""Locks and pins: what of an incident a person has fixed. The four kinds are those planners know.

`engineer` fixes who goes, `time` the start, `range` the span to start in, `both` who and the start (as the
lock options of Microsoft's Universal Resource Scheduling: resource, time, time range, resource and time). A
locked incident that somebody has is never turned. Once an engineer is fixed they take nothing else while the
incident waits: a pin.
"""

from __future__ import annotations

from schemas.base import rfc3339
from schemas.commands import IncidentCommand, LockIncident, UnlockIncident
from services.dispatch import lifecycle, mirror
from services.dispatch.eligibility import (
    SENTENCES,
    closes_at,
    first_lasting_rule,
    not_before,
    opens_at,
    travel_to,
)
from services.dispatch.moments import to_moment, to_ms_or_none
from services.dispatch.reminders import watch_window
from services.dispatch.state import ATTENDED, Engineer, Incident
from services.dispatch.turn import Turn


def lock_incident(turn: Turn, event: LockIncident) -> None:
    """Fix what the command names; refused with the rule where nobody could obey it."""
    incident = commanded(turn, event)
    if incident is None:
        return
    if incident.state in ATTENDED:
        turn.refuse(f"already_{incident.state}", "somebody is on site: nothing is left to fix", incident)
        return
    names = list(event.engineer_ids)
    if not names and event.kind in ("engineer", "both"):
        names = [engineer.engineer_id for engineer in lifecycle.crew_of(turn.region, incident)]
    refusal = _why_no_start(turn, incident, event) or _why_not_these(turn, incident, event, names)
    if refusal is not None:
        turn.refuse(*refusal, incident)
        return
    if event.kind not in ("engineer", "both"):
        names = []
    fix(turn, incident, event, names)
    turn.decide("locked", incident, by=event.by, reason=event.kind, detail=_what(event, names))
    if _is_broken(turn, incident):
        for engineer in lifecycle.withdraw(turn, incident, "locked", event.reason, by=event.by):
            lifecycle.released(turn, engineer)
    turn.queued.append(incident)
    turn.replan = True


def _is_broken(turn: Turn, incident: Incident) -> bool:
    """Whether whoever is on the way is not whom the lock names, or would be there at another time."""
    crew = lifecycle.crew_of(turn.region, incident)
    if not crew:
        return False
    arrives = max(turn.now + travel_to(turn.region, engineer, incident, turn.now) for engineer in crew)
    others = set(incident.locked_to) - {engineer.engineer_id for engineer in crew}
    return bool(others) or not not_before(incident) <= arrives <= closes_at(incident)


def fix(turn: Turn, incident: Incident, event: LockIncident, names: list[str]) -> None:
    """Write the lock into the state; what it replaces is gone."""
    incident.lock, incident.locked_to = event.kind, names
    incident.lock_from = incident.lock_to = None
    if event.kind != "engineer":
        incident.lock_from = to_ms_or_none(event.start_from)
        incident.lock_to = to_ms_or_none(event.start_to if event.kind == "range" else event.start_from)
    _refresh(turn, incident)
    watch_window(turn.region, incident)


def unlock_incident(turn: Turn, event: UnlockIncident) -> None:
    """The engine decides again about everything of the incident."""
    incident = commanded(turn, event)
    if incident is None:
        return
    if incident.lock is None:
        turn.refuse("not_locked", f"{incident.incident_id} is not locked", incident)
        return
    release(turn, incident, event.by, event.reason)
    turn.queued.append(incident)
    turn.replan = True


def release(turn: Turn, incident: Incident, by: str | None, why: str) -> None:
    """Take the lock off and say so."""
    kind, incident.lock, incident.locked_to = incident.lock, None, []
    incident.lock_from = incident.lock_to = None
    _refresh(turn, incident)
    turn.decide("unlocked", incident, by=by, reason=kind, detail=why or None)


def _refresh(turn: Turn, incident: Incident) -> None:
    incident.near_until, incident.unservable = 0, None
    mirror.window_changed(turn.region, incident)
    mirror.incident_changed(turn.region, incident)


def commanded(turn: Turn, event: IncidentCommand) -> Incident | None:
    """The open incident of a command; None, and refused, where there is none or its epoch has moved on."""
    region = turn.region
    incident = region.incidents.get(event.incident_id)
    closed = region.closed.get(event.incident_id)
    if incident is None:
        word = "unknown_incident" if closed is None else f"already_{closed.state}"
        turn.refuse(
            word, f"{event.incident_id} is not open in {region.region}", incident_id=event.incident_id
        )
        return None
    if event.epoch is not None and event.epoch != incident.epoch:
        detail = f"the command names epoch {event.epoch}; the current one is {incident.epoch}"
        turn.refuse("stale_epoch", detail, incident)
        return None
    return incident


def _why_no_start(turn: Turn, incident: Incident, event: LockIncident) -> tuple[str, str] | None:
    """Why the start that a lock names can not be: none named, past, or outside the incident's access."""
    if event.kind == "engineer":
        return None
    start, end = to_ms_or_none(event.start_from), to_ms_or_none(event.start_to)
    end = end if event.kind == "range" else start
    if start is None or end is None:
        needed = "start_from and start_to" if event.kind == "range" else "start_from"
        return "window", f"a lock of the kind {event.kind} needs {needed}"
    if end < max(start, turn.now):
        return "window", f"the start would have to be before {rfc3339(to_moment(end))}"
    opens, closes = incident.window_from or 0, incident.window_to
    if end < opens or (closes is not None and start > closes):
        return "window", "the lock and the incident's access leave no moment in common"
    return None


def _why_not_these(
    turn: Turn, incident: Incident, event: LockIncident, names: list[str]
) -> tuple[str, str] | None:
    """Why the engineers that a lock names can not be the ones: too many, unknown, or kept away by a rule."""
    if event.kind not in ("engineer", "both"):
        return None
    if not names:
        return "nobody_named", "name the engineer: nobody has the incident"
    if len(set(names)) > incident.crew:
        return "crew", f"{incident.incident_id} needs {incident.crew}, the command names {len(set(names))}"
    starts = max(turn.now, opens_at(incident), to_ms_or_none(event.start_from) or 0)
    for name in names:
        engineer = turn.region.engineers.get(name)
        if engineer is None:
            return "unknown_engineer", f"{name} does not belong to {turn.region.region}"
        rule = first_lasting_rule(engineer, incident, starts + incident.expected_service_ms)
        if rule is not None:
            return rule, f"{name} {SENTENCES[rule]}"
    return None


def wish(turn: Turn, engineer: Engineer, incident_id: str | None) -> None:
    """The incident that the engineer's standing data pins them to, known already or not; None: none."""
    region, before = turn.region, engineer.pinned_incident
    engineer.pinned_incident = incident_id
    if before == incident_id:
        return
    if before is not None:
        region.wishes[before].remove(engineer.engineer_id)
        if not region.wishes[before]:
            del region.wishes[before]
        pinned = region.incidents.get(before)
        if pinned is not None and engineer.engineer_id in pinned.locked_to:
            release(turn, pinned, None, f"{engineer.engineer_id} is not pinned to it any more")
    if incident_id is not None:
        region.wishes.setdefault(incident_id, []).append(engineer.engineer_id)
        if incident_id in region.incidents:
            pin_as_registered(turn, region.incidents[incident_id], engineer)


def pin_as_registered(turn: Turn, incident: Incident, engineer: Engineer) -> None:
    """A pin that came with an engineer's standing data; refused with the rule where they may not go."""
    if incident.state in ATTENDED or engineer.engineer_id in incident.locked_to:
        return
    starts = max(turn.now, opens_at(incident))
    rule = first_lasting_rule(engineer, incident, starts + incident.expected_service_ms)
    if rule is None and len(incident.locked_to) >= incident.crew:
        rule = "pinned"
    if rule is not None:
        detail = f"the pin of {engineer.engineer_id} to {incident.incident_id}: {SENTENCES[rule]}"
        turn.refuse(rule, detail, incident, engineer)
        return
    incident.lock = incident.lock or "engineer"
    incident.locked_to = [*incident.locked_to, engineer.engineer_id]
    _refresh(turn, incident)
    turn.decide("locked", incident, engineer, reason="engineer", detail="as registered")


def _what(event: LockIncident, names: list[str]) -> str:
    fixed = [", ".join(names)] if names else []
    if event.kind != "engineer" and event.start_from is not None:
        end = f" to {rfc3339(event.start_to)}" if event.start_to is not None and event.kind == "range" else ""
        fixed.append(f"start {rfc3339(event.start_from)}{end}")
    return f"{'; '.join(fixed)} ({event.reason})"


def forget_engineer(turn: Turn, engineer: Engineer) -> None:
    """Somebody leaves the region: what was locked to them is locked to nobody any more."""
    for incident in turn.region.incidents.values():
        if engineer.engineer_id in incident.locked_to:
            release(turn, incident, None, f"{engineer.engineer_id} has left {turn.region.region}")
