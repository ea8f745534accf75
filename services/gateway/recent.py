"""What the newest decisions say about incidents and engineers: fresher than Redis, and there without it."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from schemas.base import Tier
from schemas.decisions import Decision, EngineerState
from schemas.proposals import Proposal

REMEMBERED_INCIDENTS = 20_000
REMEMBERED_ENGINEERS = 50_000
DECISIONS_EACH = 64
REMEMBERED_ALERTS = 2_000
ENDS_ALERT = frozenset({"alert_cancelled", "alert_expired"})


@dataclass(slots=True)
class _Incident:
    region: str
    customer: str | None = None
    owner_known: bool = False
    tier: Tier | None = None
    decisions: deque[Decision] = field(default_factory=lambda: deque(maxlen=DECISIONS_EACH))


class Recent:
    """Bounded memory of the tail: decisions by incident, the last state by engineer."""

    def __init__(self) -> None:
        self._incidents: OrderedDict[str, _Incident] = OrderedDict()
        self._engineers: OrderedDict[str, Decision] = OrderedDict()
        self._alerts: OrderedDict[str, set[str]] = OrderedDict()
        self._proposals: dict[str, Proposal] = {}

    def take(self, decision: Decision) -> None:
        """Remember a decision that was not seen before."""
        if decision.incident_id is not None and decision.kind != "refused":
            known = self._incident(decision.incident_id, decision.region)
            known.region = decision.region
            known.tier = decision.tier or known.tier
            known.decisions.append(decision)
        if decision.engineer_id is not None and decision.engineer_state is not None:
            self._engineers.pop(decision.engineer_id, None)
            self._engineers[decision.engineer_id] = decision
            if len(self._engineers) > REMEMBERED_ENGINEERS:
                self._engineers.popitem(last=False)

        if decision.proposal is not None:
            self._proposals[decision.region] = decision.proposal
        if decision.alert is not None:
            self._note_alert(decision, decision.alert.alert)

    def _note_alert(self, decision: Decision, name: str) -> None:
        if decision.kind in ("alert_raised", "alert_updated"):
            self._alerts.setdefault(name, set()).add(decision.region)
            if len(self._alerts) > REMEMBERED_ALERTS:
                self._alerts.popitem(last=False)
        for gone in (*(decision.replaces or ()), *([name] if decision.kind in ENDS_ALERT else [])):
            self._alerts.get(gone, set()).discard(decision.region)

    def proposal_of(self, region: str) -> Proposal | None:
        """The last proposal that a decision of the region told of, one that has ended too."""
        return self._proposals.get(region)

    def regions_with_alert(self, name: str) -> set[str]:
        """The regions for which a warning stands, as far as the newest decisions tell."""
        return set(self._alerts.get(name, ()))

    def _incident(self, incident_id: str, region: str) -> _Incident:
        known = self._incidents.get(incident_id)
        if known is None:
            known = self._incidents[incident_id] = _Incident(region)
            if len(self._incidents) > REMEMBERED_INCIDENTS:
                self._incidents.popitem(last=False)
        return known

    def owned(self, incident_id: str, region: str, customer: str | None, tier: Tier | None = None) -> None:
        """The incident belongs to this customer (learnt from a report or a read model)."""
        known = self._incident(incident_id, region)
        known.customer, known.owner_known = customer, True
        known.tier = tier or known.tier

    def region_of(self, incident_id: str) -> str | None:
        """The region of an incident that was decided about lately."""
        known = self._incidents.get(incident_id)
        return None if known is None or not known.decisions else known.region

    def owner_of(self, incident_id: str) -> tuple[bool, str | None]:
        """Whether the incident's customer is known here, and who it is."""
        known = self._incidents.get(incident_id)
        return (False, None) if known is None else (known.owner_known, known.customer)

    def tier_of(self, incident_id: str) -> Tier | None:
        """The tier of an incident that was decided about lately."""
        known = self._incidents.get(incident_id)
        return None if known is None else known.tier

    def decisions_about(self, incident_id: str) -> list[Decision]:
        """The newest decisions about an incident in the log's order, repeats left out."""
        known = self._incidents.get(incident_id)
        return [] if known is None else list(known.decisions)

    def state_of(self, engineer_id: str) -> EngineerState | None:
        """The last state that a decision gave the engineer."""
        last = self._engineers.get(engineer_id)
        return None if last is None else last.engineer_state

    def last_about(self, engineer_id: str) -> Decision | None:
        """The last decision that said how the engineer is."""
        return self._engineers.get(engineer_id)
