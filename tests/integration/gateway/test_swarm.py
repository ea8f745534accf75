"""Swarms and causes through the whole system: raised, joined, led, waited for, restored, told to be down."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.gateway.system import Phone, System, eventually, make_region, report

pytestmark = pytest.mark.timeout(300)


async def reported(system: System, service: httpx.AsyncClient, region: str, **more: Any) -> dict[str, Any]:
    """An incident as its report was answered."""
    answer = await service.post("/v1/incidents", json=report(region) | more, headers=system.key())
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def brought_back(phone: Phone, incident: dict[str, Any]) -> None:
    """The phone's whole story up to the restoration."""
    for status in ("acknowledged", "accepted", "en_route", "on_site", "restored"):
        answer = await phone.status(incident["incident_id"], incident["epoch"], status)
        assert answer.status_code == 200, answer.text


async def test_a_dispatcher_raises_a_swarm_and_others_may_not(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """The others join the one on the way, the lead is shown, a rule that forbids it is named; two ends it."""
    await make_region(system, service, region, engineers=3)
    held = await reported(system, service, region)
    path = f"/v1/incidents/{held['incident_id']}/swarm"
    async with system.client("dispatcher", "d-1", regions=(region,)) as dispatcher:
        body = {"crew": 3, "reason": "the exchange burns"}
        answer = await dispatcher.post(path, json=body, headers=system.key())
        assert answer.status_code == 200, answer.text
        assert (answer.json()["decision"]["kind"], answer.json()["swarm"]["crew"]) == ("swarm_raised", 3)

        async def all_there() -> bool:
            view = (await dispatcher.get(f"/v1/incidents/{held['incident_id']}")).json()
            swarm = view.get("swarm") or {}
            return len(swarm.get("members", [])) == 3 and swarm["lead_id"] == held["engineer_id"]

        await eventually(all_there)
        listed = (await dispatcher.get("/v1/incidents", params={"region": region})).json()["items"]
        assert sum(one.get("swarm_of") == held["incident_id"] for one in listed) == 2
        answer = await dispatcher.post(path, json={**body, "lead_id": "NOBODY"}, headers=system.key())
        assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_engineer")
        answer = await dispatcher.post(path, json={**body, "crew": 51}, headers=system.key())
        assert answer.status_code == 422
        answer = await dispatcher.post(path, json={**body, "crew": 1}, headers=system.key())
        assert (answer.status_code, answer.json()["decision"]["kind"]) == (200, "swarm_ended")
    async with system.client("technician", held["engineer_id"], regions=(region,)) as technician:
        assert (await technician.post(path, json=body, headers=system.key())).status_code == 403
    async with system.client("dispatcher", regions=(f"{region}x",)) as elsewhere:
        assert (await elsewhere.post(path, json=body, headers=system.key())).status_code == 403


async def test_sites_of_a_cause_wait_and_are_back_with_its_root(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """A site is shown as waiting for the root and restored with it; its customer, and no other, says no."""
    (phone,) = await make_region(system, service, region)
    cause = f"duct-{region}"
    root = await reported(system, service, region, cause_id=cause)
    site = await reported(system, service, region, cause_id=cause, customer_id="C1")
    async with system.client("dispatcher", "d-1", regions=(region,)) as dispatcher:
        body = {"root_id": root["incident_id"], "reason": "one duct"}
        answer = await dispatcher.post(f"/v1/causes/{cause}/declare", json=body, headers=system.key())
        assert answer.status_code == 200, answer.text

        async def waits() -> bool:
            view = (await dispatcher.get(f"/v1/incidents/{site['incident_id']}")).json()
            causes = (await dispatcher.get(f"/v1/regions/{region}")).json().get("causes") or []
            return view.get("waits_for") == root["incident_id"] and [c["sites"] for c in causes] == [1]

        await eventually(waits)
        await brought_back(phone, root)
        seen = (await dispatcher.get(f"/v1/incidents/{site['incident_id']}")).json()
        assert (seen["state"], seen["timeline"][-1]["reason"]) == ("resolved", "cause_restored")
        ended = {"region": region}
        answer = await dispatcher.post(f"/v1/causes/{cause}/end", json=ended, headers=system.key())
        assert (answer.status_code, answer.json()["reason"]) == (409, "no_cause")
    path = f"/v1/incidents/{site['incident_id']}/still-down"
    async with system.client("customer", customer="C2") as other:
        assert (await other.post(path, json={}, headers=system.key())).status_code == 404
    async with system.client("customer", customer="C1") as customer:
        answer = await customer.post(path, json={"reason": "no light"}, headers=system.key())
        assert (answer.status_code, answer.json()["state"]) == (200, "waiting"), answer.text
