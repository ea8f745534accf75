"""Triage's rules, pure: where an event belongs, what it becomes there, and why it belongs nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.alerts import AlertEvent
from schemas.base import Wire
from schemas.clock import ClockTicked
from schemas.cloudevents import Envelope, Headers, UnreadableRecord
from schemas.commands import IncidentCommand, SetModes
from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster, LiftDisaster
from schemas.engineers import ShiftReported, StatusReported, WorkEstimateUpdated
from schemas.events import type_of
from schemas.exercises import EndExercise, belongs, is_exercise_name, is_exercise_region
from schemas.incidents import CancelIncident, IncidentReported, IncidentTriaged
from schemas.lending import EngineerHandedOver, LendingCommand
from schemas.proposals import ProposalCommand, SetLending
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.swarms import DeclareCause, EndCause
from schemas.topics import TOPICS
from services.surge.routing import told_by
from streams.dead_letters import Record
from streams.registry import Registry

FUTURE_MARGIN = timedelta(minutes=5)
"""What is further ahead of the log's clock than this is in the future (CONTRACT section 2)."""


ADDRESSED = (
    CancelIncident
    | IncidentCommand
    | SetModes
    | DeclareDisaster
    | LiftDisaster
    | DeclareCause
    | EndCause
    | EndExercise
    | AlertEvent
    | LendingCommand
    | ProposalCommand
    | SetLending
)
"""What names the region that must hear it."""

MAX_RECORD_BYTES = 1000 * 1024
"""A little under what `region-events` carries, for the headers that forwarding adds."""


class Refusal(ValueError):
    """An event that can be read and goes nowhere; `reason` is the dead letter's fixed word.

    Refusal
    ├─ reason "outside_every_region"  no known region is named and no polygon covers the place
    ├─ reason "unknown_region"        a command for a region that was never defined
    ├─ reason "unknown_engineer"      a phone whose engineer was never registered
    ├─ reason "exercise"              it would mix a drill with what is real
    ├─ reason "too_large"             more bytes than `region-events` carries
    └─ reason "in_the_future"         more than five minutes ahead of the clock
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Routed:
    """An event on its way into `region-events`: to the partition of `region`, or to the one named."""

    region: str
    envelope: Envelope
    changed: bool = False
    """The event is another than the one that came: its bytes must be written anew."""
    partition: int | None = None


def belongs_on(topic: str, event: Wire) -> None:
    """Raise UnreadableRecord where the registry of topics does not allow this type here."""
    if type(event) not in TOPICS[topic].events:
        raise UnreadableRecord("unknown_type", f"{type_of(event)} does not belong on {topic}")


def within_bounds(record: Record) -> None:
    """Raise Refusal where the record could not be forwarded: the broker's no would come back for ever."""
    size = len(record.value or b"") + sum(len(name) + len(value or b"") for name, value in record.headers)
    if size > MAX_RECORD_BYTES:
        raise Refusal("too_large", f"{size} bytes; a record may have {MAX_RECORD_BYTES}")


def route(envelope: Envelope, partition: int, registry: Registry, clock: datetime | None) -> Sequence[Routed]:
    """Where an event goes; `clock` None leaves the question of the future to the fold. Raises Refusal."""
    event = envelope.event
    if isinstance(event, ADDRESSED):
        return [Routed(_known(event.region, registry), envelope)]
    match event:
        case IncidentReported() as report:
            refuse_the_future("reported_at", report.reported_at, clock)
            return [_triaged(envelope, report, registry)]
        case ShiftReported() | StatusReported() | WorkEstimateUpdated() as phone:
            refuse_the_future("occurred_at", phone.occurred_at, clock)
            return [Routed(_region_of(phone.engineer_id, registry), envelope)]
        case Decision() as decision:
            return [
                Routed(event.region, replace(envelope, id=name, event=event), changed=True)
                for name, event in told_by(decision)
            ]
        case RegionDefined() as defined:
            return [Routed(defined.region, envelope)]
        case EngineerRegistered() as registered:
            return _registered(envelope, registered, registry)
        case ClockTicked():
            return [Routed("", envelope, partition=partition)]
        case other:
            raise Refusal("unknown_type", f"triage has no rule for {type(other).__name__}")


def refuse_the_future(name: str, moment: datetime, clock: datetime | None) -> None:
    """Raise Refusal where a moment is further ahead than the margin."""
    if clock is not None and moment > clock + FUTURE_MARGIN:
        raise Refusal(
            "in_the_future", f"{name} {moment.isoformat()} is ahead of the clock {clock.isoformat()}"
        )


def _triaged(envelope: Envelope, report: IncidentReported, registry: Registry) -> Routed:
    named = report.region if report.region in registry.regions else None
    if named is None and report.region is not None and is_exercise_region(report.region):
        raise Refusal("exercise", f"there is no exercise {report.region}: nothing of a drill becomes real")
    if is_exercise_name(report.incident_id) != (named is not None and is_exercise_region(named)):
        raise Refusal("exercise", f"{report.incident_id} is of an exercise, or {named} is, and not both")
    region = named or registry.region_at(report.place)
    if region is None:
        raise Refusal(
            "outside_every_region",
            f"no polygon covers {report.place.lat:.6f}, {report.place.lon:.6f}; named: {report.region}",
        )
    promise = timedelta(minutes=registry.regions[region].terms.promise_min[report.tier])
    triaged = IncidentTriaged(
        report=report,
        region=region,
        promised_at=report.reported_at + promise,
        placed_by="named" if named else "polygon",
    )
    return Routed(region, replace(envelope, event=triaged), changed=True)


def _region_of(engineer_id: str, registry: Registry) -> str:
    region = registry.region_of.get(engineer_id)
    if region is None:
        raise Refusal("unknown_engineer", f"engineer {engineer_id} was never registered")
    return region


def _known(region: str, registry: Registry) -> str:
    if region not in registry.regions:
        raise Refusal("unknown_region", f"region {region} was never defined")
    return region


def _registered(envelope: Envelope, event: EngineerRegistered, registry: Registry) -> Sequence[Routed]:
    """To the region named; where another has the engineer to that one, which hands them over."""
    if not belongs(event.region, event.engineer_id):
        raise Refusal(
            "exercise", f"{event.engineer_id} can not be in {event.region}: one of them is a drill's"
        )
    named = _known(event.region, registry)
    return [Routed(registry.region_of.get(event.engineer_id, named), envelope)]


def registry_key(event: Wire) -> str | None:
    """The key in `registry` of an event that is kept there; None for all others."""
    match event:
        case RegionDefined(region=region):
            return f"region/{region}"
        case EngineerRegistered(engineer_id=engineer_id):
            return f"engineer/{engineer_id}"
        case EngineerHandedOver(loan=loan):
            return f"owner/{loan.engineer_id}"
        case _:
            return None


def with_partitionkey(headers: Headers, region: str) -> list[tuple[str, bytes]]:
    """The same headers, led to a region; everything else stays as it came."""
    kept = [(name, value) for name, value in headers if name != "ce_partitionkey"]
    return [*kept, ("ce_partitionkey", region.encode())]
