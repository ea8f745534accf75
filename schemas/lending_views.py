"""The lead's desk: how every region stands, what is proposed, who is where until when, what was refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.alerts import Alert
from schemas.base import Command, Id, Moment, Place, ShortText, Wire
from schemas.commands import Reason
from schemas.decisions import Decision
from schemas.disasters import Disaster
from schemas.lending import LendingMode, RegionLoad
from schemas.plans import MovePlan
from schemas.proposals import PlanHash, Proposal
from schemas.regions import Polygon

LoanStage = Literal["committed", "travelling", "working", "recalled", "released", "returned"]
LOANS_KEPT = 20
"""So many loans that are over, and so many refusals, a region remembers and shows."""


class LoanView(Wire):
    """One engineer's loan as it stands: `since` is when it reached its stage, `owner_region` who has them."""

    loan_id: Id
    engineer_id: Id
    home_region: Id
    to_region: Id
    stage: LoanStage
    since: Moment
    until: Moment
    authority: Id
    place: Place | None = None
    arrives_at: Moment | None = None
    owner_region: Id


class LoanRefusal(Wire):
    """A move that the home region refused, by its rule."""

    loan_id: Id
    engineer_id: Id
    home_region: Id
    to_region: Id
    rule: Id
    detail: str = ""
    at: Moment


class RegionDesk(Wire):
    """What a region's fold knows of lending: its read model."""

    region: Id
    lending: LendingMode | None = None
    """None: nobody has set it."""
    proposal: Proposal | None = None
    loans: list[LoanView] = Field(default=[])
    refusals: list[LoanRefusal] = Field(default=[])


class RegionAtDesk(Wire):
    """One region: its mode, whether the caller leads it, how it stands, and what is declared or warned of."""

    region: Id
    mode: LendingMode
    lead: bool
    load: RegionLoad | None = None
    disaster: Disaster | None = None
    alerts: list[Alert] = Field(default=[])
    polygon: Polygon | None = None
    exercise: bool = False


class LendingView(Wire):
    """What the lead's page shows: every region's load, and what concerns the caller's own regions."""

    at: Moment | None = None
    regions: list[RegionAtDesk]
    proposals: list[Proposal] = Field(default=[])
    loans: list[LoanView] = Field(default=[])
    refusals: list[LoanRefusal] = Field(default=[])


class ProposalAnswer(Proposal):
    """The proposal as it stands after an act, and the decision that answered."""

    decision: Decision | None = None


class LoanAnswer(LoanView):
    """The loan as it stands after an act, and the decision that answered."""

    decision: Decision | None = None


class LendingBody(Command):
    """Whether the region's moves wait for a lead."""

    mode: LendingMode
    reason: ShortText = ""


class ProposalBody(Command):
    """A lead's own plan, or an amendment of the one that they saw (`base_hash`)."""

    to_region: Id
    plan: MovePlan
    reason: Reason
    base_hash: PlanHash | None = None


class CommitPlanBody(Command):
    """Carry out exactly the plan that was shown."""

    plan_hash: PlanHash
    reason: ShortText = ""


class RefusePlanBody(Command):
    """No to the plan that was shown."""

    plan_hash: PlanHash
    reason: Reason


class ExtendLoanBody(Command):
    """The loan runs on."""

    loan_id: Id
    until: Moment


class RecallLoanBody(Command):
    """The engineer comes home once the work in hand is done."""

    loan_id: Id
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
