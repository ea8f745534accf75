"""A drill's region: the same machinery, its own people, and an end that leaves nothing behind."""

from __future__ import annotations

from typing import Unpack

from schemas.disasters import LiftDisaster
from schemas.exercises import EndExercise, is_exercise_region
from schemas.incidents import CancelIncident
from schemas.lending import EngineerHandedOver
from services.dispatch import handover, lifecycle, mirror, proposals
from services.dispatch.disaster import disaster_told
from services.dispatch.incident_events import cancel_incident
from services.dispatch.membership import leave
from services.dispatch.state import Engineer, RegionState
from services.dispatch.turn import Details, Turn


def end_exercise(turn: Turn, event: EndExercise) -> None:
    """Call off what is open, lift what stands, let everybody go; a real region has nothing to end.

    Guests from other drills go home to theirs, and those whom this one has lent are called back.
    """
    region = turn.region
    if not region.exercise:
        turn.refuse("exercise", f"{region.region} is no exercise: nothing of it ends so", by=event.by)
        return
    if refused_as_over(turn, by=event.by):
        return
    region.exercise_over = True
    turn.decide("exercise_ended", by=event.by, detail=event.reason or None)
    if region.disaster is not None:
        disaster_told(turn, LiftDisaster(region=region.region, by=event.by, reason="the exercise is over"))
    for name in [name for name, i in region.incidents.items() if i.restored_at is None]:
        if name in region.incidents:  # a swarm takes its places with it
            cancel = CancelIncident(
                incident_id=name, region=region.region, reason="exercise_over", by=event.by
            )
            cancel_incident(turn, cancel)
    region.alerts.clear()
    proposals.call_off(turn, "exercise_over", event.by)
    _call_home(turn, event.by)
    _let_everybody_go(turn)


def refused_as_over(turn: Turn, **details: Unpack[Details]) -> bool:
    """Whether this is a drill that has ended, which takes nothing in any more."""
    if turn.region.exercise_over:
        turn.refuse("exercise_over", f"the exercise {turn.region.region} is over", **details)
    return turn.region.exercise_over


def passed_on(turn: Turn, event: EngineerHandedOver) -> None:
    """Who is handed over to a drill that has ended goes home from there; one of its own is gone."""
    engineer = handover.taken_over(turn, event)
    if engineer is None or engineer.loan is None:
        return
    if engineer.loan.home_region != turn.region.region:
        handover.give(turn, engineer, engineer.loan, "lending_released")
        return
    turn.decide("lending_returned", engineer=engineer, loan=event.loan, reason="exercise_over")
    _is_gone(turn, engineer)


def _call_home(turn: Turn, by: str) -> None:
    region = turn.region
    for gone in region.handed_over.values():
        if gone.to_region != region.region and gone.loan.home_region == region.region:
            loan = handover.on_the_wire(gone.loan, gone.engineer_id, gone.owner_epoch)
            turn.decide(
                "lending_recalled", engineer_id=gone.engineer_id, loan=loan, reason="exercise_over", by=by
            )


def _let_everybody_go(turn: Turn) -> None:
    region = turn.region
    for engineer in list(region.engineers.values()):
        incident = region.incidents.get(engineer.incident_id or "")
        if incident is not None:  # restored: it is as good as done
            _done(turn, incident.incident_id)
        if engineer.loan is not None and engineer.loan.home_region != region.region:
            handover.give(turn, engineer, engineer.loan, "lending_released")
            continue
        if engineer.state != "off_shift":
            lifecycle.change_engineer(turn, engineer, "off_shift", "exercise_over")
        engineer.leaving = False
        _is_gone(turn, engineer)
    turn.replan = False


def _is_gone(turn: Turn, engineer: Engineer) -> None:
    handover.gone_for_good(turn.region, engineer)
    leave(turn, engineer)


def _done(turn: Turn, name: str) -> None:
    region = turn.region
    incident = region.incidents[name]
    crew = lifecycle.crew_of(region, incident)
    incident.state, incident.resolved_at = "resolved", turn.now
    for engineer in crew:
        engineer.state, engineer.incident_id = "available", None
        mirror.engineer_changed(region, engineer)
    lifecycle.close(turn, incident)
    turn.decide("resolved", incident, crew[0], reason="exercise_over", occurred_at=turn.now)


def begin_anew(region: RegionState) -> None:
    """A region is defined, and its name says what it is; what a drill that was over closed is forgotten."""
    region.exercise = is_exercise_region(region.region)
    if region.exercise_over:
        region.exercise_over = False
        region.closed.clear()
