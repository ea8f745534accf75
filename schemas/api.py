"""The public API's bodies: what a request under `/v1` may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.base import Command, Id, Latitude, Longitude, Minutes, Moment, Place, ShortText, Tier
from schemas.commands import MAX_CREW, Crew, LockKind, Mode, Reason
from schemas.disasters import Permit
from schemas.engineers import PhoneStatus, ShiftChange
from schemas.incidents import IncidentFacts
from schemas.regions import EngineerFacts, RegionFacts
from schemas.swarms import MAX_SITES_NAMED

Role = Literal["dispatcher", "technician", "expert", "lead", "customer", "operator", "service"]
ROLES: tuple[Role, ...] = ("dispatcher", "technician", "expert", "lead", "customer", "operator", "service")

MAX_BATCH = 1000
"""The most positions, or phone events, that one request may carry."""


class Login(Command):
    """A signed token that shall become the page's HttpOnly cookie."""

    token: Annotated[str, Field(min_length=1, max_length=8192)]


class RegionBody(RegionFacts, Command):
    """A region's time zone, terms, rules and borders; the path names it."""


class EngineerBody(EngineerFacts, Command):
    """An engineer's standing data; the path names whose."""


class IncidentBody(IncidentFacts, Command):
    """A report. `incident_id` is made from the Idempotency-Key where absent; `reported_at` is now."""

    incident_id: Id | None = None
    reported_at: Moment | None = None


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


class SwarmBody(_IncidentCommandBody):
    """So many shall work on it together, everybody counted; without `lead_id` the highest qualified leads."""

    crew: int = Field(ge=1, le=MAX_CREW)
    lead_id: Id | None = None
    reason: Reason


class CauseBody(Command):
    """The incident that the sites of a cause wait for; `site_ids` adds those that named no cause."""

    root_id: Id
    site_ids: list[Id] = Field(default=[], max_length=MAX_SITES_NAMED)
    reason: Reason


class EndCauseBody(Command):
    """The region in which the cause was declared, and why it ends."""

    region: Id
    reason: ShortText = ""


class StillDownBody(Command):
    """What is seen at the site."""

    reason: ShortText = ""


class DisasterBody(Command):
    """A disaster is declared (again: amended), or lifted; its permits are what the region's office allows."""

    declared: bool
    until: Moment | None = None
    """When it ends by itself; needed where it is declared."""
    permits: list[Permit] = Field(default=[], max_length=10)
    reason: Reason

    @model_validator(mode="after")
    def _ends(self) -> DisasterBody:
        if self.declared and self.until is None:
            raise ValueError("until is needed: a declared disaster ends by itself")
        return self


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
