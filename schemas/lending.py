"""People between regions: how a region stands, what is asked and committed, how an engineer is handed over.

The verbs are those of EDXL-RM: requested, offered, committed, travelling, working, released, returned. What
is asked of a region is an event in its log; what it answers is a decision.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.alerts import Hazard
from schemas.base import Id, Level, Moment, Place, Tier, Wire
from schemas.regions import Certificate, EngineerRegistered

MAX_OFFERED = 100
"""The most engineers that one region offers at a time."""

LendingMode = Literal["automatic", "proposed"]
"""Whether moves are carried out at once, where the other region says so too, or wait for the leads."""
Count = Annotated[int, Field(ge=0, le=2**53)]
Milliseconds = Annotated[int, Field(ge=0, le=2**53)]
Skills = Annotated[dict[Id, Level], Field(max_length=100)]


class Demand(Wire):
    """What was reported for one product since the log began: a difference of two is what came between."""

    reported: Count = 0
    work_ms: Milliseconds = 0


class RegionLoad(Wire):
    """How a region stands at a moment of its clock. Counters run from the log's start, so none is missed."""

    region: Id
    log: Id
    offset: int
    at: Moment
    utc_offset_min: int = Field(default=0, ge=-1440, le=1440)
    """The region's local time: demand follows the hours of its day."""
    demand: dict[Id, Demand] = Field(default={}, max_length=100)
    travel_ms: Milliseconds = 0
    """Spent under way to sites that were reached, since the log began."""
    arrivals: Count = 0
    waiting: dict[Tier, Count] = Field(default={})
    waiting_work_ms: dict[Id, Milliseconds] = Field(default={}, max_length=100)
    """Work that waits, by product."""
    waited_p50_s: float = 0.0
    waited_p90_s: float = 0.0
    waited_max_s: float = 0.0
    breaking: Count = 0
    """Promises that will break within `breaking_within_min` if the queue is served as fast as it can be."""
    breaking_within_min: float = 180.0
    exercise: bool = False
    """Of a drill: it is counted with no other region."""
    on_duty: Count = 0
    """Engineers of any region who work here now or are on their way here."""
    home_on_duty: Count = 0
    """Of the region's own: those who are here."""
    home_strength: Count = 0
    """Of the region's own: those on shift, here or lent."""
    busy: Count = 0
    able: dict[Id, Count] = Field(default={}, max_length=100)
    """Engineers on duty by product they have."""
    free_soon: dict[Id, Annotated[list[Count], Field(max_length=5)]] = Field(default={}, max_length=100)
    """By product: idle or free within half an hour, at level 1 or above, 2 or above, ... 5."""
    ms_per_km: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    """How long a kilometre as the crow flies takes on the region's roads."""
    disaster_until: Moment | None = None
    """Until when a declared disaster stands here; None: none does."""
    alerts: list[Hazard] = Field(default=[], max_length=50)
    """The warnings that stand for the region, those that have not begun too."""
    centre: Place | None = None
    """The middle of what waits or was reported last, else of its engineers' homes; None where nobody is."""
    lending: LendingMode | None = None
    """As a lead has set it; None: nobody has."""
    entry_certificates: list[Id] = Field(default=[], max_length=100)
    lends_to: list[Id] | None = Field(default=None, max_length=1000)


class Loan(Wire):
    """One engineer lent by the home region to another. `owner_epoch` counts the changes of owner."""

    loan_id: Id
    engineer_id: Id
    home_region: Id
    to_region: Id
    owner_epoch: int = Field(ge=0, le=2**53)
    until: Moment
    staging: Place
    authority: Id
    """Who committed: `automatic` where both regions' lending mode is, or a person."""


class EngineersRequested(Wire):
    """A region needs help; the region addressed says whom it can spare."""

    request_id: Id
    region: Id
    to_region: Id
    wanted: dict[Id, Milliseconds] = Field(default={}, max_length=100)
    """Work that waits for help, by product."""
    most: Annotated[int, Field(ge=1, le=MAX_OFFERED)]
    staging: Place
    until: Moment
    certificates: list[Id] = Field(default=[], max_length=100)
    """Whoever is lent must have these until the loan ends."""
    named: dict[Id, Moment] = Field(default={}, max_length=MAX_OFFERED)
    """Who stands in a proposal already, and until when: offered again where they can still go."""


class Offer(Wire):
    """An engineer whom the region can spare, as they stand now."""

    engineer_id: Id
    place: Place
    skills: Skills
    owner_epoch: int = Field(ge=0, le=2**53)
    under_way: bool = False
    others_qualified: Count = 0
    """How many others there can do what they can, in the product where these are fewest."""
    certificates: list[Certificate] | None = Field(default=None, max_length=100)


class CommitLoan(Wire):
    """Lend this engineer now: the home region carries it out, or refuses with the rule that forbids it."""

    region: Id
    loan: Loan
    certificates: list[Id] = Field(default=[], max_length=100)
    """Needed there until the loan ends."""


class ExtendLoan(Wire):
    """The loan runs on until `until`; addressed to the region that has the engineer."""

    region: Id
    loan_id: Id
    engineer_id: Id
    until: Moment
    by: Id | None = None


class RecallLoan(Wire):
    """The engineer goes home as soon as what they have in hand is done."""

    region: Id
    loan_id: Id
    engineer_id: Id
    reason: Id = "no_longer_needed"
    by: Id | None = None
    detail: str | None = Field(default=None, max_length=2000)
    """A lead's own words."""


class DutyAccount(Wire):
    """What was counted of an engineer's working time; times and spans in milliseconds."""

    carried_ms: int = 0
    began_at: int | None = None
    unbroken_since: int | None = None
    counted_from: int | None = None
    paused_at: int | None = None
    off_since: int | None = None
    week_from: int = 0
    week_ms: int = 0
    break_ends_at: int | None = None


FOR_GOOD = "registration"
"""The authority of a handover to the region with which somebody is registered from now on: no loan at all."""


class EngineerHandedOver(Wire):
    """From now on the engineer is `region`'s, under `loan.owner_epoch`, on the way from `place` to `towards`.

    The giving region decided it; whoever sees a higher epoch knows the later owner. By the authority FOR_GOOD
    the engineer moves house: home is `region`, and `engineer` what was registered.
    """

    region: Id
    from_region: Id
    loan: Loan
    engineer: EngineerRegistered
    place: Place
    departed_at: Moment
    towards: Place
    devices: dict[Id, Count] = Field(default={}, max_length=10)
    """The last number applied of each device of theirs."""
    duty: DutyAccount | None = None
    """None: nobody counts their working time."""
    starts_at: Moment | None = None
    """When they come back on shift by themselves."""
    state: Literal["available", "on_break", "off_shift"] = "available"
    reachable: bool = True


class HandoverTaken(Wire):
    """The receiving region has the engineer: the giving one (`region`) need not say it again."""

    region: Id
    by_region: Id
    engineer_id: Id
    owner_epoch: int = Field(ge=0, le=2**53)


LendingCommand = EngineersRequested | CommitLoan | ExtendLoan | RecallLoan
"""What the surge coordinator, or a lead, tells a region."""
