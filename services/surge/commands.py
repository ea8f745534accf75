"""What the coordinator tells a region, and by whose authority."""

from __future__ import annotations

from typing import NamedTuple

from schemas.lending import LendingCommand, Loan, RecallLoan
from schemas.proposals import ProposePlan, WithdrawPlan

AUTHORITY = "automatic"
DISASTER = "disaster"
"""The authority of a loan to a region in which a lead has declared a disaster."""
COORDINATOR = "muster/surge"
"""Who proposes, where it is no lead."""


class Command(NamedTuple):
    """What a region is told; the id is the same whenever the same loads led to it."""

    id: str
    event: LendingCommand | ProposePlan | WithdrawPlan


def is_ours(loan: Loan) -> bool:
    """Whether the coordinator lent them; loans by a lead's authority are the leads' to extend and recall."""
    return loan.authority in (AUTHORITY, DISASTER)


def recall_of(loan: Loan, reason: str = "no_longer_needed") -> RecallLoan:
    """Come home after the work in hand."""
    return RecallLoan(
        region=loan.to_region, loan_id=loan.loan_id, engineer_id=loan.engineer_id, reason=reason
    )
