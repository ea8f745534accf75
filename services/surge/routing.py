"""What a decision about lending tells another region: the only way from one region to another."""

from __future__ import annotations

from schemas.decisions import Decision
from schemas.lending import EngineerHandedOver, HandoverTaken

Told = EngineerHandedOver | HandoverTaken


def told_by(decision: Decision) -> Told | None:
    """The event that the other region must fold; None where the decision concerns its own region alone.

    Its id is the decision's, so that a decision told twice is folded once.
    """
    if decision.handover is not None:
        return decision.handover
    taken = decision.kind == "lending_travelling" or decision.reason == "already_taken"
    if not taken or decision.loan is None:
        return None
    loan = decision.loan
    return HandoverTaken(
        region=loan.home_region if decision.region == loan.to_region else loan.to_region,
        by_region=decision.region,
        engineer_id=loan.engineer_id,
        owner_epoch=loan.owner_epoch,
    )
