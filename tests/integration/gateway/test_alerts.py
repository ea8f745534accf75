"""Warnings through the whole system: taken in as CAP, decided in the regions they touch, shown, ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.cap_message import area, cap_message, info, reference
from tests.integration.gateway.system import System, eventually

pytestmark = pytest.mark.timeout(300)

Client = httpx.AsyncClient
KIND = {"Content-Type": "application/cap+xml"}


async def tell(system: System, client: Client, octets: bytes, query: str = "") -> httpx.Response:
    """Post a message."""
    return await client.post(f"/v1/alerts{query}", content=octets, headers=system.key() | KIND)


async def alerts_in(client: Client, region: str) -> list[str]:
    """The identifiers of the warnings that stand for a region."""
    view = (await client.get(f"/v1/regions/{region}")).json()
    return [alert["alert"].split(",")[1] for alert in view.get("alerts") or []]


async def until_alerts(client: Client, region: str, *wanted: str) -> None:
    """Wait until the read model shows these."""

    async def shown() -> bool:
        return await alerts_in(client, region) == list(wanted)

    await eventually(shown)


def square(lat: float, lon: float) -> dict[str, Any]:
    """A region's borders: a square of 0.2 degrees."""
    ring = [(lon, lat), (lon + 0.2, lat), (lon + 0.2, lat + 0.2), (lon, lat + 0.2), (lon, lat)]
    return {"polygon": {"type": "Polygon", "coordinates": [ring]}}


async def test_a_warning_from_raised_to_cancelled(system: System, service: Client, region: str) -> None:
    """An alert reaches the region that it touches; an update that has moved on frees it; a cancel ends it."""
    now = datetime.now(UTC)
    here, there = f"{region}-here", f"{region}-there"
    borders = {here: square(60.0, 10.0), there: square(60.5, 10.0)}
    for name, body in borders.items():
        assert (await service.put(f"/v1/regions/{name}", json=body, headers=system.key())).status_code == 200
    first = info(now, area(None, circle="60.1,10.1 5"))
    answer = await tell(system, service, cap_message(now, region, infos=first))
    assert answer.status_code == 200, answer.text
    assert [(one["region"], one["decision"]["kind"]) for one in answer.json()["regions"]] == [
        (here, "alert_raised")
    ]
    await until_alerts(service, here, region)

    moved = info(now, area(None, circle="60.6,10.1 5"))
    octets = cap_message(now, f"{region}-2", kind="Update", references=reference(now, region), infos=moved)
    answer = await tell(system, service, octets)
    said = {one["region"]: one["decision"]["kind"] for one in answer.json()["regions"]}
    assert said == {here: "alert_cancelled", there: "alert_raised"}
    await until_alerts(service, here)

    octets = cap_message(
        now, f"{region}-3", kind="Cancel", references=reference(now, f"{region}-2"), infos=""
    )
    answer = await tell(system, service, octets)
    assert [one["decision"]["kind"] for one in answer.json()["regions"]] == ["alert_cancelled"]
    await until_alerts(service, there)
    assert (await tell(system, service, octets)).status_code == 404


async def test_what_is_not_for_a_region_at_work_changes_nothing(
    system: System, service: Client, region: str
) -> None:
    """Exercises, tests and acknowledgements are read, answered and go nowhere; a broken polygon is named."""
    now = datetime.now(UTC)
    await service.put(f"/v1/regions/{region}", json={}, headers=system.key())
    for more in ({"status": "Exercise"}, {"status": "Test"}, {"kind": "Ack"}):
        answer = await tell(system, service, cap_message(now, region, **more), f"?region={region}")
        assert (answer.status_code, answer.json()["regions"]) == (200, [])
        assert answer.json()["why_nobody"]
    broken = cap_message(now, region, infos=info(now, area("60,10 60,11 61,11 61,10")))
    answer = await tell(system, service, broken)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "alert/info[1]/area[1]/polygon[1]"
    answer = await service.post("/v1/alerts", json={}, headers=system.key())
    assert answer.status_code == 415
    assert await alerts_in(service, region) == []


async def test_a_warning_reaches_only_the_senders_regions(
    system: System, service: Client, region: str
) -> None:
    """A lead names their own region, not another's; somebody else's region is a 403."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    for name in (region, f"{region}-other"):
        await service.put(f"/v1/regions/{name}", json={}, headers=system.key())
    nowhere = info(now, area(None, geocode="EMMA_ID=NOWHERE"))
    async with system.client("lead", regions=(region,)) as lead:
        octets = cap_message(now, region, infos=nowhere)
        answer = await tell(system, lead, octets, f"?region={region}-other")
        assert answer.status_code == 403
        answer = await tell(system, lead, octets, f"?region={region}")
        assert answer.status_code == 200, answer.text
        await until_alerts(lead, region, region)
