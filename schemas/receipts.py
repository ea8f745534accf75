"""Why a decision was made: the receipt that stands on `decision-receipts`, and in full on request."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Id, Moment, Wire
from schemas.decisions import Decision
from schemas.disasters import Permit
from schemas.postings import PostingReceipt
from schemas.receipt_head import ReceiptHead

ReceiptKind = Literal["assigned", "waiting"]
"""Somebody was sent; or the incident was left waiting by its report, a withdrawal, or now."""
LeftOut = Literal["committed", "not_listed"]
"""Allowed, and not in the matching: kept by another incident; further off than those listed."""
Basis = Literal["matching", "crew", "person"]
WhyWaiting = Literal["nobody_may_go", "planned", "others_first", "nobody_listed", "crew_incomplete", "cause"]
FlipChange = Literal["nearer", "free_sooner", "farther", "churn_price_below", "churn_price_above"]


class Candidate(Wire):
    """One engineer as the decision saw them.

    `rule` is the first hard rule that forbids sending them, `left_out` why they were not matched; else `cost`
    says what each part costs, in weighted minutes (absent: nothing): of a winner less what leaving the
    incident without a plan costs, of anybody else what it is more than the winner's. `plan_cost` is how much
    dearer the whole plan would be with them, `instead` where it sends them. Nothing is said of where somebody
    off shift is.
    """

    engineer_id: Id
    travel_time_s: float | None = None
    free_in_s: float | None = None
    """How much longer they are expected to be at work, where they are."""
    rule: Id | None = None
    left_out: LeftOut | None = None
    cost: dict[str, float] = Field(default={}, max_length=40)
    plan_cost: float | None = None
    instead: Id | None = None


class Flip(Wire):
    """The smallest change of one number that would have led to another decision, found by solving again.

    `engineer_id` so much nearer, free so much sooner, farther (`amount` in seconds); or the policy's churn
    price below or above `amount` (weighted minutes). `then_engineer_id` would be sent, or waited for.
    """

    change: FlipChange
    amount: float
    unit: Literal["s", "weighted_min"]
    engineer_id: Id | None = None
    then_engineer_id: Id | None = None


class Waiting(Wire):
    """Why an incident is left waiting.

    `nobody_may_go`: every engineer breaks a rule, `rules` counts the first of each. `planned`: for
    `engineer_id`, expected to be free at `free_at` and there at `arrives_at`. `others_first`: whoever may go
    serves others; the least it would cost the whole plan is `plan_cost` (weighted minutes), by taking
    `engineer_id` from `instead_of`. `nobody_listed`: whoever may go is kept by another incident.
    `crew_incomplete`: not as many as must start together may go at once. `cause`: nobody is sent before
    `waits_for`, the root of its cause, is restored.
    """

    why: WhyWaiting
    rules: dict[str, int] = Field(default={}, max_length=60)
    engineer_id: Id | None = None
    free_at: Moment | None = None
    arrives_at: Moment | None = None
    plan_cost: float | None = None
    instead_of: Id | None = None
    waits_for: Id | None = None


class DecisionReceipt(ReceiptHead):
    """The reason of one decision, computed by evaluating it again on the state before it.

    Its id is the decision's; where nothing was decided and it only tells how things stand now, `n` is -1.
    `considered` engineers were matched with the incident; `rejected` holds the best
    of the others, soonest first (in full: all of them up to a limit).
    """

    kind: ReceiptKind
    basis: Basis = "matching"
    """What decided: the matching, the forming of a crew, or a person (the decision says who and why)."""
    incident_id: Id
    epoch: int
    considered: int = Field(default=0, ge=0)
    winner: Candidate | None = None
    diverted_from: Id | None = None
    waiting: Waiting | None = None
    rejected: list[Candidate] = Field(default=[], max_length=500)
    flips: list[Flip] = Field(default=[], max_length=20)
    disaster_id: Id | None = None
    """The disaster under which it was decided: who is off shift, or kept from a customer, may be sent."""
    permits: list[Permit] = Field(default=[], max_length=10)
    """Which of its permits sending the winner needed."""


class ExplainedDecision(Wire):
    """A decision about an incident, the type of the event it answers, and its receipt where it was a choice.

    `derived` from the log; else the receipt is the one stored when another version decided.
    """

    decision: Decision
    event_type: str
    receipt: DecisionReceipt | None = None
    posting: PostingReceipt | None = None
    derived: bool = True


class Explanation(Wire):
    """Every decision about one incident with its reason; `now` tells why it is waiting, where it is."""

    incident_id: Id
    region: Id
    log: Id
    decisions: list[ExplainedDecision]
    now: DecisionReceipt | None = None


class PostingExplanation(Wire):
    """An engineer's last postings, each with its reason; none stands beside who was sent home or lent."""

    engineer_id: Id
    region: Id
    log: Id
    postings: list[ExplainedDecision]
