"""What a region remembers: engineers, incidents, what it has seen. Numbers and words only."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from schemas.alerts import Alert
from schemas.base import Tier
from schemas.commands import LockKind, Mode
from schemas.decisions import EngineerState, IncidentState
from schemas.disasters import Disaster, Permit
from schemas.regions import Polygon, RegionRules, Terms
from services.dispatch.demand import Demand
from services.dispatch.desk import Desk
from services.dispatch.duty import Duty
from services.dispatch.gatherings import Cause, Swarm
from services.dispatch.geometry import part_way
from services.dispatch.lent import HandedOver, OnLoan
from services.dispatch.numbers import FreeNumbers
from services.dispatch.warm import Warm

STATE_VERSION = 10
CLOSED_KEPT = 2_000
SEEN_KEPT = 20_000
TIMELINE_KEPT = 200
DEVICES_KEPT = 4
HANDED_OVER_KEPT = 10_000
ALERTS_KEPT = 50
ALERTS_ENDED_KEPT = 500

HELD: frozenset[IncidentState] = frozenset({"assigned", "accepted", "en_route"})
"""Somebody is to go, and can still be turned."""
ATTENDED: frozenset[IncidentState] = frozenset({"on_site", "restored"})
RESTING: frozenset[EngineerState] = frozenset({"off_shift", "on_break"})

TimerKind = Literal[
    "shift_start",
    "shift_end",
    "break_due",
    "break_over",
    "settled",
    "unacknowledged",
    "promise",
    "window_closed",
    "joins",
    "loan_ends",
    "untaken",
    "alert_expires",
    "call_ends",
    "disaster_ends",
    "plan_expires",
]
TimelineLine = tuple[int, str, str | None, str | None, int, int]
"""at (ms), kind, engineer_id, reason, offset, n"""


@dataclass(slots=True)
class Engineer:
    """One engineer: at `lat, lon` since `placed_at`, or with `arrives_at` on the way to `to_lat, to_lon`."""

    engineer_id: str
    row: int
    home_lat: float
    home_lon: float
    lat: float
    lon: float
    placed_at: int
    skills: dict[str, int]
    languages: list[str]
    state: EngineerState = "off_shift"
    to_lat: float = 0.0
    to_lon: float = 0.0
    arrives_at: int | None = None
    fixed_at: int | None = None
    incident_id: str | None = None
    reachable: bool = True
    leaving: bool = False
    """The shift has ended; the job in hand is the last."""
    available_from: int | None = None
    starts_at: int | None = None
    """When the registered shift will start by itself; None once it has."""
    ends_at: int | None = None
    certificates: list[tuple[str, int]] = field(default_factory=list)
    """Name and expiry (ms)."""
    parts: list[str] = field(default_factory=list)
    """What is on the van, a part once for each piece."""
    excluded_customers: list[str] = field(default_factory=list)
    pinned_incident: str | None = None
    """As registered; it becomes a lock of the incident when both are known."""
    duty: Duty | None = None
    """None: their rest, breaks and week are not counted."""
    devices: list[tuple[str, int]] = field(default_factory=list)
    """The last number applied of each device, the newest device last."""
    owner_epoch: int = 0
    """How often they have changed from one region to another on loan."""
    loan: OnLoan | None = None
    """Lent to this region, or on the way home to it."""
    called_until: int | None = None
    """Called while off shift, under a disaster: until then (ms) at most."""
    exclusions_lifted: bool = False
    """A disaster permits that they go to every customer."""
    joins_at: int | None = None
    """Until then (ms) they are only on the way to where they will work."""
    due_back: bool = False
    """The work in hand is the last before they go home."""

    def place_at(self, now: int) -> tuple[float, float]:
        """Where they are at `now` (ms), dead-reckoned between the last known point and the site; degrees."""
        if self.arrives_at is None:
            return self.lat, self.lon
        span = self.arrives_at - self.placed_at
        done = (now - self.placed_at) / span if span > 0 else 1.0
        return part_way((self.lat, self.lon), (self.to_lat, self.to_lon), done)

    def stand(self, lat: float, lon: float, now: int) -> None:
        """They are here, and stay."""
        self.lat, self.lon, self.placed_at, self.arrives_at = lat, lon, now, None


@dataclass(slots=True)
class Incident:
    """One incident; times are milliseconds. `near` are the rows of the engineers it may be matched with."""

    incident_id: str
    slot: int
    tier: Literal["platinum", "gold", "silver"]
    product: str
    level: int
    lat: float
    lon: float
    reported_at: int
    promised_at: int
    expected_service_ms: int
    expected_service_min: float | None = None
    """As reported; None: the region's mean of the product stands in."""
    external_id: str | None = None
    site_id: str | None = None
    equipment_id: str | None = None
    customer_id: str | None = None
    language: str | None = None
    cause_id: str | None = None
    follow_up_of: str | None = None
    """What is left of an incident that was restored in a disaster."""
    swarm_of: str | None = None
    """A place in the swarm on this incident."""
    waits_for: str | None = None
    """The root of its cause: nobody is sent before that is restored."""
    on_its_own: bool = False
    """Whatever its cause: served as an incident of its own."""
    crew: int = 1
    """How many start together or not at all."""
    certificate: str | None = None
    parts: list[str] = field(default_factory=list)
    window_from: int | None = None
    window_to: int | None = None
    lock: LockKind | None = None
    locked_to: list[str] = field(default_factory=list)
    """Only these may go; fewer than `crew`: these and others."""
    lock_from: int | None = None
    lock_to: int | None = None
    suggested: list[str] = field(default_factory=list)
    """Whom the engine would send, where the tier's mode is not automatic."""
    unservable: str | None = None
    """The rule that keeps everybody away, where that was said."""
    state: IncidentState = "waiting"
    epoch: int = 0
    engineer_id: str | None = None
    assigned_at: int | None = None
    give_up_at: int | None = None
    settles_at: int | None = None
    """Until then (ms) whoever has it is not turned; None once that has passed."""
    """When an assignment that no phone acknowledged is taken back."""
    acknowledged: bool = False
    on_site_at: int | None = None
    restored_at: int | None = None
    resolved_at: int | None = None
    crew_stages: dict[str, int] = field(default_factory=dict)
    """Of a crew of several: how far each of them is, a place in STAGES; -1 before a word of theirs."""
    estimated_at: int | None = None
    """When the engineer on site last said (ms) how much work is left, and how much (ms)."""
    estimated_left_ms: int = 0
    implied: list[str] = field(default_factory=list)
    """Stages no phone reported, taken as passed because a later one was."""
    late: bool = False
    promise_broken: bool = False
    diversions: int = 0
    unfair_permille: int = 0
    """How much more it weighs, since its area is answered late; fixed when it is reported."""
    barred: dict[str, int] = field(default_factory=dict)
    """Engineers who declined or could not be reached, and until when (ms) they are not asked again."""
    near: list[int] = field(default_factory=list)
    near_all: bool = False
    """`near` holds everybody who qualifies, on shift or not."""
    near_until: int = 0
    """When `near` is looked for anew (ms); 0: before the next plan."""
    near_reach: int = 0
    """How soon the last of `near` could arrive (ms): whoever becomes free and is nearer joins."""
    timeline: list[TimelineLine] = field(default_factory=list)


@dataclass(slots=True)
class RegionState:
    """One region. What stands below `timers` is derived, rebuilt by a restore and never in a snapshot."""

    region: str
    time_zone: str
    terms: Terms
    polygon: Polygon | None
    engineers: dict[str, Engineer] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    closed: dict[str, Incident] = field(default_factory=dict)
    seen: deque[int] = field(default_factory=deque)
    """What was folded, by an 8-byte hash of (source, id), the oldest first."""
    rules: RegionRules = field(default_factory=RegionRules)
    modes: dict[Tier, Mode] = field(default_factory=dict)
    """A tier that is not here is dispatched automatically."""
    work_ms: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By product: how many jobs finished here, and their milliseconds on site together."""
    lasting: dict[str, list[int]] = field(default_factory=dict)
    """By product: how many of them lasted at least 0, 10, 20 ... % of what was expected."""
    answered_ms: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By area ("" is the region): how many reports were answered, and the milliseconds that took together."""
    demand: Demand = field(default_factory=Demand)
    reported: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By product: how many were reported here, and the milliseconds of work expected of them together."""
    travelled: tuple[int, int] = (0, 0)
    """How many sites were reached, and the milliseconds under way to them."""
    handed_over: dict[str, HandedOver] = field(default_factory=dict)
    """Who was given to another region last, by engineer."""
    disaster: Disaster | None = None
    called: dict[str, None] = field(default_factory=dict)
    """Whom the disaster has called; nobody is called twice."""
    alerts: dict[str, Alert] = field(default_factory=dict)
    """The warnings that stand, by name."""
    alerts_ended: list[str] = field(default_factory=list)
    """Those that do no more, the oldest first: a late message does not bring them back."""
    desk: Desk = field(default_factory=Desk)
    swarms: dict[str, Swarm] = field(default_factory=dict)
    """By incident."""
    causes: dict[str, Cause] = field(default_factory=dict)
    exercise: bool = False
    """A drill: its people and incidents are its own."""
    exercise_over: bool = False
    planned_at: int = 0
    posted_at: int = 0
    timers: list[tuple[int, TimerKind, str, int]] = field(default_factory=list)
    seen_marks: set[int] = field(default_factory=set)
    warm: Warm = field(default_factory=Warm)
    by_row: dict[int, Engineer] = field(default_factory=dict)
    by_slot: dict[int, Incident] = field(default_factory=dict)
    rows: FreeNumbers = field(default_factory=lambda: FreeNumbers([]))
    slots: FreeNumbers = field(default_factory=lambda: FreeNumbers([]))

    pins: dict[str, int] = field(default_factory=dict)
    """Of how many waiting incidents an engineer is the one who must go."""
    excluded: dict[str, int] = field(default_factory=dict)
    """How many engineers are kept from a customer."""
    overdue: dict[str, None] = field(default_factory=dict)
    """Engineers whose break or rest is due and who still have work in hand."""
    wishes: dict[str, list[str]] = field(default_factory=dict)
    """Pins as registered: incident -> engineers."""

    def set_timer(self, at: int, kind: TimerKind, name: str, stamp: int = 0) -> None:
        """Remind the region at `at` (ms); whoever wakes checks whether it still holds."""
        heapq.heappush(self.timers, (at, kind, name, stamp))

    def permits(self, what: Permit) -> bool:
        """Whether a disaster stands that permits this."""
        return self.disaster is not None and what in self.disaster.permits

    def assigned_engineer(self, incident: Incident) -> Engineer:
        """Who has the incident in hand; asserts that somebody does."""
        assert incident.engineer_id is not None
        return self.engineers[incident.engineer_id]


def canonical(terms: Terms) -> Terms:
    """The terms with every number a float, as they come back from a snapshot (defaults may be whole)."""
    return Terms.model_validate(terms.model_dump())
