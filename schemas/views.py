"""What people see: the read models that the region's fold projects into Redis and the gateway serves."""

from __future__ import annotations

from pydantic import Field

from schemas.alerts import Alert
from schemas.base import Id, Moment, Place, Tier, Wire
from schemas.commands import LockKind, Mode
from schemas.decisions import EngineerState, IncidentState
from schemas.disasters import Disaster
from schemas.regions import Polygon, RegionRules, Terms
from schemas.swarms import CauseView, SwarmView


class TimelineEntry(Wire):
    """One line of an incident's story, in the log's order."""

    at: Moment
    kind: str
    engineer_id: Id | None = None
    reason: str | None = None
    offset: int
    n: int
    session_id: Id | None = None
    """Of a remote-assist session: `offset` is -1 and `n` the number in the session's own log."""


class IncidentView(Wire):
    """An incident as the board and its owner see it; times are the log's."""

    incident_id: Id
    region: Id
    state: IncidentState
    tier: Tier
    product: Id
    level: int
    place: Place
    reported_at: Moment
    promised_at: Moment
    epoch: int = 0
    engineer_id: Id | None = None
    customer_id: Id | None = None
    external_id: Id | None = None
    site_id: Id | None = None
    equipment_id: Id | None = None
    language: Id | None = None
    cause_id: Id | None = None
    expected_service_min: float | None = None
    acknowledged: bool = False
    """The phone has the assignment: the board shows nothing as sent before this."""
    arrives_at: Moment | None = None
    """Predicted while under way, true once on site."""
    on_site_at: Moment | None = None
    restored_at: Moment | None = None
    resolved_at: Moment | None = None
    late: bool = False
    diversions: int = 0
    crew: int = 1
    crew_ids: list[Id] = Field(default=[], max_length=50)
    """Everybody who goes, where it is more than one."""
    crew_there: list[Id] = Field(default=[], max_length=50)
    """Who of them is on site."""
    window_from: Moment | None = None
    window_to: Moment | None = None
    lock: LockKind | None = None
    locked_to: list[Id] = Field(default=[], max_length=50)
    suggested: list[Id] = Field(default=[], max_length=50)
    """Whom the engine would send; nobody has been told before somebody confirms."""
    mode: Mode = "automatic"
    exercise: bool | None = None
    """True: of a drill, nothing of it is real."""
    swarm_of: Id | None = None
    """It is a place in the swarm on that incident."""
    swarm: SwarmView | None = None
    waits_for: Id | None = None
    """The root of its cause: nobody is sent before that is restored."""
    timeline: list[TimelineEntry] = Field(default=[], max_length=200)


class EngineerView(Wire):
    """An engineer as the board and they themselves see it. No position off shift."""

    engineer_id: Id
    region: Id
    state: EngineerState
    skills: dict[str, int]
    languages: list[str] = Field(default=[])
    place: Place | None = None
    fixed_at: Moment | None = None
    incident_id: Id | None = None
    epoch: int | None = None
    expected_free_at: Moment | None = None
    post: Place | None = None
    """Where they wait, or are on their way to wait, for what is expected; `post_at`: from when."""
    post_at: Moment | None = None
    reachable: bool = True
    exercise: bool | None = None
    owner_epoch: int = 0
    """How often they have changed their region: a plan that moves them names it."""


class RegionView(Wire):
    """A region with its terms and how it stands."""

    region: Id
    time_zone: str
    terms: Terms
    rules: RegionRules = RegionRules()
    modes: dict[Tier, Mode] = Field(default={})
    disaster: Disaster | None = None
    alerts: list[Alert] = Field(default=[])
    """The warnings that stand, or will, until they expire."""
    exercise: bool | None = None
    """True: a drill on a copy of the region before the dot; `exercise_over`: it has ended."""
    exercise_over: bool | None = None
    causes: list[CauseView] = Field(default=[], max_length=200)
    polygon: Polygon | None = None
    log: str
    offset: int
    now: Moment | None = None
    waiting: int = 0
    engineers_by_state: dict[str, int] = Field(default={})
