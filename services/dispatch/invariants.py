"""What must hold in a region after every event, whatever was sent to it."""

from __future__ import annotations

from collections.abc import Iterator

from services.dispatch import lifecycle
from services.dispatch.eligibility import is_qualified
from services.dispatch.state import ATTENDED, HELD, Engineer, Incident, RegionState

_OPEN = HELD | ATTENDED | {"waiting"}
_CLOSED = frozenset({"resolved", "cancelled"})


def broken_invariants(state: RegionState) -> list[str]:
    """Every invariant that does not hold, as a sentence; empty where the region is sound."""
    return [
        *_incidents(state),
        *_engineers(state),
        *_numbers(state),
    ]


def _incidents(state: RegionState) -> Iterator[str]:
    holders: dict[str, str] = {}
    for name, incident in state.incidents.items():
        if incident.state not in _OPEN:
            yield f"{name} is {incident.state} and still open"
        if name in state.closed:
            yield f"{name} is open and closed"
        if incident.state != "waiting":
            yield from _held(state, incident, holders)
        elif incident.engineer_id is not None:
            yield f"{name} waits and has {incident.engineer_id}"
    for name, incident in state.closed.items():
        if incident.state not in _CLOSED:
            yield f"{name} is closed and {incident.state}"


def _held(state: RegionState, incident: Incident, holders: dict[str, str]) -> Iterator[str]:
    """Of somebody or a whole crew who has an incident; `holders` grows by them."""
    name, crew = incident.incident_id, lifecycle.crew_of(state, incident)
    if incident.engineer_id not in [engineer.engineer_id for engineer in crew]:
        yield f"{name} is {incident.state} and {incident.engineer_id} does not have it"
    if incident.state in HELD and len(crew) != incident.crew:
        yield f"{name} needs {incident.crew} and has {len(crew)}"
    for engineer in crew:
        if engineer.engineer_id in holders:
            yield f"{engineer.engineer_id} has {holders[engineer.engineer_id]} and {name}"
        if engineer.incident_id != name:
            yield f"{name} has {engineer.engineer_id}, who does not have it"
        holders[engineer.engineer_id] = name
        yield from _assignment(incident, engineer)


def _assignment(incident: Incident, engineer: Engineer) -> Iterator[str]:
    who, what = engineer.engineer_id, incident.incident_id
    if engineer.state in ("off_shift", "on_break"):
        yield f"{who} has {what} and is {engineer.state}"
    if incident.state in HELD and not is_qualified(engineer, incident.product, incident.level):
        yield f"{who} is sent to {what} and not qualified"
    if incident.state in ATTENDED and engineer.state != "on_site":
        yield f"{what} is {incident.state} and {who} is {engineer.state}"
    if incident.state in HELD and engineer.state == "on_site" and incident.crew == 1:
        yield f"{what} is {incident.state} and {who} is on site"
    if incident.epoch < 1 or incident.assigned_at is None:
        yield f"{what} is {incident.state} without an assignment"
    times = (incident.assigned_at, incident.on_site_at, incident.restored_at)
    known = [time for time in times if time is not None]
    if known != sorted(known):
        yield f"{what}'s times run backwards"


def _engineers(state: RegionState) -> Iterator[str]:
    for name, engineer in state.engineers.items():
        if engineer.incident_id is None:
            if engineer.state in ("en_route", "on_site"):
                yield f"{name} is {engineer.state} without an incident"
            if engineer.leaving:
                yield f"{name} is on their last job and has none"
        elif engineer.incident_id not in state.incidents:
            yield f"{name} has {engineer.incident_id}, which is not open"
        elif not lifecycle.has_in_hand(state.incidents[engineer.incident_id], engineer):
            yield f"{name} has {engineer.incident_id}, which has somebody else"


def _numbers(state: RegionState) -> Iterator[str]:
    if {e.row: e for e in state.engineers.values()} != state.by_row:
        yield "rows and engineers do not match"
    if {i.slot: i for i in state.incidents.values()} != state.by_slot:
        yield "slots and incidents do not match"
