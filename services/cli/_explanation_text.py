"""An explanation for people, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.base import rfc3339
from schemas.receipts import (
    Candidate,
    DecisionReceipt,
    ExplainedDecision,
    Explanation,
    Flip,
    PostingExplanation,
    Waiting,
)
from services.cli._posting_text import show_posting

BASES = {"matching": "{} matched", "crew": "sent with a crew", "person": "decided by a person"}
PLAIN_WIDTH = 140
"""Columns of what goes into a file or a pipe."""


def show(explanation: Explanation | PostingExplanation, width: int) -> None:
    """Print every decision in the log's order, receipts with their `width` first candidates."""
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    if isinstance(explanation, PostingExplanation):
        console.print(f"[bold]{explanation.engineer_id}[/] in {explanation.region}, log {explanation.log}")
        for one in explanation.postings:
            console.print(f"\n[bold]{_headline(one)}[/]")
            if one.posting is not None:
                show_posting(console, one.posting, width, stored=not one.derived)
        return
    console.print(f"[bold]{explanation.incident_id}[/] in {explanation.region}, log {explanation.log}")
    for one in explanation.decisions:
        console.print(f"\n[bold]{_headline(one)}[/]")
        if one.receipt is not None:
            _show_receipt(console, one.receipt, width, stored=not one.derived)
    if explanation.now is not None:
        console.print("\n[bold]Why it is waiting now[/]")
        _show_receipt(console, explanation.now, width)


def _headline(one: ExplainedDecision) -> str:
    told = one.decision
    parts = [rfc3339(told.decided_at), told.kind, told.engineer_id, told.reason, told.detail]
    return (
        " · ".join(escape(part) for part in parts if part) + f"  ({told.offset}/{told.n}, {one.event_type})"
    )


def _show_receipt(console: Console, receipt: DecisionReceipt, width: int, *, stored: bool = False) -> None:
    origin = "as it was stored; this version decides otherwise" if stored else "derived from the log"
    console.print(
        f"  policy {receipt.policy} {receipt.policy_version}, travel {receipt.travel_version}, offset"
        f" {receipt.offset}, {BASES[receipt.basis].format(receipt.considered)}; {origin}"
    )
    if receipt.disaster_id is not None:
        permits = ", ".join(receipt.permits) or "none needed"
        console.print(f"  in a declared disaster ({receipt.disaster_id}); permits: {permits}")
    if receipt.waiting is not None:
        console.print(f"  waits: {waiting_sentence(receipt.waiting)}")
    if receipt.winner is not None or receipt.rejected:
        console.print(_table(receipt, width))
    for flip in receipt.flips:
        console.print(f"  would flip it: {flip_sentence(flip)}")


def waiting_sentence(waiting: Waiting) -> str:
    """Why an incident is left waiting."""
    rules = ", ".join(f"{rule} {count}" for rule, count in waiting.rules.items())
    if waiting.why == "cause":
        return f"for {waiting.waits_for}, the root of its cause: nobody is sent before that is restored"
    if waiting.why == "nobody_may_go":
        return f"nobody may go ({rules or 'there are no engineers'})"
    if waiting.why == "crew_incomplete":
        return f"not as many as must start together may go at once ({rules or 'no rule forbids anybody'})"
    if waiting.why == "nobody_listed":
        return f"whoever may go is kept by another incident ({rules or 'no rule forbids anybody'})"
    if waiting.why == "planned":
        free, there = (rfc3339(at) if at else "?" for at in (waiting.free_at, waiting.arrives_at))
        return f"planned for {waiting.engineer_id}, expected free at {free} and there at {there}"
    if waiting.engineer_id is None:
        return "everybody who may go serves worse incidents"
    instead = f" from {waiting.instead_of}" if waiting.instead_of else ""
    return (
        f"everybody who may go serves worse incidents; taking {waiting.engineer_id}{instead} would cost the"
        f" plan {waiting.plan_cost:+.1f} weighted min"
    )


def flip_sentence(flip: Flip) -> str:
    """What would have led to another decision."""
    then = f" → {flip.then_engineer_id or 'nobody yet'}"
    if flip.change.startswith("churn_price"):
        return f"a churn price {flip.change.rpartition('_')[2]} {flip.amount:g} weighted min{then}"
    word = {"nearer": "nearer", "farther": "farther", "free_sooner": "free sooner"}[flip.change]
    return f"{flip.engineer_id} {flip.amount / 60:.2f} min {word}{then}"


def _table(receipt: DecisionReceipt, width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 2))
    for column in ("engineer", "travel min", "free in min", "more than the winner (weighted min)", "why not"):
        table.add_column(column, justify="right" if "min" in column and "why" not in column else "left")
    if receipt.winner is not None:
        table.add_row(*_cells(receipt.winner, "chosen"), style="bold")
    matched = [one for one in receipt.rejected if one.rule is None and one.left_out is None]
    outside = [one for one in receipt.rejected if one not in matched]
    shown = [*matched[:width], *outside[:width]]
    for candidate in shown:
        table.add_row(*_cells(candidate, _why_not(candidate)))
    if len(receipt.rejected) > len(shown):
        table.add_row(f"and {len(receipt.rejected) - len(shown)} more")
    return table


def _cells(candidate: Candidate, why: str) -> Iterator[str]:
    yield candidate.engineer_id
    for seconds in (candidate.travel_time_s, candidate.free_in_s):
        yield "" if seconds is None else f"{seconds / 60:.1f}"
    yield "  ".join(f"{name} {cost:+.1f}" for name, cost in candidate.cost.items())
    yield why


def _why_not(candidate: Candidate) -> str:
    if candidate.rule is not None:
        return f"rule: {candidate.rule}"
    if candidate.left_out is not None:
        return candidate.left_out
    parts = []
    if candidate.plan_cost is not None:
        parts.append(f"the plan would cost {candidate.plan_cost:+.1f}")
    if candidate.instead is not None:
        parts.append(f"goes to {candidate.instead}")
    return ", ".join(parts)
