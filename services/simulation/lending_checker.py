"""What must hold of people between regions, whatever was killed, lost or told twice; seen in the decisions.

MoveBroken    a rule was broken; `rule` is one of MOVE_RULES, the message names the decision
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.decisions import Decision
from schemas.lending import Loan

MoveRule = Literal["one_region", "some_region", "not_stranded"]
MOVE_RULES: dict[MoveRule, str] = {
    "one_region": "an engineer belongs to one region at a time",
    "some_region": "whoever is given is taken",
    "not_stranded": "whoever is lent comes home, or the loan still runs",
}


class MoveBroken(AssertionError):
    """A rule does not hold."""

    def __init__(self, rule: MoveRule, what: str) -> None:
        super().__init__(f"{MOVE_RULES[rule]}: {what}")
        self.rule = rule


@dataclass(slots=True)
class Moves:
    """Watches the decisions of all regions: each region's in its order, the regions in any order.

    `saw` raises MoveBroken where one region breaks a rule by itself, `ended` where they do together.
    """

    _seen: set[str] = field(default_factory=set)
    _given: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    """By engineer and owner epoch: who gave them, and to whom."""
    _taken: dict[tuple[str, int], str] = field(default_factory=dict)
    _loans: dict[str, Loan] = field(default_factory=dict)
    """By engineer: the loan last spoken of, under the highest owner epoch."""
    _away: dict[tuple[str, str], int] = field(default_factory=dict)
    """By region and engineer: under which epoch the region has given them away."""

    def saw_all(self, decisions: Iterable[Decision]) -> None:
        """See decisions in the order given."""
        for decision in decisions:
            self.saw(decision)

    def saw(self, decision: Decision) -> None:
        """See one decision; one that is told again is skipped."""
        if decision.id in self._seen:
            return
        self._seen.add(decision.id)
        if decision.kind == "assigned":
            self._is_here(decision, decision.engineer_id or "")
        if decision.loan is None or not decision.kind.startswith("lending_"):
            return
        known = self._loans.get(decision.loan.engineer_id)
        if known is None or decision.loan.owner_epoch >= known.owner_epoch:
            self._loans[decision.loan.engineer_id] = decision.loan
        if decision.handover is not None:
            self._gives(decision, decision.loan, decision.handover.region)
        elif decision.kind == "lending_travelling":
            self._takes(decision, decision.loan)

    def ended(self, at: datetime) -> int:
        """All is told, and the last clock said `at`; how many moves there were."""
        for (engineer_id, epoch), (giver, to) in sorted(self._given.items()):
            taker = self._taken.get((engineer_id, epoch))
            if taker is None:
                what = f"{giver} gave {engineer_id} to {to} under epoch {epoch}, who never took them"
                raise MoveBroken("some_region", what)
            if taker != to:
                raise MoveBroken("one_region", f"{engineer_id} was given to {to}, and {taker} took them")
        for engineer_id, epoch in sorted(self._taken.keys() - self._given.keys()):
            taker = self._taken[engineer_id, epoch]
            raise MoveBroken("one_region", f"{taker} took {engineer_id} under {epoch}, and nobody gave them")
        for engineer_id, loan in sorted(self._loans.items()):
            holder = self._taken.get((engineer_id, loan.owner_epoch), loan.home_region)
            if holder != loan.home_region and loan.until < at:
                what = f"{engineer_id} is in {holder} on {loan.loan_id}, which ended at {loan.until}"
                raise MoveBroken("not_stranded", what)
        return len(self._given)

    def _is_here(self, decision: Decision, engineer_id: str) -> None:
        epoch = self._away.get((decision.region, engineer_id))
        if epoch is not None:
            what = f"{decision.id} assigns {engineer_id}, whom {decision.region} gave away under {epoch}"
            raise MoveBroken("one_region", what)

    def _gives(self, decision: Decision, loan: Loan, to: str) -> None:
        move, way = (loan.engineer_id, loan.owner_epoch), (decision.region, to)
        if self._given.setdefault(move, way) != way:
            what = f"{decision.id} gives {loan.engineer_id} to {to}, given before {self._given[move]}"
            raise MoveBroken("one_region", what)
        self._away[decision.region, loan.engineer_id] = loan.owner_epoch

    def _takes(self, decision: Decision, loan: Loan) -> None:
        move, region = (loan.engineer_id, loan.owner_epoch), decision.region
        gone = self._away.get((region, loan.engineer_id), -1)
        if move in self._taken or gone >= loan.owner_epoch:
            raise MoveBroken("one_region", f"{decision.id} takes {loan.engineer_id} a second time")
        self._taken[move] = region
        self._away.pop((region, loan.engineer_id), None)
