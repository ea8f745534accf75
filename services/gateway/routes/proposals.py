"""What leads do about the plan that stands for a region: propose or amend, consent, refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from schemas.answers import FieldError
from schemas.decisions import Decision
from schemas.lending_views import CommitPlanBody, ProposalAnswer, ProposalBody, RefusePlanBody
from schemas.proposals import ConsentToPlan, Proposal, ProposalCommand, ProposePlan, RefusePlan
from services.gateway.access import Caller, GuardedRoute, Parts
from services.gateway.commands import Asked, AskedBy
from services.gateway.overlay import View
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError, RedisAway, invalid_fields
from services.gateway.publisher import Outgoing
from services.gateway.routes.control import MAYBE
from services.gateway.routes.regions import RegionId
from services.gateway.tokens import Identity

router = APIRouter(prefix="/v1/lending/proposals", route_class=GuardedRoute, tags=["lending"])
STANDS = timedelta(hours=1)
"""A lead's own plan waits so long for its parties."""


@router.post("", response_model=ProposalAnswer, responses=MAYBE)
async def propose_plan(body: ProposalBody, caller: Caller, gateway: Parts, asked: AskedBy) -> Response:
    """Let a plan stand, or amend the one that was seen (`base_hash`); 409 where another stands by now."""
    parties = {body.to_region, *(move.home_region for move in body.plan.moves)}
    if not any(map(caller.sees, parties)):
        raise ProblemError("forbidden", f"None of {', '.join(sorted(parties))} is yours.")
    astray = [move.engineer_id for move in body.plan.moves if move.to_region != body.to_region]
    if astray or not body.plan.moves:
        said = f"moves {', '.join(astray)} elsewhere" if astray else "moves nobody"
        raise invalid_fields([FieldError(field="plan.moves", detail=said)])
    await gateway.shown.defined(body.to_region)
    if (now := gateway.clock.now) is None:
        raise ProblemError("not-ready", "The scenario's clock has not been set yet.")
    event = ProposePlan(
        region=body.to_region,
        plan=body.plan,
        by=caller.subject,
        reason=body.reason,
        expires_at=now + STANDS,
        base_hash=body.base_hash,
    )
    return await _run(gateway, asked, event)


@router.post("/{region_id}/commit", response_model=ProposalAnswer, responses=MAYBE)
async def commit_plan(
    region_id: RegionId, body: CommitPlanBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Consent for every party that the caller leads; with the last consent the plan is carried out."""
    return await _say(gateway, caller, asked, region_id, ConsentToPlan, body)


@router.post("/{region_id}/refuse", response_model=ProposalAnswer, responses=MAYBE)
async def refuse_plan(
    region_id: RegionId, body: RefusePlanBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Say no for every party that the caller leads: the plan stands no more."""
    return await _say(gateway, caller, asked, region_id, RefusePlan, body)


async def _say(
    gateway: Gateway,
    caller: Identity,
    asked: Asked,
    region: str,
    word: type[ConsentToPlan] | type[RefusePlan],
    body: CommitPlanBody | RefusePlanBody,
) -> Response:
    """A yes or a no to the plan of this hash, for every party that the caller leads."""
    event = word(
        region=region,
        plan_hash=body.plan_hash,
        for_regions=await _parties(gateway, caller, region, body.plan_hash),
        by=caller.subject,
        reason=body.reason,
    )
    return await _run(gateway, asked, event)


async def _run(gateway: Gateway, asked: Asked, event: ProposalCommand) -> Response:
    async def build(decisions: Sequence[Decision]) -> View | None:
        plan = decisions[-1].proposal
        return None if plan is None else plan.model_dump(mode="json")

    outgoing = Outgoing("dispatch-commands", event.region, asked.event_id, event)
    return await gateway.commands.run(asked, outgoing, build, "/v1/lending")


async def _parties(gateway: Gateway, caller: Identity, region: str, named: str) -> list[str]:
    """For whom the caller speaks; a 403 problem where they lead none of the parties.

    Of a plan that is not known here the fold says what has become of it: the caller speaks for their own.
    """
    await gateway.shown.defined(region)
    plan = await _proposal(gateway, region, named)
    if plan is None:
        return [region] if caller.everywhere else list(caller.regions)
    mine = [name for name in plan.parties if caller.sees(name)]
    if not mine:
        raise ProblemError("forbidden", f"None of {', '.join(plan.parties)} is yours.")
    return mine


async def _proposal(gateway: Gateway, region: str, named: str) -> Proposal | None:
    """The plan of this hash, from the newest decisions or from the read model."""
    known = gateway.recent.proposal_of(region)
    if known is not None and known.plan_hash == named:
        return known
    try:
        model = await gateway.models.desk(region)
    except RedisAway:
        return None
    stands = None if model is None else model.desk.proposal
    return stands if stands is not None and stands.plan_hash == named else None
