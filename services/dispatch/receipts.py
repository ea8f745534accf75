"""Receipts: why somebody was sent, and why an incident was left waiting; computed, never guessed.

`explain` looks at a plan before it is carried out, `receipts_of` joins what it found with the decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from schemas.decisions import Decision, decision_id
from schemas.receipts import Basis, Candidate, DecisionReceipt, Flip, ReceiptKind, Waiting
from services.dispatch import mirror
from services.dispatch.candidates import best_rivals, candidates, left_out
from services.dispatch.flips import flips_of
from services.dispatch.inquiry import Inquiry
from services.dispatch.state import HELD, Incident
from services.dispatch.travel import TRAVEL_VERSION
from services.dispatch.waits import why_waiting, without_a_pair

if TYPE_CHECKING:
    from services.dispatch.matched import Matched
    from services.dispatch.turn import Turn


NOBODY = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Reason:
    """What a plan said about one incident, before there is a decision to bind it to."""

    kind: ReceiptKind
    basis: Basis = "matching"
    considered: int = 0
    winner: Candidate | None = None
    diverted_from: str | None = None
    waiting: Waiting | None = None
    rejected: tuple[Candidate, ...] = ()
    flips: tuple[Flip, ...] = ()


def explain(turn: Turn, matched: Matched) -> None:
    """Keep the reason of everything that this plan decides, or leaves waiting for the first time."""
    if turn.detail is None:
        return
    inquiry = Inquiry(turn.region, turn.policy, turn.now, matched, turn.detail)
    queued = {incident.incident_id for incident in turn.queued}
    for at, slot in enumerate(matched.slots.tolist()):
        incident = turn.region.by_slot[slot]
        if _is_asked(turn, incident, matched, at, queued):
            turn.reasons[incident.incident_id] = _reason(turn, inquiry, at, incident)


def _is_asked(turn: Turn, incident: Incident, matched: Matched, at: int, queued: set[str]) -> bool:
    assert turn.detail is not None
    if turn.detail.only is not None:
        return incident.incident_id == turn.detail.only
    if incident.state in HELD:
        return turn.region.assigned_engineer(incident).row != matched.row_given(at)
    return matched.at_once[at] or incident.incident_id in queued


def _reason(turn: Turn, inquiry: Inquiry, at: int, incident: Incident) -> Reason:
    matched = inquiry.matched
    column, sent = int(matched.given[at]), matched.at_once[at]
    chosen = matched.pair_of(at, column) if column >= 0 else None
    turned_from = _turned_from(inquiry, at, column) if sent else None
    rivals = best_rivals(inquiry, at)
    winner, rejected = candidates(inquiry, chosen, rivals[: inquiry.detail.rejected])
    return Reason(
        kind="assigned" if sent else "waiting",
        considered=len(matched.pairs_of(at)),
        winner=winner,
        diverted_from=turned_from,
        waiting=None if sent else why_waiting(inquiry, at, incident),
        rejected=(*_left_out(turn, inquiry, at, incident, winner), *rejected),
        flips=tuple(flips_of(inquiry, at, rivals, turned=turned_from is not None)),
    )


def _turned_from(inquiry: Inquiry, at: int, column: int) -> str | None:
    held = int(inquiry.matched.pairs.supply.held_slot[column])
    if held < 0 or held == int(inquiry.matched.slots[at]):
        return None
    return inquiry.region.by_slot[held].incident_id


def _left_out(
    turn: Turn, inquiry: Inquiry, at: int, incident: Incident, winner: Candidate | None
) -> list[Candidate]:
    """Who was not matched with it; in a stored receipt those who would have been there sooner."""
    matched, detail, within = inquiry.matched, inquiry.detail, None
    if winner is not None and detail.only is None:
        within = _arrival_ms(winner)
    rows = np.sort(matched.pairs.supply.rows[matched.pairs.column[matched.pairs_of(at)]])
    return left_out(turn, incident, rows, within, detail.rejected)


def _arrival_ms(winner: Candidate) -> int:
    return round(((winner.travel_time_s or 0.0) + (winner.free_in_s or 0.0)) * 1000)


def receipts_of(turn: Turn) -> list[DecisionReceipt]:
    """The receipts of the turn's decisions: one for each assignment and for each incident left waiting."""
    if turn.detail is None:
        return []
    waiting_since: dict[str, Decision] = {}
    found: list[tuple[Decision, Reason]] = []
    for decision in turn.decisions:
        name = decision.incident_id
        if name is None or turn.detail.only not in (None, name):
            continue
        if decision.kind in ("assigned", "suggested"):
            found.append((decision, turn.reasons.get(name) or _told_by_others(turn, decision)))
        elif decision.kind in ("queued", "withdrawn"):
            waiting_since[name] = decision
    for name, decision in waiting_since.items():
        incident = turn.region.incidents.get(name)
        reason = turn.reasons.get(name)
        suggested = reason is not None and reason.kind == "assigned"
        if incident is not None and incident.state == "waiting" and not suggested:
            found.append((decision, reason or _unmatched(turn, incident)))
    found.sort(key=lambda one: one[0].n)
    return [_bound(turn, decision, reason) for decision, reason in found]


def receipt_now(turn: Turn, incident: Incident, at: datetime) -> DecisionReceipt:
    """How the incident stands in the turn's plan, without a decision: `n` is -1."""
    reason = turn.reasons.get(incident.incident_id) or _unmatched(turn, incident)
    place = (turn.region.region, turn.offset)
    return _receipt(turn, incident.incident_id, incident.epoch, (*place, -1), at, reason)


def _unmatched(turn: Turn, incident: Incident) -> Reason:
    """Of an incident that no matching of this event looked at: there was nobody, or no whole crew."""
    assert turn.detail is not None
    mirror.places_changed(turn.region)
    rejected = left_out(turn, incident, NOBODY, None, turn.detail.rejected)
    waiting = without_a_pair(turn.region, incident, turn.now)
    return Reason(kind="waiting", waiting=waiting, rejected=tuple(rejected))


def _told_by_others(turn: Turn, decision: Decision) -> Reason:
    """Of somebody whom a person sent, or who goes with a crew: whom a rule kept from being there sooner."""
    assert turn.detail is not None
    incident = turn.region.incidents[decision.incident_id or ""]
    winner = Candidate(engineer_id=decision.engineer_id or "", travel_time_s=decision.travel_time_s)
    mirror.places_changed(turn.region)
    sent = {one.engineer_id for one in turn.decisions if one.kind == "assigned"}
    gone = np.unique([turn.region.engineers[name].row for name in sent if name is not None])
    sooner = left_out(turn, incident, gone, _arrival_ms(winner), turn.detail.rejected)
    rejected = [one for one in sooner if one.rule is not None]
    basis: Basis = "crew" if decision.by is None else "person"
    return Reason(kind="assigned", basis=basis, winner=winner, rejected=tuple(rejected))


def _bound(turn: Turn, decision: Decision, reason: Reason) -> DecisionReceipt:
    place = (decision.region, decision.offset, decision.n)
    receipt = _receipt(
        turn, decision.incident_id or "", decision.epoch or 0, place, decision.decided_at, reason
    )
    if decision.disaster_id is None:
        return receipt
    said = {"disaster_id": decision.disaster_id, "permits": decision.permits or []}
    return receipt.model_copy(update=said)


def _receipt(
    turn: Turn, incident_id: str, epoch: int, place: tuple[str, int, int], at: datetime, reason: Reason
) -> DecisionReceipt:
    return DecisionReceipt(
        id=decision_id(turn.log, *place),
        log=turn.log,
        region=place[0],
        offset=place[1],
        n=place[2],
        decided_at=at,
        kind=reason.kind,
        basis=reason.basis,
        incident_id=incident_id,
        epoch=epoch,
        policy=turn.policy.name,
        policy_version=turn.policy.version,
        travel_version=TRAVEL_VERSION,
        considered=reason.considered,
        winner=reason.winner,
        diverted_from=reason.diverted_from,
        waiting=reason.waiting,
        rejected=list(reason.rejected),
        flips=list(reason.flips),
    )
