"""The loans as their coordinator follows them: one stage each, moved on by what the regions answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from schemas.decisions import Decision
from schemas.lending import Loan

Stage = Literal["asked", "committed", "travelling", "working", "recalled", "released", "returned", "refused"]
ENDED: frozenset[Stage] = frozenset({"returned", "refused"})
ABROAD: frozenset[Stage] = frozenset({"asked", "committed", "travelling", "working"})
"""Counted as help that is there or on its way."""
_NEXT: Mapping[str, Stage] = MappingProxyType(
    {
        "lending_committed": "committed",
        "lending_travelling": "travelling",
        "lending_working": "working",
        "lending_recalled": "recalled",
        "lending_released": "released",
        "lending_returned": "returned",
    }
)
_ORDER: tuple[Stage, ...] = (
    "asked",
    "committed",
    "travelling",
    "working",
    "recalled",
    "released",
    "returned",
)
ENDED_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Followed:
    """A loan, the stage it has reached, and what was last asked about it (ms)."""

    loan: Loan
    stage: Stage = "asked"
    asked_at: int = 0
    recalled_at: int | None = None
    reason: str | None = None


@dataclass(slots=True)
class Loans:
    """Every loan that is not over, and the last of those that are."""

    open: dict[str, Followed] = field(default_factory=dict)
    ended: dict[str, Followed] = field(default_factory=dict)

    def ask(self, loan: Loan, now: int) -> None:
        """A loan was asked for."""
        self.open[loan.loan_id] = Followed(loan, "asked", now)

    def heard(self, decision: Decision) -> Followed | None:
        """Move a loan on by a region's answer; what is behind its stage, or unknown, changes nothing."""
        loan = decision.loan
        known = None if loan is None else self.open.get(loan.loan_id)
        if loan is None or known is None:
            return None
        if decision.kind == "lending_extended":
            known = replace(known, loan=loan)
        elif decision.kind == "refused" and known.stage == "asked" and decision.reason != "already_taken":
            known = replace(known, stage="refused", reason=decision.reason)
        elif (stage := _stage(decision, loan)) is not None and _ORDER.index(stage) > _ORDER.index(
            known.stage
        ):
            known = replace(known, loan=loan, stage=stage)
        self._keep(known)
        return known

    def recall(self, loan_id: str, now: int) -> None:
        """The engineer is asked to go home."""
        self.open[loan_id] = replace(self.open[loan_id], recalled_at=now)

    def lapse(self, loan_id: str) -> None:
        """Nobody ever answered, and its time has passed."""
        self._keep(replace(self.open[loan_id], stage="refused", reason="unanswered"))

    def _keep(self, followed: Followed) -> None:
        name = followed.loan.loan_id
        if followed.stage not in ENDED:
            self.open[name] = followed
            return
        del self.open[name]
        self.ended[name] = followed
        if len(self.ended) > ENDED_KEPT:
            del self.ended[next(iter(self.ended))]

    def helping(self, region: str) -> list[Followed]:
        """Who is lent to a region or asked to go there, and has not been recalled."""
        return [
            followed
            for followed in self.open.values()
            if followed.loan.to_region == region and followed.stage in ABROAD and followed.recalled_at is None
        ]

    def of_home(self, region: str) -> list[Followed]:
        """Who is lent by a region."""
        return [f for f in self.open.values() if f.loan.home_region == region]


def _stage(decision: Decision, loan: Loan) -> Stage | None:
    if decision.kind == "lending_travelling" and decision.region == loan.home_region:
        return "released"
    return _NEXT.get(decision.kind)
