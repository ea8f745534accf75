"""The desk's read model: the region's mode and proposal, and every loan that it has a hand in."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.base import Place
from schemas.lending import FOR_GOOD, EngineerHandedOver
from schemas.lending_views import LoanStage, LoanView, RegionDesk
from services.dispatch.lent import HandedOver, OnLoan
from services.dispatch.moments import to_moment, to_moment_or_none
from services.dispatch.state import Engineer, RegionState


def region_desk(region: RegionState, now: int) -> RegionDesk:
    """What the region knows of lending at `now` (ms)."""
    desk = region.desk
    return RegionDesk(
        region=region.region,
        lending=desk.lending,
        proposal=desk.proposal,
        loans=[*desk.returned, *_loans(region, now)],
        refusals=desk.refusals,
    )


def _loans(region: RegionState, now: int) -> Iterator[LoanView]:
    for engineer in region.engineers.values():
        if engineer.loan is not None:
            yield loan_view(region, engineer, engineer.loan, _stage(region, engineer, engineer.loan), now)
    for gone in region.handed_over.values():
        if gone.handover is not None and gone.loan.authority != FOR_GOOD:
            yield _untaken(gone, gone.handover)


def _stage(region: RegionState, engineer: Engineer, loan: OnLoan) -> LoanStage:
    if loan.home_region == region.region:
        return "released"
    if engineer.due_back:
        return "recalled"
    return "working" if engineer.joins_at is None else "travelling"


def loan_view(region: RegionState, engineer: Engineer, loan: OnLoan, stage: LoanStage, now: int) -> LoanView:
    """The loan of somebody who is here."""
    lat, lon = engineer.place_at(now)
    on_the_way = engineer.joins_at is not None and engineer.incident_id is None
    return LoanView(
        loan_id=loan.loan_id,
        engineer_id=engineer.engineer_id,
        home_region=loan.home_region,
        to_region=loan.to_region,
        stage=stage,
        since=to_moment(loan.since),
        until=to_moment(loan.until),
        authority=loan.authority,
        place=None if engineer.state == "off_shift" else Place(lat=lat, lon=lon),
        arrives_at=to_moment_or_none(engineer.arrives_at) if on_the_way else None,
        owner_region=region.region,
    )


def _untaken(gone: HandedOver, handover: str) -> LoanView:
    """The other region owns them already, and has not answered yet."""
    told, loan = EngineerHandedOver.model_validate_json(handover), gone.loan
    return LoanView(
        loan_id=loan.loan_id,
        engineer_id=gone.engineer_id,
        home_region=loan.home_region,
        to_region=loan.to_region,
        stage="committed" if gone.to_region == loan.to_region else "released",
        since=told.departed_at,
        until=to_moment(loan.until),
        authority=loan.authority,
        place=None if told.state == "off_shift" else told.place,
        owner_region=gone.to_region,
    )
