"""A person sends somebody: checked against the hard rules, obeyed where they allow it, never at a loss.

Whoever had the incident, and whatever the engineer was on the way to, goes back to the queue and is shown.
"""

from __future__ import annotations

from schemas.commands import AssignIncident, ConfirmSuggestion
from services.dispatch import lifecycle
from services.dispatch.causes import on_its_own
from services.dispatch.eligibility import SENTENCES, first_broken_rule, travel_to
from services.dispatch.locks import commanded
from services.dispatch.state import ATTENDED, Engineer, Incident
from services.dispatch.turn import Said, Turn


def send_as_told(turn: Turn, event: AssignIncident | ConfirmSuggestion) -> None:
    """Assign the engineers that a command names; a confirmation must be of what is suggested now."""
    incident = commanded(turn, event)
    if incident is None:
        return
    confirms = isinstance(event, ConfirmSuggestion)
    refusal = _why_not(turn, incident, list(event.engineer_ids), confirms=confirms)
    if refusal is not None:
        word, sentence, engineer = refusal
        turn.refuse(word, sentence, incident, engineer)
        return
    engineers = [turn.region.engineers[name] for name in event.engineer_ids]
    why = event.reason if isinstance(event, AssignIncident) else None
    on_its_own(turn, incident, event.by)
    left = make_way(turn, incident, engineers, event.by, why)
    if not confirms:
        incident.lock = "both" if incident.lock in ("time", "both", "range") else "engineer"
        incident.locked_to = [engineer.engineer_id for engineer in engineers]
    said = Said(by=event.by, reason="confirmed" if confirms else "override", detail=why)
    lifecycle.assign(turn, incident, engineers, left, said)
    turn.replan = True


def _why_not(
    turn: Turn, incident: Incident, names: list[str], *, confirms: bool
) -> tuple[str, str, Engineer | None] | None:
    """Why these can not be sent: a word, a sentence, and who it is about."""
    if incident.state in ATTENDED or any(
        e.state == "on_site" for e in lifecycle.crew_of(turn.region, incident)
    ):
        return "on_site", f"somebody is on site at {incident.incident_id}", None
    if confirms and (sorted(names) != sorted(incident.suggested) or incident.state != "waiting"):
        return "not_suggested", f"{', '.join(names)} is not what is suggested now", None
    if confirms and turn.region.modes.get(incident.tier) == "shadow":
        return "shadow", f"{incident.tier} runs in shadow: nothing of it is carried out", None
    if len(set(names)) != incident.crew or len(names) != incident.crew:
        return (
            "crew",
            f"{incident.incident_id} needs {incident.crew} together, {len(set(names))} are named",
            None,
        )
    engineers = []
    for name in names:
        engineer = turn.region.engineers.get(name)
        if engineer is None:
            return "unknown_engineer", f"{name} does not belong to {turn.region.region}", None
        engineers.append(engineer)
    last_ms = max(travel_to(turn.region, engineer, incident, turn.now) for engineer in engineers)
    for engineer in engineers:
        rule = broken_rule(turn, incident, engineer, last_ms)
        if rule is not None:
            return rule, f"{engineer.engineer_id} {SENTENCES[rule]}", engineer
    return None


def broken_rule(turn: Turn, incident: Incident, engineer: Engineer, arrives_in_ms: int) -> str | None:
    """The rule that even a person can not overrule: an earlier decline or another's pin is theirs to judge.

    Whoever works at a site is not called away from it.
    """
    if engineer.state == "on_site":
        return "on_site"
    barred, incident.barred = incident.barred, {}
    locked, incident.locked_to = incident.locked_to, [engineer.engineer_id]
    rule = first_broken_rule(turn.region, engineer, incident, turn.now, arrives_in_ms)
    incident.barred, incident.locked_to = barred, locked
    return rule


def make_way(
    turn: Turn, incident: Incident, engineers: list[Engineer], by: str, why: str | None
) -> str | None:
    """Take back what stands in the way; returns the incident that a single engineer is turned from."""
    left = None
    in_the_way = [incident, *(turn.region.incidents.get(e.incident_id or "") for e in engineers)]
    for other in in_the_way:
        if other is None or other.engineer_id is None:
            continue
        left = left if other is incident else other.incident_id
        for engineer in lifecycle.withdraw(turn, other, "overridden", why, by=by):
            if engineer not in engineers:
                lifecycle.released(turn, engineer)
    return left if len(engineers) == 1 else None
