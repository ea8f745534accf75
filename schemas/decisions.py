"""What leaves a region's fold: one model for every decision, with an id made of (log, region, offset, n)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.alerts import MAX_REFERENCES, Alert, AlertName
from schemas.base import Id, Moment, Place, Tier, Wire
from schemas.commands import Mode
from schemas.disasters import Disaster, Permit
from schemas.lending import MAX_OFFERED, EngineerHandedOver, LendingMode, Loan, Offer
from schemas.proposals import MOST_CHANGES, Proposal

DecisionKind = Literal[
    "region_defined",
    "engineer_registered",
    "engineer_changed",  # shift, break, reachable: `engineer_state` says which
    "queued",  # the incident is known and waits
    "posted",  # drives to `place` without an incident, on loan or home where `reason` is lent or going_home
    "assigned",  # with `diverted_from` where the engineer was turned away from another incident
    # taken back: `reason` is diverted, declined, unreachable, cancelled, shift_ended, handed_over, overridden
    "withdrawn",
    "acknowledged",
    "accepted",
    "en_route",
    "on_site",
    "work_estimated",  # who is on site says how long it will still take: `work_left_min`
    "restored",
    "resolved",
    "cancelled",
    "promise_broken",  # the promised moment passed before anybody arrived
    "unservable",  # it waits and nobody can be sent any more: `reason` is the rule
    "suggested",  # whom the engine would send: `mode` says whether somebody may confirm it (suggest) or not
    "suggestion_withdrawn",
    "crew_reported",  # one of a crew said `reason`; the incident as a whole is not yet there
    "crew_complete",  # the last of a crew has arrived: the work begins, told to each of them
    "locked",
    "unlocked",
    "modes_set",
    "lending_offered",  # whom the region can spare, in `offers`; `reason` where it is nobody
    "lending_committed",  # lent: the engineer is another region's from now on, see `handover`
    "lending_travelling",  # taken over from the home region, on the way
    "lending_working",
    "lending_extended",
    "lending_recalled",  # goes home once the work in hand is done
    "lending_released",  # given back: the engineer is the home region's from now on, see `handover`
    "lending_returned",
    "plan_proposed",  # `proposal` stands from now on and waits for its parties' leads
    "plan_amended",  # another plan in its place, without consents; or the same one for longer
    "plan_consented",
    "plan_refused",
    "plan_agreed",  # every party has consented: each move is committed now
    "plan_withdrawn",  # it stands no more: `reason` is withdrawn, expired, refused or exercise_over
    "lending_set",  # `lending` says whether the region's moves wait for a lead
    "disaster_declared",  # `disaster` says by whom, until when and what it permits; also where it is amended
    "disaster_lifted",  # `reason` is lifted or expired
    "swarm_raised",  # `crew` engineers shall work on it together; `lead_id` where a lead is named
    "swarm_led",  # `lead_id` leads from now on; `reason` is named, highest, took_over or nobody_qualified
    "swarm_joined",  # one who joined has arrived
    "swarm_ended",  # `reason` is restored, resolved, cancelled or stood_down
    "cause_declared",  # the sites of `cause_id` wait for this incident
    "cause_ended",  # `reason` is restored, resolved, cancelled or lifted
    "site_waits",  # it waits for `waits_for`, the root of its cause: nobody is sent there
    "site_released",  # it is served on its own again: `reason` is cause_ended, still_down or override
    "exercise_ended",  # the drill is over; `engineer_id`s and incidents of it are gone
    "alert_raised",  # a warning stands for the region: `alert`
    "alert_updated",  # in place of those that `replaces` names
    "alert_cancelled",
    "alert_expired",
    "refused",  # the event was understood and not applied: `reason` is a fixed word, `detail` a sentence
    "conflicted",  # an offline phone's story contradicts what was decided meanwhile; shown, never hidden
]
IncidentState = Literal[
    "reported",
    "waiting",
    "assigned",
    "accepted",
    "en_route",
    "on_site",
    "restored",
    "resolved",
    "cancelled",
]
EngineerState = Literal["off_shift", "available", "en_route", "on_site", "on_break"]


class Decision(Wire):
    """One decision of one region about one event.

    `(log, region, offset, n)` names it for ever: `offset` is the event's place in `region-events`,
    `n` counts the decisions of that event. `decided_at` is the log's time. `caused_by` is the CloudEvents
    id of the event, so that a command finds its answer. `epoch` is the assignment's fencing epoch
    (for `refused`: the current one). Fields that do not concern a kind are None.
    """

    id: Id
    decided_at: Moment
    log: Id
    region: Id
    offset: int
    n: int
    kind: DecisionKind
    caused_by: str
    incident_id: Id | None = None
    engineer_id: Id | None = None
    epoch: int | None = None
    incident_state: IncidentState | None = None
    engineer_state: EngineerState | None = None
    occurred_at: Moment | None = None
    reason: str | None = None
    detail: str | None = None
    tier: Tier | None = None
    product: Id | None = None
    level: int | None = None
    place: Place | None = None
    reported_at: Moment | None = None
    promised_at: Moment | None = None
    travel_time_s: float | None = None
    arrives_at: Moment | None = None
    from_place: Place | None = None
    diverted_from: Id | None = None
    expected_service_min: float | None = None
    work_left_min: float | None = None
    late: bool | None = None
    crew: int | None = None
    """How many go together, where it is more than one: as many `assigned` of one event and one epoch."""
    by: Id | None = None
    """Who decided, where a person did; `detail` is their reason."""
    mode: Mode | None = None
    window_from: Moment | None = None
    """Whoever arrives before this waits for it."""
    window_to: Moment | None = None
    loan: Loan | None = None
    handover: EngineerHandedOver | None = None
    offers: list[Offer] | None = Field(default=None, max_length=MAX_OFFERED)
    alert: Alert | None = None
    disaster: Disaster | None = None
    disaster_id: Id | None = None
    """The disaster under which it was decided."""
    permits: list[Permit] | None = Field(default=None, max_length=10)
    """Which of its permits were needed for it."""
    follow_up_of: Id | None = None
    exercise: bool | None = None
    """True: of a drill, nothing of it is real."""
    swarm_of: Id | None = None
    """The decision is about a place in the swarm on this incident."""
    lead_id: Id | None = None
    """Who leads the swarm."""
    cause_id: Id | None = None
    waits_for: Id | None = None
    replaces: list[AlertName] | None = Field(default=None, max_length=MAX_REFERENCES)
    proposal: Proposal | None = None
    """As it stands after this; where an act about one is `refused`, the one that stands or ended last."""
    changes: list[str] | None = Field(default=None, max_length=MOST_CHANGES)
    """Of an act about an outdated plan: what is other in the one that stands, a sentence each."""
    lending: LendingMode | None = None
    modes: dict[Tier, Mode] | None = None
    """Of `modes_set`: the tiers that are dispatched in another mode from now on."""


def decision_id(log: str, region: str, offset: int, n: int) -> str:
    """The id of the n-th decision about the event at `offset` (CONTRACT section 5)."""
    return f"{log}/{region}/{offset}/{n}"
