"""What every receipt begins with."""

from __future__ import annotations

from schemas.base import Id, Moment, Wire


class ReceiptHead(Wire):
    """Which decision a receipt is of, and under what it was evaluated again."""

    id: Id
    log: Id
    region: Id
    offset: int
    n: int
    decided_at: Moment
    policy: str
    policy_version: int
    travel_version: str
