"""What a region remembers of loans: who is lent to it, and whom it gave to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class OnLoan:
    """An engineer's loan as both regions remember it; `until` in milliseconds."""

    loan_id: str
    home_region: str
    to_region: str
    until: int
    staging: tuple[float, float]
    authority: str
    since: int = 0
    """When it came to where it stands (ms)."""


@dataclass(slots=True)
class HandedOver:
    """An engineer who is another region's now; `handover` is what was said (JSON), until it was taken."""

    engineer_id: str
    loan: OnLoan
    to_region: str
    owner_epoch: int
    handover: str | None
    say_again_at: int
