"""A fork over the API: reports as they are played, for leads of the regions, one at a time."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from schemas.plans import plan_hash
from schemas.whatif import ForkReport
from tests.integration.gateway.system import System, make_region, report

pytestmark = pytest.mark.timeout(600)


async def reports(client: httpx.AsyncClient, body: dict[str, Any]) -> list[ForkReport]:
    """What the stream tells, event by event."""
    told = []
    async with client.stream("POST", "/v1/whatif", json=body, timeout=300) as answer:
        if answer.status_code != 200:
            raise AssertionError(f"{answer.status_code}: {(await answer.aread()).decode()}")
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("event:"):
                assert line == "event: report"
            elif line.startswith("data:"):
                told.append(ForkReport.model_validate(json.loads(line.removeprefix("data:"))))
    return told


@pytest.mark.slow
async def test_a_lead_sees_both_futures_before_anything_is_committed(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """Rule: told as played, the same plan and hash throughout, more futures narrow; strangers see nothing."""
    donor = f"{region}-B"
    await make_region(system, service, donor, engineers=6)
    await make_region(system, service, region)
    await service.post("/v1/incidents", json=report(region), headers=system.key())
    body = {"regions": [region, donor], "to_region": region, "count": 1, "futures": 6, "horizon_min": 60}
    async with system.client("lead", regions=(region, donor)) as lead:
        told = await reports(lead, body)
        assert [one.futures for one in told] == [1, 2, 3, 4, 5, 6]
        last = told[-1]
        assert [move.home_region for move in last.plan.moves] == [donor]
        assert {one.plan_hash for one in told} == {plan_hash(last.plan)}
        assert {one.region: one.role for one in last.regions} == {region: "receiver", donor: "donor"}
        again = await reports(
            lead, {"regions": [region, donor], "plan": last.plan.model_dump(mode="json"), "futures": 8}
        )
        assert again[-1].plan_hash == last.plan_hash
        assert again[-1].futures == 8
        one_sided = {"regions": [region], "plan": last.plan.model_dump(mode="json")}
        assert (await lead.post("/v1/whatif", json=one_sided)).status_code == 422
        unknown = await lead.post("/v1/whatif", json={"regions": [region], "to_region": region}, timeout=300)
        assert (unknown.status_code, unknown.json()["type"].rpartition("/")[2]) == (503, "not-forked")
        assert "can be spared" in unknown.json()["detail"]
    async with system.client("lead", regions=(f"{region}-C",)) as stranger:
        assert (await stranger.post("/v1/whatif", json=body)).status_code == 403
    async with system.client("dispatcher", regions=(region, donor)) as dispatcher:
        assert (await dispatcher.post("/v1/whatif", json=body)).status_code == 403
