"""The event types by name and version: what may stand on which topic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.alerts import AlertCancelled, AlertRaised, AlertUpdated
from schemas.assist_log import AnnotationMade, SessionChanged
from schemas.base import Wire
from schemas.clock import ClockTicked, LogStarted
from schemas.commands import AssignIncident, ConfirmSuggestion, LockIncident, SetModes, UnlockIncident
from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster, LiftDisaster
from schemas.engineers import (
    EngineersMoved,
    PositionReported,
    ShiftReported,
    StatusReported,
    WorkEstimateUpdated,
)
from schemas.exercises import EndExercise
from schemas.incidents import CancelIncident, IncidentReported, IncidentTriaged
from schemas.lending import (
    CommitLoan,
    EngineerHandedOver,
    EngineersRequested,
    ExtendLoan,
    HandoverTaken,
    RecallLoan,
    RegionLoad,
)
from schemas.postings import PostingReceipt
from schemas.proposals import ConsentToPlan, ProposePlan, RefusePlan, SetLending, WithdrawPlan
from schemas.receipts import DecisionReceipt
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.statistics import DeadLetter, RegionKpi
from schemas.swarms import DeclareCause, EndCause, SiteStillDown, SwarmIncident

EVENT_TYPES: Mapping[str, type[Wire]] = MappingProxyType(
    {
        "muster.log.started.v1": LogStarted,
        "muster.clock.ticked.v1": ClockTicked,
        "muster.region.defined.v1": RegionDefined,
        "muster.engineer.registered.v1": EngineerRegistered,
        "muster.incident.reported.v1": IncidentReported,
        "muster.incident.triaged.v1": IncidentTriaged,
        "muster.incident.cancel.v1": CancelIncident,
        "muster.incident.assign.v1": AssignIncident,
        "muster.incident.lock.v1": LockIncident,
        "muster.incident.unlock.v1": UnlockIncident,
        "muster.incident.confirm.v1": ConfirmSuggestion,
        "muster.region.set-modes.v1": SetModes,
        "muster.region.declare-disaster.v1": DeclareDisaster,
        "muster.region.lift-disaster.v1": LiftDisaster,
        "muster.incident.swarm.v1": SwarmIncident,
        "muster.incident.still-down.v1": SiteStillDown,
        "muster.cause.declare.v1": DeclareCause,
        "muster.cause.end.v1": EndCause,
        "muster.exercise.end.v1": EndExercise,
        "muster.alert.raised.v1": AlertRaised,
        "muster.alert.updated.v1": AlertUpdated,
        "muster.alert.cancelled.v1": AlertCancelled,
        "muster.region.load-measured.v1": RegionLoad,
        "muster.lending.requested.v1": EngineersRequested,
        "muster.lending.commit.v1": CommitLoan,
        "muster.lending.extend.v1": ExtendLoan,
        "muster.lending.recall.v1": RecallLoan,
        "muster.lending.propose.v1": ProposePlan,
        "muster.lending.consent.v1": ConsentToPlan,
        "muster.lending.refuse.v1": RefusePlan,
        "muster.lending.withdraw.v1": WithdrawPlan,
        "muster.region.set-lending.v1": SetLending,
        "muster.engineer.handed-over.v1": EngineerHandedOver,
        "muster.engineer.handover-taken.v1": HandoverTaken,
        "muster.engineer.shift-reported.v1": ShiftReported,
        "muster.engineer.status-reported.v1": StatusReported,
        "muster.engineer.work-estimate-updated.v1": WorkEstimateUpdated,
        "muster.engineer.position-reported.v1": PositionReported,
        "muster.engineers.moved.v1": EngineersMoved,
        "muster.decision.made.v1": Decision,
        "muster.decision.explained.v1": DecisionReceipt,
        "muster.posting.explained.v1": PostingReceipt,
        "muster.region.kpi-counted.v1": RegionKpi,
        "muster.dead-letter.written.v1": DeadLetter,
        "muster.session.changed.v1": SessionChanged,
        "muster.annotation.made.v1": AnnotationMade,
    }
)
"""CloudEvents `type` -> model. A break gets a new version beside the old one, never in its place."""

TYPE_OF: Mapping[type[Wire], str] = MappingProxyType({model: name for name, model in EVENT_TYPES.items()})

RegionEvent = (
    LogStarted
    | ClockTicked
    | RegionDefined
    | EngineerRegistered
    | IncidentTriaged
    | CancelIncident
    | AssignIncident
    | LockIncident
    | UnlockIncident
    | ConfirmSuggestion
    | SetModes
    | DeclareDisaster
    | LiftDisaster
    | SwarmIncident
    | DeclareCause
    | EndCause
    | SiteStillDown
    | EndExercise
    | AlertRaised
    | AlertUpdated
    | AlertCancelled
    | ShiftReported
    | StatusReported
    | WorkEstimateUpdated
    | EngineersMoved
    | EngineersRequested
    | CommitLoan
    | ExtendLoan
    | RecallLoan
    | ProposePlan
    | ConsentToPlan
    | RefusePlan
    | WithdrawPlan
    | SetLending
    | EngineerHandedOver
    | HandoverTaken
)
"""What a region's fold is told: the union of everything on `region-events`."""


def type_of(event: Wire) -> str:
    """The CloudEvents type of a model; KeyError where it is no event."""
    return TYPE_OF[type(event)]
