"""The lead's desk: how every region stands, whether its moves wait for a lead, and the loans under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from schemas.answers import RegionAnswer
from schemas.base import Id, rfc3339
from schemas.decisions import Decision
from schemas.lending import ExtendLoan, RecallLoan
from schemas.lending_views import (
    ExtendLoanBody,
    LendingBody,
    LendingView,
    LoanAnswer,
    LoanView,
    RecallLoanBody,
)
from schemas.proposals import SetLending
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.commands import Asked, AskedBy
from services.gateway.lending_desk import desks_of, lending_view, loans_of
from services.gateway.overlay import View
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError
from services.gateway.publisher import Outgoing
from services.gateway.routes.control import MAYBE, about_region
from services.gateway.routes.regions import RegionId
from services.gateway.tokens import Identity

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["lending"])
EngineerId = Annotated[Id, Path()]


@router.get("/lending", response_model=LendingView)
async def read_lending(caller: Caller, gateway: Parts) -> Response:
    """Every region's load and mode; the proposals and loans in which one of the caller's regions is."""
    desks = await desks_of(gateway.models, await gateway.models.logs())
    view = lending_view(caller, desks, gateway.tail.standing.regions)
    content = view.model_dump_json()
    return Response(content, headers={"Cache-Control": "no-store"}, media_type="application/json")


@router.put("/regions/{region_id}/lending", response_model=RegionAnswer, responses=MAYBE)
async def set_lending(
    region_id: RegionId, body: LendingBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Carry the region's moves out at once, or let them wait for a lead. Who said so is recorded."""
    require_region(caller, region_id)
    event = SetLending(region=region_id, lending=body.mode, by=caller.subject, reason=body.reason)
    return await about_region(gateway, asked, region_id, event)


@router.post("/loans/{engineer_id}/extend", response_model=LoanAnswer, responses=MAYBE)
async def extend_loan(
    engineer_id: EngineerId, body: ExtendLoanBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Let a loan run on; a lead of either region may."""
    loan = await _loan(gateway, caller, engineer_id, body.loan_id)
    event = ExtendLoan(
        region=loan.to_region,
        loan_id=loan.loan_id,
        engineer_id=engineer_id,
        until=body.until,
        by=caller.subject,
    )
    return await _about(gateway, asked, loan, event)


@router.post("/loans/{engineer_id}/recall", response_model=LoanAnswer, responses=MAYBE)
async def recall_loan(
    engineer_id: EngineerId, body: RecallLoanBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Call an engineer home, as soon as what they have in hand is done; a lead of either region may."""
    loan = await _loan(gateway, caller, engineer_id, body.loan_id)
    event = RecallLoan(
        region=loan.to_region,
        loan_id=loan.loan_id,
        engineer_id=engineer_id,
        reason="recalled",
        by=caller.subject,
        detail=body.reason,
    )
    return await _about(gateway, asked, loan, event)


async def _loan(gateway: Gateway, caller: Identity, engineer_id: str, loan_id: str) -> LoanView:
    """The loan where it is known and a region of the caller's has part in it; else a problem."""
    desks = await desks_of(gateway.models, await gateway.models.logs())
    loan = loans_of(desks).get(loan_id)
    if loan is None or loan.engineer_id != engineer_id:
        raise ProblemError("not-found", f"{engineer_id} is on no loan {loan_id}.")
    if not (caller.sees(loan.home_region) or caller.sees(loan.to_region)):
        raise ProblemError("forbidden", f"Neither {loan.home_region} nor {loan.to_region} is yours.")
    return loan


async def _about(gateway: Gateway, asked: Asked, loan: LoanView, event: ExtendLoan | RecallLoan) -> Response:
    async def build(decisions: Sequence[Decision]) -> View | None:
        said = decisions[0]
        view = loan.model_dump(mode="json")
        if said.loan is not None:
            view["until"] = rfc3339(said.loan.until)
        if said.kind == "lending_recalled":
            view |= {"stage": "recalled", "since": rfc3339(said.decided_at)}
        return view

    outgoing = Outgoing("dispatch-commands", event.region, asked.event_id, event, event.engineer_id)
    return await gateway.commands.run(asked, outgoing, build, "/v1/lending")
