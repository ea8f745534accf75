"""Why it was decided so: receipts of an incident, or of an engineer's postings, as stored or in full."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from schemas.answers import PostingReceipts, Receipts
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.routes.answers import json_answer
from services.gateway.routes.engineers import EngineerId
from services.gateway.routes.incidents import IncidentId, visible_incident

router = APIRouter(prefix="/v1", route_class=GuardedRoute)
How = Annotated[Literal["stored", "full"], Query()]


@router.get("/incidents/{incident_id}/receipts", response_model=Receipts, tags=["incidents"])
async def read_receipts(
    incident_id: IncidentId,
    caller: Caller,
    gateway: Parts,
    detail: How = "stored",
) -> Response:
    """An incident's receipts in the log's order; `full` takes seconds and tells why it waits now."""
    view = await visible_incident(gateway, caller, incident_id)
    region: str = view["region"]
    answer: dict[str, Any] = {"incident_id": incident_id, "region": region, "detail": detail}
    if detail == "stored":
        answer["receipts"] = await gateway.models.receipts(region, incident_id)
        return json_answer(answer)
    found = await gateway.explaining.explain(incident_id, region)
    told = [one.receipt for one in found.decisions if one.receipt is not None]
    answer["receipts"] = [receipt.model_dump(mode="json", exclude_none=True) for receipt in told]
    if found.now is not None:
        answer["now"] = found.now.model_dump(mode="json", exclude_none=True)
    return json_answer(answer)


@router.get("/engineers/{engineer_id}/receipts", response_model=PostingReceipts, tags=["engineers"])
async def read_postings(
    engineer_id: EngineerId, caller: Caller, gateway: Parts, detail: How = "stored"
) -> Response:
    """Why an engineer was sent to wait elsewhere, the last times in the log's order; `full` takes seconds."""
    region: str = (await gateway.shown.engineer(engineer_id))["region"]
    require_region(caller, region)
    answer: dict[str, Any] = {"engineer_id": engineer_id, "region": region, "detail": detail}
    if detail == "stored":
        answer["receipts"] = await gateway.models.postings(region, engineer_id)
        return json_answer(answer)
    found = await gateway.explaining.explain_postings(engineer_id, region)
    told = [one.posting for one in found.postings if one.posting is not None]
    answer["receipts"] = [receipt.model_dump(mode="json", exclude_none=True) for receipt in told]
    return json_answer(answer)
