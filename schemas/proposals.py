"""A standing proposal: a plan of moves that waits for its leads. It lives in the fold of who would be helped.

At most one stands for each receiving region. What is planned anew amends it (the same `proposal_id`, the next
`version`, another `plan_hash`), so that a consent to what has changed meanwhile is refused, not carried out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import Id, Moment, ShortText, Wire
from schemas.commands import Reason
from schemas.lending import Count, LendingMode
from schemas.plans import MOST_MOVES, MovePlan

MAX_PARTIES = MOST_MOVES + 1
MAX_REASONS = MOST_MOVES
MOST_CHANGES = 2 * MOST_MOVES
PlanHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Parties = Annotated[list[Id], Field(max_length=MAX_PARTIES)]
ProposalState = Literal["standing", "agreed", "refused", "withdrawn"]


class MoveReason(Wire):
    """What the balance of waiting expects of one way: hours of waiting saved there and lost here.

    `lacks`: hours of work by product that waits or came lately where the help would go.
    """

    home_region: Id
    to_region: Id
    count: Count
    saved_h: float
    cost_h: float
    lacks: dict[Id, float] = Field(default={}, max_length=100)
    note: ShortText = ""


class Consent(Wire):
    """Who consented for a region, and when."""

    by: Id
    at: Moment


class Proposal(Wire):
    """A plan, who must consent to it, and who has. Every region that gives or receives is a party."""

    proposal_id: Id
    to_region: Id
    version: Annotated[int, Field(ge=1, le=2**53)]
    plan: MovePlan
    plan_hash: PlanHash
    by: Id
    """Who proposed it as it stands: a lead, or the surge coordinator."""
    reason: ShortText = ""
    proposed_at: Moment
    expires_at: Moment
    reasons: list[MoveReason] = Field(default=[], max_length=MAX_REASONS)
    parties: Parties
    consents: dict[Id, Consent] = Field(default={}, max_length=MAX_PARTIES)
    state: ProposalState = "standing"
    certificates: list[Id] = Field(default=[], max_length=100)
    """Who works there on loan must have these until the loan ends."""


class ProposePlan(Wire):
    """Let this plan stand for `region`, in place of that named by `base_hash` (None: where none stands)."""

    region: Id
    plan: MovePlan
    by: Id
    reason: Reason
    reasons: list[MoveReason] = Field(default=[], max_length=MAX_REASONS)
    expires_at: Moment
    base_hash: PlanHash | None = None


class ConsentToPlan(Wire):
    """For these regions: carry out exactly this plan."""

    region: Id
    plan_hash: PlanHash
    for_regions: Annotated[list[Id], Field(min_length=1, max_length=MAX_PARTIES)]
    by: Id
    reason: ShortText = ""


class RefusePlan(Wire):
    """For these regions: no. The plan stands no more."""

    region: Id
    plan_hash: PlanHash
    for_regions: Annotated[list[Id], Field(min_length=1, max_length=MAX_PARTIES)]
    by: Id
    reason: Reason


class WithdrawPlan(Wire):
    """Whoever proposed it takes it back: it is needed no longer."""

    region: Id
    plan_hash: PlanHash
    by: Id
    reason: Reason


class SetLending(Wire):
    """Whether the region's moves are carried out at once where all parties say so, or wait for a lead."""

    region: Id
    lending: LendingMode
    by: Id
    reason: ShortText = ""


ProposalCommand = ProposePlan | ConsentToPlan | RefusePlan | WithdrawPlan
"""What leads and the surge coordinator say about a plan; addressed to the region that would be helped."""
