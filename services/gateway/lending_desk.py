"""The lead's desk: every region's desk as the read models have it, put together for who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import TypeAdapter

from schemas.alerts import Alert
from schemas.disasters import Disaster
from schemas.lending_views import LendingView, LoanRefusal, LoanStage, LoanView, RegionAtDesk
from schemas.proposals import Proposal
from schemas.regions import Polygon, RegionDefined
from services.gateway.read_models import ReadModels, RegionDeskModel
from services.gateway.tokens import Identity

_STAGES: tuple[LoanStage, ...] = ("committed", "travelling", "working", "recalled", "released", "returned")
_ALERTS: TypeAdapter[list[Alert]] = TypeAdapter(list[Alert])


async def desks_of(models: ReadModels, regions: Iterable[str]) -> dict[str, RegionDeskModel]:
    """The desks of the regions that have one, by region. Raises RedisAway."""
    names = sorted(regions)
    found = await asyncio.gather(*(models.desk(name) for name in names))
    return {name: model for name, model in zip(names, found, strict=True) if model is not None}


def lending_view(
    caller: Identity, desks: Mapping[str, RegionDeskModel], defined: Mapping[str, RegionDefined]
) -> LendingView:
    """Every region's load; of proposals, loans and refusals those in which a region of the caller's is."""
    moments = [datetime.fromisoformat(m.view["now"]) for m in desks.values() if m.view.get("now")]
    names = sorted(desks.keys() | defined.keys())
    return LendingView(
        at=max(moments, default=None),
        regions=[_region(caller, name, desks.get(name), defined.get(name)) for name in names],
        proposals=[plan for plan in _proposals(desks) if any(map(caller.sees, plan.parties))],
        loans=[loan for loan in loans_of(desks).values() if _concerns(caller, loan)],
        refusals=[
            refusal
            for _, model in sorted(desks.items())
            for refusal in model.desk.refusals
            if _concerns(caller, refusal)
        ],
    )


def loans_of(desks: Mapping[str, RegionDeskModel]) -> dict[str, LoanView]:
    """Every loan by its id; of what two regions say of one, that which is further on."""
    loans: dict[str, LoanView] = {}
    for _, model in sorted(desks.items()):
        for loan in model.desk.loans:
            known = loans.get(loan.loan_id)
            if known is None or _STAGES.index(known.stage) <= _STAGES.index(loan.stage):
                loans[loan.loan_id] = loan
    return loans


def _proposals(desks: Mapping[str, RegionDeskModel]) -> list[Proposal]:
    standing = [model.desk.proposal for _, model in sorted(desks.items())]
    return [plan for plan in standing if plan is not None]


def _concerns(caller: Identity, move: LoanView | LoanRefusal) -> bool:
    return caller.sees(move.home_region) or caller.sees(move.to_region)


def _region(
    caller: Identity, name: str, model: RegionDeskModel | None, defined: RegionDefined | None
) -> RegionAtDesk:
    lead = caller.sees(name)
    if model is None:
        polygon = None if defined is None else defined.polygon
        return RegionAtDesk(region=name, mode="proposed", lead=lead, polygon=polygon)
    view = model.view
    disaster, polygon = view.get("disaster"), view.get("polygon")
    return RegionAtDesk(
        region=name,
        mode=model.desk.lending or "proposed",
        lead=lead,
        load=model.load,
        disaster=None if disaster is None else Disaster.model_validate(disaster),
        alerts=_ALERTS.validate_python(view.get("alerts") or []),
        polygon=None if polygon is None else Polygon.model_validate(polygon),
        exercise=bool(view.get("exercise")),
    )
