"""The public API's bodies: what a request under `/v1` may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Command, Id, Latitude, Level, Longitude, Minutes, Moment, Place, ShortText, Tier
from schemas.commands import MAX_CREW, Crew, LockKind, Mode, Reason
from schemas.engineers import PhoneStatus, ShiftChange
from schemas.regions import Certificate, Polygon, RegionRules, Terms, TimeZone

Role = Literal["dispatcher", "technician", "expert", "lead", "customer", "operator", "service"]
ROLES: tuple[Role, ...] = ("dispatcher", "technician", "expert", "lead", "customer", "operator", "service")

MAX_BATCH = 1000
"""The most positions, or phone events, that one request may carry."""

Products = Annotated[dict[Id, Level], Field(max_length=100)]


class Login(Command):
    """A signed token that shall become the page's HttpOnly cookie."""

    token: Annotated[str, Field(min_length=1, max_length=8192)]


class RegionBody(Command):
    """A region's time zone, terms and borders: RegionDefined without its id, which the path names."""

    time_zone: TimeZone = "UTC"
    terms: Terms = Terms()
    rules: RegionRules = RegionRules()
    polygon: Polygon | None = None


class EngineerBody(Command):
    """An engineer's standing data: EngineerRegistered without the id, which the path names."""

    region: Id
    home: Place
    skills: Products
    languages: list[Id] = Field(default=[], max_length=20)
    certificates: list[Certificate] = Field(default=[], max_length=100)
    available_from: Moment | None = None
    shift_end: Moment | None = None
    worked_min_before: Minutes | None = None
    parts: list[Id] = Field(default=[], max_length=500)
    excluded_customers: list[Id] = Field(default=[], max_length=500)
    pinned_incident: Id | None = None


class IncidentBody(Command):
    """A report. `incident_id` is made from the Idempotency-Key where absent; `reported_at` is now."""

    incident_id: Id | None = None
    reported_at: Moment | None = None
    place: Place
    tier: Tier
    product: Id
    level: Level = 1
    region: Id | None = None
    expected_service_min: Minutes | None = None
    external_id: Id | None = None
    site_id: Id | None = None
    equipment_id: Id | None = None
    customer_id: Id | None = None
    language: Id | None = None
    reported_by: Id | None = None
    cause_id: Id | None = None
    crew: int = Field(default=1, ge=1, le=50)
    certificate: Id | None = None
    window_from: Moment | None = None
    window_to: Moment | None = None
    parts: list[Id] = Field(default=[], max_length=100)


class CancelBody(Command):
    """Why an incident is called off."""

    reason: ShortText = ""


class _IncidentCommandBody(Command):
    epoch: int | None = Field(default=None, ge=0, le=2**53)
    """The epoch that the person saw: 409 with the current one where it has moved on."""


class AssignBody(_IncidentCommandBody):
    """Send these engineers now; as many as the incident's crew. The reason is kept with the decision."""

    engineer_ids: Crew
    reason: Reason


class PinBody(_IncidentCommandBody):
    """A lock of the kind `engineer`: only these may go, and they take nothing else while it waits."""

    engineer_ids: Crew
    reason: Reason


class LockBody(_IncidentCommandBody):
    """One of the four locks: `time` and `both` need `start_from`, `range` also `start_to`.

    `engineer` and `both` fix whoever has the incident, or those named.
    """

    kind: LockKind
    engineer_ids: list[Id] = Field(default=[], max_length=MAX_CREW)
    start_from: Moment | None = None
    start_to: Moment | None = None
    reason: Reason


class UnlockBody(_IncidentCommandBody):
    """The engine may decide again."""

    reason: ShortText = ""


class ConfirmBody(Command):
    """Carry out a suggestion as it was shown: these engineers, under this epoch."""

    engineer_ids: Crew
    epoch: int = Field(ge=0, le=2**53)


class ModesBody(Command):
    """How tiers are dispatched; a tier that is not named keeps its mode."""

    modes: Annotated[dict[Tier, Mode], Field(min_length=1)]
    reason: ShortText = ""


class _PhoneBody(Command):
    device_id: Id = "phone"
    device_seq: int = Field(ge=0, le=2**53)
    occurred_at: Moment


class ShiftBody(_PhoneBody):
    """A shift or a break starts or ends."""

    change: ShiftChange
    place: Place | None = None


class StatusBody(_PhoneBody):
    """How an assignment stands; `epoch` is the assignment's. A technician need not name themselves."""

    engineer_id: Id | None = None
    epoch: int = Field(ge=0, le=2**53)
    status: PhoneStatus
    reason: ShortText | None = None
    place: Place | None = None


class WorkEstimateBody(_PhoneBody):
    """How many minutes the work will still take. A technician need not name themselves."""

    engineer_id: Id | None = None
    epoch: int = Field(ge=0, le=2**53)
    minutes_left: Minutes


class Fix(Command):
    """One position fix of a phone."""

    lat: Latitude
    lon: Longitude
    fixed_at: Moment
    accuracy_m: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class PositionsBody(Command):
    """A batch of fixes of one phone, oldest first."""

    positions: Annotated[list[Fix], Field(min_length=1, max_length=MAX_BATCH)]


class ShiftEntry(ShiftBody):
    """A shift change within a batch of phone events."""

    type: Literal["shift"]
    engineer_id: Id


class StatusEntry(_PhoneBody):
    """A status within a batch of phone events."""

    type: Literal["status"]
    engineer_id: Id
    incident_id: Id
    epoch: int = Field(ge=0, le=2**53)
    status: PhoneStatus
    reason: ShortText | None = None
    place: Place | None = None


class WorkEstimateEntry(_PhoneBody):
    """An estimate within a batch of phone events."""

    type: Literal["work_estimate"]
    engineer_id: Id
    incident_id: Id
    epoch: int = Field(ge=0, le=2**53)
    minutes_left: Minutes


class PositionEntry(Fix):
    """A fix within a batch of phone events."""

    type: Literal["position"]
    engineer_id: Id


PhoneEntry = Annotated[
    ShiftEntry | StatusEntry | WorkEstimateEntry | PositionEntry, Field(discriminator="type")
]


class PhoneEventsBody(Command):
    """What phones kept while they were offline, or what many phones say at once; applied in this order."""

    events: Annotated[list[PhoneEntry], Field(min_length=1, max_length=MAX_BATCH)]


class ClockBody(Command):
    """It is now `now` in the scenario."""

    now: Moment
