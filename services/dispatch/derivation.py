"""The full receipts of past decisions, derived by folding the log again from a state before them."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.events import type_of
from schemas.receipts import DecisionReceipt, ExplainedDecision
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.inquiry import full
from services.dispatch.moments import to_moment, to_ms
from services.dispatch.plan import plan
from services.dispatch.receipts import receipt_now
from services.dispatch.turn import Turn


class Derivation:
    """Folds on and explains one incident at the offsets that are asked for; other events cost no receipt."""

    def __init__(self, fold: PartitionFold, incident_id: str, offsets: Iterable[int]) -> None:
        self.fold = fold
        self.explained: list[ExplainedDecision] = []
        self._incident_id = incident_id
        self._offsets = frozenset(offsets)
        fold.detail = None

    def take(self, logged: Logged) -> None:
        """Fold the log's next event."""
        asked = logged.offset in self._offsets
        self.fold.detail = full(self._incident_id) if asked else None
        decisions = self.fold.step(logged)
        if not asked:
            return
        receipts = {receipt.id: receipt for receipt in self.fold.receipts}
        self.explained += [
            ExplainedDecision(
                decision=decision, event_type=type_of(logged.event), receipt=receipts.get(decision.id)
            )
            for decision in decisions
            if decision.incident_id == self._incident_id
        ]


def why_now(fold: PartitionFold, incident_id: str) -> DecisionReceipt | None:
    """Why an incident waits as the fold stands; None where it does not. Plans, so the fold can not go on."""
    for region in fold.regions.values():
        incident = region.incidents.get(incident_id)
        if incident is None or incident.state != "waiting":
            continue
        turn = Turn(
            region=region,
            policy=fold.policy,
            log=fold.log or "log",
            offset=fold.next_offset - 1,
            caused_by="",
            now=0 if fold.now is None else to_ms(fold.now),
            everywhere=True,
            detail=full(incident_id),
        )
        plan(turn)
        return receipt_now(turn, incident, to_moment(turn.now))
    return None
