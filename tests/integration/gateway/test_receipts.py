"""An incident's receipts over the API: as stored, derived in full from the log, and for whom."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.gateway.system import System, eventually, make_region, report

pytestmark = pytest.mark.timeout(300)


async def test_a_decision_says_why_to_those_it_concerns(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """Rule: stored at once, in full from the log, for dispatchers of the region, leads and operators."""
    await make_region(system, service, region)
    incident = (await service.post("/v1/incidents", json=report(region), headers=system.key())).json()
    path = f"/v1/incidents/{incident['incident_id']}/receipts"
    async with system.client("dispatcher", regions=(region,)) as client:
        told: dict[str, Any] = {}

        async def is_stored() -> bool:
            told.update((await client.get(path)).json())
            return bool(told.get("receipts"))

        await eventually(is_stored)
        full = await client.get(f"{path}?detail=full", timeout=150)
    (stored,) = told["receipts"]
    assert (told["detail"], stored["kind"], stored["policy"]) == ("stored", "assigned", "default")
    assert stored["winner"]["engineer_id"] == incident["engineer_id"]
    assert full.status_code == 200, full.text
    assert full.json()["receipts"][0]["id"] == stored["id"]
    assert "now" not in full.json(), "it does not wait"
    async with system.client("dispatcher", regions=("elsewhere",)) as stranger:
        assert (await stranger.get(path)).status_code == 403
    async with system.client("technician", f"E1-{region}", regions=(region,)) as technician:
        assert (await technician.get(path)).status_code == 403
    async with system.client("lead") as lead:
        assert (await lead.get("/v1/incidents/nobody-knows-it/receipts")).status_code == 404
