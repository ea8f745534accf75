"""What must hold of any stream of decisions, whatever was killed, late or told twice.

InvariantBroken    a rule was broken; `rule` is one of RULES, the message names the decision
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from schemas.decisions import Decision

Rule = Literal["one_content", "in_order", "one_owner", "one_job", "epoch_up", "current_epoch", "not_lost"]
RULES: dict[Rule, str] = {
    "one_content": "a decision id has one content for ever",
    "in_order": "a region's decisions follow the log's order",
    "one_owner": "an incident has one owner at a time, and none once it is closed",
    "one_job": "an engineer has one job at a time",
    "epoch_up": "each assignment of an incident has a higher epoch",
    "current_epoch": "a status is applied under the current epoch of its owner alone",
    "not_lost": "every reported incident is open or closed",
}
STATUSES = frozenset({"acknowledged", "accepted", "en_route", "on_site", "restored", "resolved"})


class InvariantBroken(AssertionError):
    """A rule does not hold."""

    def __init__(self, rule: Rule, what: str) -> None:
        super().__init__(f"{RULES[rule]}: {what}")
        self.rule = rule


@dataclass(slots=True)
class _Incident:
    """An incident as the decisions tell it; `held` says whether `holder` still has it."""

    closed: bool = False
    held: bool = False
    holder: str | None = None
    epoch: int = 0


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
        if decision.kind == "queued":
            self._incidents.setdefault((decision.log, decision.incident_id), _Incident())
        elif decision.kind == "assigned":
            self._assigned(decision, self._known(decision))
        elif decision.kind == "withdrawn":
            self._withdrawn(decision, self._known(decision))
        elif decision.kind in STATUSES:
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

    def _assigned(self, decision: Decision, incident: _Incident) -> None:
        engineer_id, epoch = decision.engineer_id or "", decision.epoch or 0
        if incident.held or incident.closed:
            state = "closed" if incident.closed else f"with {incident.holder}"
            raise InvariantBroken("one_owner", f"{decision.id} assigns {decision.incident_id}, {state}")
        if epoch <= incident.epoch:
            raise InvariantBroken("epoch_up", f"{decision.id} has epoch {epoch} after {incident.epoch}")
        if engineer_id in self._jobs:
            held = self._jobs[engineer_id]
            raise InvariantBroken("one_job", f"{decision.id} assigns {engineer_id}, who has {held}")
        incident.held, incident.holder, incident.epoch = True, engineer_id, epoch
        self._jobs[engineer_id] = decision.incident_id or ""

    def _withdrawn(self, decision: Decision, incident: _Incident) -> None:
        if not incident.held or incident.holder != decision.engineer_id:
            raise InvariantBroken("one_owner", f"{decision.id} takes back from {decision.engineer_id}")
        self._release(incident)

    def _status(self, decision: Decision, incident: _Incident) -> None:
        named = (decision.engineer_id, decision.epoch)
        if named != (incident.holder, incident.epoch) or not (incident.held or incident.closed):
            what = (
                f"{decision.id} {decision.kind} under {named}, current is {(incident.holder, incident.epoch)}"
            )
            raise InvariantBroken("current_epoch", what)
        if decision.kind == "resolved":
            self._close(incident)

    def _close(self, incident: _Incident) -> None:
        incident.closed = True
        if incident.held:
            self._release(incident)

    def _release(self, incident: _Incident) -> None:
        incident.held = False
        self._jobs.pop(incident.holder or "", None)


def check(decisions: Iterable[Decision], reported: Iterable[str] = ()) -> Invariants:
    """Check a whole stream in the order given; InvariantBroken at the first rule that does not hold."""
    seen = Invariants()
    seen.saw_all(decisions)
    seen.ended(reported)
    return seen
