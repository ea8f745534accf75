"""What must hold of any stream of decisions, whatever was killed, late or told twice.

InvariantBroken    a rule was broken; `rule` is one of RULES, the message names the decision
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from schemas.decisions import Decision

Rule = Literal[
    "one_content",
    "in_order",
    "one_owner",
    "one_job",
    "epoch_up",
    "current_epoch",
    "not_lost",
    "crew_together",
]
RULES: dict[Rule, str] = {
    "one_content": "a decision id has one content for ever",
    "in_order": "a region's decisions follow the log's order",
    "one_owner": "an incident has one owner at a time, and none once it is closed",
    "one_job": "an engineer has one job at a time",
    "epoch_up": "each assignment of an incident has a higher epoch",
    "current_epoch": "a status is applied under the current epoch of its owner alone",
    "not_lost": "every reported incident is open or closed",
    "crew_together": "a crew is assigned and taken back whole, and works once all of it is there",
}
BY_OTHERS = frozenset({"swarm", "cause_restored"})
"""Why an incident that nobody has is restored: by one who joined it, or with the root of its cause."""
STATUSES = frozenset({"acknowledged", "accepted", "en_route", "on_site", "restored", "resolved"})


class InvariantBroken(AssertionError):
    """A rule does not hold."""

    def __init__(self, rule: Rule, what: str) -> None:
        super().__init__(f"{RULES[rule]}: {what}")
        self.rule = rule


@dataclass(slots=True)
class _Incident:
    """An incident as the decisions tell it; `holders` have it, `named` had a word in its newest epoch."""

    closed: bool = False
    holders: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    on_site: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    crew: int = 1
    epoch: int = 0
    at: int = -1
    """The event of its last assignment or withdrawal."""

    def is_whole(self) -> bool:
        """Nobody has it, or all of the crew who are not done."""
        return not self.holders or len(self.holders | self.done) == self.crew


class Invariants:
    """Watches decisions one by one, of any number of regions; a decision told again is skipped.

    `saw` raises InvariantBroken where a decision breaks a rule; `ended` where a report was lost.
    """

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._position: dict[tuple[str, str], tuple[int, int]] = {}
        self._incidents: dict[tuple[str, str], _Incident] = {}
        self._jobs: dict[str, str] = {}
        self._answered: set[str] = set()

    def saw_all(self, decisions: Iterable[Decision]) -> None:
        """See decisions in the order given."""
        for decision in decisions:
            self.saw(decision)

    def saw(self, decision: Decision) -> None:
        """See one decision; InvariantBroken where it breaks a rule."""
        if self._told_again(decision):
            return
        self._check_order(decision)
        if decision.incident_id is None:
            return
        self._answered.add(decision.incident_id)
        self._check_crew(decision)
        if decision.kind == "queued":
            self._queued(decision)
        elif decision.kind == "assigned":
            self._assigned(decision, self._known(decision))
        elif decision.kind == "withdrawn":
            self._withdrawn(decision, self._known(decision))
        elif decision.kind in STATUSES or decision.kind == "crew_reported":
            self._status(decision, self._known(decision))
        elif decision.kind == "cancelled":
            self._close(self._known(decision))

    def open_incidents(self) -> list[str]:
        """Incidents neither resolved nor cancelled, in order of their ids."""
        return sorted(name for (_, name), incident in self._incidents.items() if not incident.closed)

    def ended(self, reported: Iterable[str], dead_letters: Iterable[str] = ()) -> None:
        """Every reported incident was queued, or answered by a refusal, or lies among the dead letters."""
        lost = sorted(set(reported) - self._answered - set(dead_letters))
        if lost:
            raise InvariantBroken("not_lost", f"{len(lost)} never answered, such as {lost[0]}")

    def _told_again(self, decision: Decision) -> bool:
        seal = hashlib.sha256(decision.model_dump_json().encode()).digest()
        known = self._contents.setdefault(decision.id, seal)
        if known is seal:
            return False
        if known != seal:
            raise InvariantBroken("one_content", f"{decision.id} was told with another content")
        return True

    def _check_order(self, decision: Decision) -> None:
        place, lane = (decision.offset, decision.n), (decision.log, decision.region)
        if place <= self._position.get(lane, (-1, -1)):
            raise InvariantBroken("in_order", f"{decision.id} came after {self._position[lane]}")
        self._position[lane] = place

    def _known(self, decision: Decision) -> _Incident:
        assert decision.incident_id is not None
        incident = self._incidents.get((decision.log, decision.incident_id))
        if incident is None:
            raise InvariantBroken("not_lost", f"{decision.id} {decision.kind} an incident never queued")
        return incident

    def _check_crew(self, decision: Decision) -> None:
        """Once the event that assigned or withdrew is over, a crew is whole or not there at all."""
        incident = self._incidents.get((decision.log, decision.incident_id or ""))
        if incident is not None and incident.at != decision.offset and not incident.is_whole():
            missing = f"{sorted(incident.holders)} of {incident.crew}"
            raise InvariantBroken("crew_together", f"{decision.id} finds {missing} on {decision.incident_id}")

    def _queued(self, decision: Decision) -> None:
        incident = self._incidents.setdefault((decision.log, decision.incident_id or ""), _Incident())
        if decision.reason == "still_down":
            incident.closed = False

    def _assigned(self, decision: Decision, incident: _Incident) -> None:
        engineer_id, epoch = decision.engineer_id or "", decision.epoch or 0
        joins = epoch == incident.epoch and incident.at == decision.offset
        full = len(incident.holders) >= incident.crew or engineer_id in incident.holders
        if incident.closed or (incident.holders and (full or not joins)):
            state = "closed" if incident.closed else f"with {sorted(incident.holders)}"
            raise InvariantBroken("one_owner", f"{decision.id} assigns {decision.incident_id}, {state}")
        if not incident.holders and epoch <= incident.epoch:
            raise InvariantBroken("epoch_up", f"{decision.id} has epoch {epoch} after {incident.epoch}")
        if engineer_id in self._jobs:
            held = self._jobs[engineer_id]
            raise InvariantBroken("one_job", f"{decision.id} assigns {engineer_id}, who has {held}")
        if not incident.holders:
            incident.named, incident.on_site, incident.done = set(), set(), set()
        incident.holders.add(engineer_id)
        incident.named.add(engineer_id)
        incident.epoch, incident.crew, incident.at = epoch, decision.crew or 1, decision.offset
        self._jobs[engineer_id] = decision.incident_id or ""

    def _withdrawn(self, decision: Decision, incident: _Incident) -> None:
        if decision.engineer_id not in incident.holders:
            raise InvariantBroken("one_owner", f"{decision.id} takes back from {decision.engineer_id}")
        incident.at = decision.offset
        self._release(incident, decision.engineer_id)

    def _status(self, decision: Decision, incident: _Incident) -> None:
        if decision.engineer_id is None and decision.reason in BY_OTHERS and not incident.holders:
            incident.closed = decision.kind == "resolved"
            return
        who = decision.engineer_id or ""
        current = incident.holders if not incident.closed else incident.named
        if who not in current or decision.epoch != incident.epoch:
            what = f"{decision.id} {decision.kind} by {who} under {decision.epoch}"
            raise InvariantBroken("current_epoch", f"{what}, current is {sorted(current), incident.epoch}")
        word = decision.reason if decision.kind == "crew_reported" else decision.kind
        if word == "on_site":
            incident.on_site.add(who)
        if decision.kind in ("on_site", "restored", "resolved") and incident.crew > 1:
            self._check_all_there(decision, incident)
        if decision.kind == "resolved":
            self._close(incident)
        elif word == "resolved":
            incident.done.add(who)
            self._release(incident, who)

    def _check_all_there(self, decision: Decision, incident: _Incident) -> None:
        if len(incident.on_site) < incident.crew:
            there = f"{len(incident.on_site)} of {incident.crew} there"
            raise InvariantBroken("crew_together", f"{decision.id} {decision.kind} with {there}")

    def _close(self, incident: _Incident) -> None:
        incident.closed = True
        for holder in sorted(incident.holders):
            self._release(incident, holder)

    def _release(self, incident: _Incident, holder: str) -> None:
        incident.holders.discard(holder)
        self._jobs.pop(holder, None)


def check(decisions: Iterable[Decision], reported: Iterable[str] = ()) -> Invariants:
    """Check a whole stream in the order given; InvariantBroken at the first rule that does not hold."""
    seen = Invariants()
    seen.saw_all(decisions)
    seen.ended(reported)
    return seen
