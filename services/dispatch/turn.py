"""One event's turn in one region: what is known while it is handled, and the decisions it leads to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypedDict, Unpack

from schemas.alerts import Alert
from schemas.base import Place, Tier
from schemas.commands import Mode
from schemas.decisions import Decision, DecisionKind, decision_id
from schemas.disasters import Disaster, Permit
from schemas.lending import EngineerHandedOver, LendingMode, Loan, Offer
from schemas.postings import PostingReceipt
from schemas.proposals import Proposal
from services.dispatch.inquiry import Detail
from services.dispatch.moments import to_moment
from services.dispatch.policy import DispatchPolicy
from services.dispatch.receipts import Reason
from services.dispatch.state import TIMELINE_KEPT, Engineer, Incident, RegionState

FUTURE_MS = int(timedelta(minutes=5).total_seconds() * 1000)
"""Further ahead of the log's clock than this is "in the future" (CONTRACT section 2)."""


class Window(TypedDict, total=False):
    """When work may begin at a site, and until when one must be there (ms)."""

    window_from: int
    window_to: int


class Said(TypedDict, total=False):
    """Who decided, where a person did, and why (`detail`); `reason` stays a fixed word."""

    by: str | None
    reason: str | None
    detail: str | None


class Described(Window, total=False):
    """What a reader must know of an incident that it has not seen before."""

    place: tuple[float, float]
    tier: str
    product: str
    level: int
    reported_at: int
    promised_at: int
    crew: int | None


class Permitted(TypedDict, total=False):
    """Which permits of the disaster somebody is sent by."""

    permits: list[Permit]


class Details(Described, Said, Permitted, total=False):
    """Fields of a decision beyond those its incident and engineer bring; times in milliseconds."""

    incident_id: str
    engineer_id: str
    epoch: int
    occurred_at: int
    travel_time_s: float
    arrives_at: int | None
    from_place: tuple[float, float]
    diverted_from: str | None
    expected_service_min: float
    work_left_min: float
    late: bool
    mode: str
    loan: Loan
    handover: EngineerHandedOver
    offers: list[Offer]
    proposal: Proposal | None
    lending: LendingMode
    changes: list[str]
    alert: Alert
    replaces: list[str]
    disaster: Disaster
    follow_up_of: str | None
    lead_id: str | None
    cause_id: str
    waits_for: str | None
    modes: dict[Tier, Mode]


_MOMENTS = ("occurred_at", "reported_at", "promised_at", "arrives_at", "window_from", "window_to")
_PLACES = ("place", "from_place")


@dataclass(slots=True)
class Turn:
    """The region, its policy, the event's place in the log and the log's time; collects what is decided."""

    region: RegionState
    policy: DispatchPolicy
    log: str
    offset: int
    caused_by: str
    now: int
    clock_known: bool = True
    decisions: list[Decision] = field(default_factory=list)
    queued: list[Incident] = field(default_factory=list)
    """Incidents that this event has made wait."""
    freed: list[int] = field(default_factory=list)
    """Rows of engineers whom this event has made matchable in a new way."""
    kept: list[int] = field(default_factory=list)
    """Rows of engineers whom this plan keeps free for a crew."""
    replan: bool = False
    everywhere: bool = False
    """Plan the whole region, not only what is near this event."""
    detail: Detail | None = None
    """How much its receipts tell; None: there are none."""
    reasons: dict[str, Reason] = field(default_factory=dict)
    """By incident: what this event's plan said about it."""
    postings: list[PostingReceipt] = field(default_factory=list)
    """Why somebody was sent to wait elsewhere, as much as `detail` says."""

    def decide(
        self,
        kind: DecisionKind,
        incident: Incident | None = None,
        engineer: Engineer | None = None,
        **details: Unpack[Details],
    ) -> None:
        """Add a decision; it also stands in the incident's timeline."""
        n = len(self.decisions)
        self.decisions.append(
            Decision.model_validate(
                {
                    "id": decision_id(self.log, self.region.region, self.offset, n),
                    "decided_at": to_moment(self.now),
                    "log": self.log,
                    "region": self.region.region,
                    "offset": self.offset,
                    "n": n,
                    "kind": kind,
                    "caused_by": self.caused_by,
                    **_on_the_wire(details),
                    **_about(incident, engineer),
                    **self._in_swarm(incident),
                    **({"exercise": True} if self.region.exercise else {}),
                    **self._under_disaster(),
                }
            )
        )
        if incident is not None:
            self._remember(incident, kind, engineer, details.get("reason"), n)

    def _under_disaster(self) -> dict[str, object]:
        disaster = self.region.disaster
        return {} if disaster is None else {"disaster_id": disaster.disaster_id}

    def _in_swarm(self, place: Incident | None) -> dict[str, object]:
        """Of a place in a swarm: which, and who leads it."""
        if place is None or place.swarm_of is None:
            return {}
        swarm = self.region.swarms.get(place.swarm_of)
        lead = None if swarm is None else swarm.lead_id or swarm.named_lead
        return {"swarm_of": place.swarm_of, "lead_id": lead}

    def refuse(
        self,
        word: str,
        sentence: str,
        incident: Incident | None = None,
        engineer: Engineer | None = None,
        **details: Unpack[Details],
    ) -> None:
        """The event was understood and is not applied: why, as a fixed word and as a sentence."""
        details["reason"], details["detail"] = word, sentence
        self.decide("refused", incident, engineer, **details)

    def in_the_future(self, moment: int) -> bool:
        """Whether `moment` (ms) lies further ahead of the log's clock than is allowed."""
        return self.clock_known and moment > self.now + FUTURE_MS

    def _remember(
        self,
        incident: Incident,
        kind: DecisionKind,
        engineer: Engineer | None,
        reason: str | None,
        n: int,
    ) -> None:
        if len(incident.timeline) >= TIMELINE_KEPT:
            del incident.timeline[1]  # the first line says when it all began
        who = None if engineer is None else engineer.engineer_id
        incident.timeline.append((self.now, kind, who, reason, self.offset, n))


def _on_the_wire(details: Details) -> dict[str, object]:
    """Milliseconds become moments, pairs become places."""
    fields: dict[str, object] = dict(details)
    for name in _MOMENTS:
        if (ms := fields.get(name)) is not None:
            fields[name] = to_moment(ms)  # type: ignore[arg-type]
    for name in _PLACES:
        if (point := fields.get(name)) is not None:
            fields[name] = Place(lat=point[0], lon=point[1])  # type: ignore[index]
    return fields


def _about(incident: Incident | None, engineer: Engineer | None) -> dict[str, object]:
    """How the incident and the engineer of a decision stand."""
    fields: dict[str, object] = {}
    if incident is not None:
        fields["incident_id"], fields["epoch"] = incident.incident_id, incident.epoch
        fields["incident_state"], fields["tier"] = incident.state, incident.tier
    if engineer is not None:
        fields["engineer_id"], fields["engineer_state"] = engineer.engineer_id, engineer.state
    return fields
