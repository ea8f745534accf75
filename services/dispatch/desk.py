"""What a region remembers of lending beyond its engineers: mode, the plan that stands, what was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.lending import LendingMode
from schemas.lending_views import LOANS_KEPT, LoanRefusal, LoanView
from schemas.plans import MovePlan
from schemas.proposals import Proposal


@dataclass(slots=True)
class Desk:
    """The region's side of the lead's desk."""

    lending: LendingMode | None = None
    """None: nobody has set it."""
    proposal: Proposal | None = None
    """The one that stands."""
    earlier: list[MovePlan] = field(default_factory=list)
    """What it was before it was amended, the oldest first."""
    ended: Proposal | None = None
    """The one before it: what an act that comes too late is told."""
    refusals: list[LoanRefusal] = field(default_factory=list)
    """Loans that this region refused to give last, the oldest first."""
    returned: list[LoanView] = field(default_factory=list)
    """Of its own, who came home last."""

    def note_refusal(self, refusal: LoanRefusal) -> None:
        """Remember it, once for each loan."""
        others = [other for other in self.refusals if other.loan_id != refusal.loan_id]
        self.refusals = [*others, refusal][-LOANS_KEPT:]

    def note_return(self, loan: LoanView) -> None:
        """Remember who came home."""
        self.returned = [*self.returned, loan][-LOANS_KEPT:]


def desk_out(desk: Desk) -> dict[str, Any]:
    """As plain JSON, for a snapshot."""
    return {
        "lending": desk.lending,
        "proposal": None if desk.proposal is None else desk.proposal.model_dump(mode="json"),
        "earlier": [plan.model_dump(mode="json") for plan in desk.earlier],
        "ended": None if desk.ended is None else desk.ended.model_dump(mode="json"),
        "refusals": [refusal.model_dump(mode="json") for refusal in desk.refusals],
        "returned": [loan.model_dump(mode="json") for loan in desk.returned],
    }


def desk_in(raw: dict[str, Any]) -> Desk:
    """The same desk again."""
    return Desk(
        lending=raw["lending"],
        proposal=None if raw["proposal"] is None else Proposal.model_validate(raw["proposal"]),
        earlier=[MovePlan.model_validate(plan) for plan in raw["earlier"]],
        ended=None if raw["ended"] is None else Proposal.model_validate(raw["ended"]),
        refusals=[LoanRefusal.model_validate(one) for one in raw["refusals"]],
        returned=[LoanView.model_validate(one) for one in raw["returned"]],
    )
