"""The full receipts of past decisions, derived by folding the log again from a state before them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.decisions import Decision
from schemas.events import type_of
from schemas.receipts import DecisionReceipt, ExplainedDecision
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.inquiry import Detail, full, full_posting
from services.dispatch.moments import to_moment, to_ms
from services.dispatch.plan import plan
from services.dispatch.receipts import receipt_now
from services.dispatch.turn import Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained: every decision about an incident, or every posting of an engineer."""

    incident_id: str | None = None
    engineer_id: str | None = None

    def is_about(self, decision: Decision) -> bool:
        """Whether the decision is to be explained."""
        if self.engineer_id is not None:
            return decision.kind == "posted" and decision.engineer_id == self.engineer_id
        return decision.incident_id is not None and decision.incident_id == self.incident_id

    def detail(self) -> Detail:
        """Receipts in full of what is asked about, and of nothing else."""
        return (
            full_posting(self.engineer_id) if self.engineer_id is not None else full(self.incident_id or "")
        )


class Derivation:
    """Folds on and explains what is asked at the offsets that are named; other events cost no receipt."""

    def __init__(self, fold: PartitionFold, asked: Asked, offsets: Iterable[int]) -> None:
        self.fold = fold
        self.explained: list[ExplainedDecision] = []
        self._asked = asked
        self._offsets = frozenset(offsets)
        fold.detail = None

    def take(self, logged: Logged) -> None:
        """Fold the log's next event."""
        named = logged.offset in self._offsets
        self.fold.detail = self._asked.detail() if named else None
        decisions = self.fold.step(logged)
        if not named:
            return
        receipts = {receipt.id: receipt for receipt in self.fold.receipts}
        postings = {receipt.id: receipt for receipt in self.fold.postings}
        self.explained += [
            ExplainedDecision(
                decision=decision,
                event_type=type_of(logged.event),
                receipt=receipts.get(decision.id),
                posting=postings.get(decision.id),
            )
            for decision in decisions
            if self._asked.is_about(decision)
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
