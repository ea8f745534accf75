"""What a decision about lending tells other regions: the only way from one region to another."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from schemas.decisions import Decision
from schemas.lending import CommitLoan, EngineerHandedOver, HandoverTaken, Loan, RecallLoan
from schemas.plans import PlannedMove
from schemas.proposals import Proposal
from services.surge.commands import recall_of

LEADS = "leads:"
"""The authority of a loan that leads have consented to; their names follow."""
MAX_ID = 128


class Told(NamedTuple):
    """An event that another region must fold; told twice under the same id, it is folded once."""

    id: str
    event: EngineerHandedOver | HandoverTaken | CommitLoan | RecallLoan


def told_by(decision: Decision) -> list[Told]:
    """What the decision tells others; nothing where it concerns its own region alone."""
    if decision.handover is not None:
        return [Told(decision.id, decision.handover)]
    if decision.kind == "plan_agreed" and decision.proposal is not None:
        agreed = loans_of(decision, decision.proposal)
        return [Told(f"{decision.id}/{command.loan.engineer_id}", command) for command in agreed]
    if decision.kind == "lending_recalled" and decision.loan is not None:
        return _called_home(decision, decision.loan)
    taken = decision.kind == "lending_travelling" or decision.reason == "already_taken"
    if not taken or decision.loan is None:
        return []
    loan = decision.loan
    answer = HandoverTaken(
        region=loan.home_region if decision.region == loan.to_region else loan.to_region,
        by_region=decision.region,
        engineer_id=loan.engineer_id,
        owner_epoch=loan.owner_epoch,
    )
    return [Told(decision.id, answer)]


def _called_home(decision: Decision, loan: Loan) -> list[Told]:
    """A recall by the home region concerns the one where they are."""
    if decision.region != loan.home_region:
        return []
    recall = recall_of(loan, decision.reason or "recalled")
    return [Told(decision.id, recall)]


def loans_of(decision: Decision, agreed: Proposal) -> list[CommitLoan]:
    """The agreed plan as one loan for each of its moves, by the authority of all who consented."""
    authority = authority_of(agreed)
    return [
        CommitLoan(
            region=move.home_region,
            loan=loan_of(
                move, _named(f"loan/{decision.region}/{decision.offset}/{move.engineer_id}"), authority
            ),
            certificates=agreed.certificates,
        )
        for move in agreed.plan.moves
    ]


def loan_of(move: PlannedMove, loan_id: str, authority: str) -> Loan:
    """The loan that a planned move becomes once it is committed."""
    return Loan(
        loan_id=loan_id,
        engineer_id=move.engineer_id,
        home_region=move.home_region,
        to_region=move.to_region,
        owner_epoch=move.owner_epoch + 1,
        until=move.until,
        staging=move.staging,
        authority=authority,
    )


def authority_of(agreed: Proposal) -> str:
    """Who consented, as the loans name them."""
    return _named(LEADS + "+".join(sorted({consent.by for consent in agreed.consents.values()})))


def _named(name: str) -> str:
    """A name that fits into an id; a longer one is told by its hash."""
    if len(name) <= MAX_ID:
        return name
    return f"{name[: MAX_ID - 33]}:{sha256(name.encode()).hexdigest()[:32]}"
