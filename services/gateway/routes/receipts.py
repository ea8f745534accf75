"""Why it was decided so: an incident's receipts, as they were stored or derived in full from the log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from schemas.answers import Receipts
from services.gateway.access import Caller, GuardedRoute, Parts
from services.gateway.routes.answers import json_answer
from services.gateway.routes.incidents import IncidentId, visible_incident

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["incidents"])


@router.get("/incidents/{incident_id}/receipts", response_model=Receipts)
async def read_receipts(
    incident_id: IncidentId,
    caller: Caller,
    gateway: Parts,
    detail: Annotated[Literal["stored", "full"], Query()] = "stored",
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
