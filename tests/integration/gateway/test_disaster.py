"""A disaster through the whole system: declared by a lead alone, recorded, shown, lifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.gateway.system import System, eventually, make_region, report

pytestmark = pytest.mark.timeout(300)


def declared(**more: Any) -> dict[str, Any]:
    """A declaration for six hours."""
    until = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
    return {"declared": True, "until": until, "permits": ["off_shift"], "reason": "the flood"} | more


async def test_a_lead_declares_and_lifts_a_disaster(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """The permission is recorded with who, why and until when; the same key declares once; others may not."""
    (phone,) = await make_region(system, service, region)
    assert (await phone.shift("shift_ended")).status_code == 200
    path, key = f"/v1/regions/{region}/disaster", system.key()
    async with system.client("lead", "lead-1", regions=(region,)) as lead:
        body = declared()
        answer = await lead.put(path, json=body, headers=key)
        assert answer.status_code == 200, answer.text
        assert answer.json()["disaster"]["by"] == "lead-1"
        again = await lead.put(path, json=body, headers=key)
        assert (again.status_code, again.headers.get("idempotent-replayed")) == (200, "true")
        said = (await service.post("/v1/incidents", json=report(region), headers=system.key())).json()
        assert (said["state"], said["engineer_id"]) == ("assigned", f"E1-{region}")

        async def shown() -> bool:
            view = (await service.get(f"/v1/regions/{region}")).json()
            return (view.get("disaster") or {}).get("permits") == ["off_shift"]

        await eventually(shown)
        answer = await lead.put(path, json=declared(until=None), headers=system.key())
        assert answer.status_code == 422
        answer = await lead.put(path, json={"declared": False, "reason": "over"}, headers=system.key())
        assert (answer.status_code, answer.json()["disaster"]) == (200, None)
        answer = await lead.put(path, json={"declared": False, "reason": "over"}, headers=system.key())
        assert (answer.status_code, answer.json()["reason"]) == (409, "no_disaster")
        elsewhere = await lead.put(f"/v1/regions/{region}x/disaster", json=declared(), headers=system.key())
        assert elsewhere.status_code == 403
    async with system.client("dispatcher") as dispatcher:
        assert (await dispatcher.put(path, json=declared(), headers=system.key())).status_code == 403
