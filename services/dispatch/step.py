"""`step`: one event of one region to what the region decides about it. Branches here, rules in the leaves."""

from __future__ import annotations

from schemas.alerts import AlertCancelled, AlertEvent, AlertRaised, AlertUpdated
from schemas.clock import ClockTicked, LogStarted
from schemas.commands import AssignIncident, ConfirmSuggestion, LockIncident, SetModes, UnlockIncident
from schemas.disasters import DeclareDisaster, LiftDisaster
from schemas.engineers import EngineersMoved, ShiftReported, StatusReported, WorkEstimateUpdated
from schemas.events import RegionEvent
from schemas.exercises import EndExercise
from schemas.incidents import CancelIncident, IncidentTriaged
from schemas.proposals import ConsentToPlan, ProposePlan, RefusePlan, SetLending, WithdrawPlan
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.swarms import DeclareCause, EndCause, SiteStillDown, SwarmIncident
from services.dispatch import lending, mirror, proposals
from services.dispatch.alerts import alert_told
from services.dispatch.calls import call_in
from services.dispatch.causes import cause_told, follow_causes
from services.dispatch.clock import clock_ticked
from services.dispatch.disaster import disaster_told
from services.dispatch.engineer_events import (
    engineer_registered,
    engineers_moved,
    shift_reported,
)
from services.dispatch.estimates import work_estimate_updated
from services.dispatch.exercises import begin_anew, end_exercise, refused_as_over
from services.dispatch.incident_events import cancel_incident, incident_triaged
from services.dispatch.lending import LendingEvent
from services.dispatch.lifecycle import watch_limits
from services.dispatch.locks import lock_incident, unlock_incident
from services.dispatch.modes import set_modes
from services.dispatch.overrides import send_as_told
from services.dispatch.plan import plan
from services.dispatch.posting import post_idle
from services.dispatch.proposals import LeadsEvent
from services.dispatch.state import canonical
from services.dispatch.statuses import status_reported
from services.dispatch.swarm_course import follow_swarms
from services.dispatch.swarms import raise_swarm
from services.dispatch.turn import Turn

PeoplesCommand = (
    AssignIncident
    | ConfirmSuggestion
    | LockIncident
    | UnlockIncident
    | SetModes
    | DeclareDisaster
    | LiftDisaster
    | SwarmIncident
    | DeclareCause
    | EndCause
    | SiteStillDown
    | EndExercise
)


def step(turn: Turn, event: RegionEvent) -> None:
    """Fold one event into the turn's region; `turn.decisions` are the answer. The state changes in place."""
    apply(turn, event)
    if turn.replan:
        call_in(turn)
        plan(turn)
        follow_swarms(turn)
    if turn.now - turn.region.posted_at >= turn.policy.posting_every_s * 1000:
        post_idle(turn)


def apply(turn: Turn, event: RegionEvent) -> None:
    """What the event itself changes; who is sent where comes after."""
    match event:
        case StatusReported() | WorkEstimateUpdated() | ShiftReported() | EngineersMoved():
            _phone_spoke(turn, event)
        case IncidentTriaged():
            incident_triaged(turn, event)
        case CancelIncident():
            cancel_incident(turn, event)
        case EngineerRegistered():
            engineer_registered(turn, event)
        case RegionDefined():
            region_defined(turn, event)
        case ClockTicked() | LogStarted():
            clock_ticked(turn)
        case _:
            _obey(turn, event)
    lending.give_back_whoever_is_due(turn)
    follow_swarms(turn)
    follow_causes(turn)


def _phone_spoke(
    turn: Turn, event: StatusReported | WorkEstimateUpdated | ShiftReported | EngineersMoved
) -> None:
    match event:
        case EngineersMoved():
            engineers_moved(turn, event)
        case StatusReported():
            status_reported(turn, event)
        case WorkEstimateUpdated():
            work_estimate_updated(turn, event)
        case _:
            shift_reported(turn, event)


def _obey(turn: Turn, event: PeoplesCommand | AlertEvent | LendingEvent | LeadsEvent) -> None:
    """What people decide over the engine's head, what is warned of, and what is said about lending."""
    match event:
        case AssignIncident() | ConfirmSuggestion():
            send_as_told(turn, event)
        case LockIncident():
            lock_incident(turn, event)
        case UnlockIncident():
            unlock_incident(turn, event)
        case SetModes():
            set_modes(turn, event)
        case DeclareDisaster() | LiftDisaster() | AlertRaised() | AlertUpdated() | AlertCancelled():
            _stands(turn, event)
        case SwarmIncident() | DeclareCause() | EndCause() | SiteStillDown() | EndExercise():
            _gather(turn, event)
        case ProposePlan() | ConsentToPlan() | RefusePlan() | WithdrawPlan() | SetLending():
            if not refused_as_over(turn, by=event.by):
                proposals.obey(turn, event)
        case _:
            lending.obey(turn, event)


def _stands(turn: Turn, event: DeclareDisaster | LiftDisaster | AlertEvent) -> None:
    """A disaster or a warning: in a drill that is over neither stands any more."""
    if refused_as_over(turn, by=getattr(event, "by", None)):
        return
    if isinstance(event, DeclareDisaster | LiftDisaster):
        disaster_told(turn, event)
    else:
        alert_told(turn, event)


def _gather(turn: Turn, event: SwarmIncident | DeclareCause | EndCause | SiteStillDown | EndExercise) -> None:
    """Many on one incident, many sites of one cause, or a drill's end."""
    match event:
        case SwarmIncident():
            raise_swarm(turn, event)
        case EndExercise():
            end_exercise(turn, event)
        case _:
            cause_told(turn, event)


def region_defined(turn: Turn, event: RegionDefined) -> None:
    """The region has these borders and terms from now on."""
    region = turn.region
    if (region.time_zone, region.rules) != (event.time_zone, event.rules):
        region.time_zone, region.rules = event.time_zone, event.rules
        for engineer in region.engineers.values():
            mirror.limits_changed(region, engineer)
            watch_limits(region, engineer)
    begin_anew(region)
    region.polygon = event.polygon
    if region.terms != event.terms:
        region.terms = canonical(event.terms)
        mirror.terms_changed(region)
    turn.decide("region_defined")
