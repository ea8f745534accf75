"""Commands through the whole system: confirmed, answered by the fold, the same again for the same key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from tests.integration.gateway.system import Phone, System, eventually, make_region, now_text, report

pytestmark = pytest.mark.timeout(300)

Client = httpx.AsyncClient


async def _is(asked: Awaitable[Any], wanted: Any) -> bool:
    return bool(await asked == wanted)


async def known(client: Client, region: str) -> int:
    """How many incidents the region's list holds: the read model follows an answer a moment later."""
    return len((await client.get(f"/v1/incidents?region={region}")).json()["items"])


async def status_of(client: Client, path: str) -> int:
    """How a read is answered."""
    return (await client.get(path)).status_code


async def test_a_report_is_answered_with_its_assignment(system: System, service: Client, region: str) -> None:
    """200 with the new state: who goes, under which epoch, promised when; and the reads tell the same."""
    await make_region(system, service, region)
    answer = await service.post("/v1/incidents", json=report(region, customer_id="C1"), headers=system.key())
    assert answer.status_code == 200, answer.text
    view = answer.json()
    assert (view["state"], view["epoch"], view["engineer_id"]) == ("assigned", 1, f"E1-{region}")
    assert (view["customer_id"], view["decision"]["kind"]) == ("C1", "queued")
    read = (await service.get(f"/v1/incidents/{view['incident_id']}")).json()
    assert (read["state"], read["epoch"], read["timeline"]) == ("assigned", 1, view["timeline"])
    job = (await service.get(f"/v1/engineers/E1-{region}/job")).json()
    assert job["incident"]["incident_id"] == view["incident_id"]


async def test_the_same_key_gives_the_same_answer(system: System, service: Client, region: str) -> None:
    """Twice at once and once more: one incident; another body under the key is a 422."""
    await make_region(system, service, region)
    key = system.key()
    both = await asyncio.gather(
        *(service.post("/v1/incidents", json=report(region), headers=key) for _ in range(2))
    )
    again = await service.post("/v1/incidents", json=report(region), headers=key)
    assert [one.status_code for one in (*both, again)] == [200] * 3, [one.text for one in both]
    assert again.headers["idempotent-replayed"] == "true"
    assert len({one.json()["incident_id"] for one in (*both, again)}) == 1
    other = await service.post("/v1/incidents", json=report(region, level=1), headers=key)
    assert (other.status_code, other.json()["type"].rsplit("/", 1)[1]) == (422, "idempotency-key-reused")
    async with system.client("service", "another") as another:
        theirs = await another.post("/v1/incidents", json=report(region), headers=key)
    assert theirs.json()["incident_id"] != again.json()["incident_id"]
    await eventually(lambda: _is(known(service, region), 2))
    assert await known(service, region) == 2


async def test_a_whole_job_and_a_stale_epoch(system: System, service: Client, region: str) -> None:
    """Each status moves the incident on; one that names another epoch is a 409 with the current one."""
    (phone,) = await make_region(system, service, region)
    incident = (await service.post("/v1/incidents", json=report(region), headers=system.key())).json()
    name = incident["incident_id"]
    stale = await phone.status(name, 7, "accepted")
    assert stale.status_code == 409
    assert (stale.json()["type"].rsplit("/", 1)[1], stale.json()["epoch"]) == ("stale-epoch", 1)
    for status in ("acknowledged", "accepted", "en_route", "on_site", "restored", "resolved"):
        answer = await phone.status(name, 1, status)
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == ("assigned" if status == "acknowledged" else status)
    kinds = [one["kind"] for one in (await service.get(f"/v1/incidents/{name}/timeline")).json()["entries"]]
    assert [kind for kind in kinds if kind != "refused"] == [
        *("queued", "assigned", "acknowledged", "accepted", "en_route", "on_site", "restored", "resolved")
    ]
    late = await service.post(f"/v1/incidents/{name}/cancel", json={"reason": "x"}, headers=system.key())
    assert late.status_code == 409


async def test_an_offline_queue_is_answered_one_by_one(system: System, service: Client, region: str) -> None:
    """What a phone kept goes in one request; sent again in another it changes nothing."""
    (phone,) = await make_region(system, service, region)
    incident = (await service.post("/v1/incidents", json=report(region), headers=system.key())).json()
    name = incident["incident_id"]
    kept = [
        phone.says(type="status", engineer_id=phone.engineer_id, incident_id=name, epoch=1, status=status)
        for status in ("acknowledged", "accepted", "en_route")
    ]
    fix = {"type": "position", "lat": 38.71, "lon": -9.11, "fixed_at": now_text()}
    kept.append(fix | {"engineer_id": phone.engineer_id})
    kept.append(phone.says(type="status", engineer_id="nobody", incident_id=name, epoch=1, status="accepted"))
    first = await service.post("/v1/phones/events", json={"events": kept}, headers=system.key())
    assert [one["status"] for one in first.json()["answers"]] == [200, 200, 200, 202, 404], first.text
    kept.append(
        phone.says(type="status", engineer_id=phone.engineer_id, incident_id=name, epoch=1, status="on_site")
    )
    second = await service.post("/v1/phones/events", json={"events": kept}, headers=system.key())
    answers = second.json()["answers"]
    assert [one["status"] for one in answers] == [200, 200, 200, 202, 404, 200]
    assert answers[:3] == first.json()["answers"][:3]
    view = (await service.get(f"/v1/incidents/{name}")).json()
    kinds = [one["kind"] for one in view["timeline"]]
    assert kinds == ["queued", "assigned", "acknowledged", "accepted", "en_route", "on_site"]


async def test_positions_of_somebody_off_shift_are_refused(
    system: System, service: Client, region: str
) -> None:
    """409 naming who; on shift again they are taken, and the map shows them; off shift it does not."""
    (phone,) = await make_region(system, service, region)
    path = f"/v1/engineers/{phone.engineer_id}/positions"
    body = {"positions": [{"lat": 38.75, "lon": -9.2, "fixed_at": now_text()}]}
    taken = await service.post(path, json=body, headers=system.key())
    assert (taken.status_code, taken.json()["accepted"]) == (202, 1)

    async def place_on_map() -> list[float] | None:
        features = (await service.get(f"/v1/map?region={region}")).json()["features"]
        return next((one["geometry"]["coordinates"] for one in features), None)

    await eventually(lambda: _is(place_on_map(), [-9.2, 38.75]))
    assert (await phone.shift("shift_ended")).status_code == 200
    refused = await service.post(path, json=body, headers=system.key())
    assert (refused.status_code, refused.json()["refused"]) == (409, [phone.engineer_id])
    await eventually(lambda: _is(place_on_map(), None))


async def test_what_triage_can_not_take_in_is_told(system: System, service: Client, region: str) -> None:
    """Outside every region: 422 with triage's reason and a letter; unknown people: 404."""
    answer = await service.post("/v1/incidents", json=report(f"no-{region}"), headers=system.key())
    assert (answer.status_code, answer.json()["reason"]) == (422, "outside_every_region")
    async with system.client("operator") as operator:
        letters = (await operator.get("/v1/dead-letters")).json()["items"]
    assert letters[0]["reason"] == "outside_every_region"
    assert letters[0]["value_base64"]
    nobody = Phone(system, service, f"nobody-{region}")
    assert (await nobody.shift()).status_code == 404
    assert (await nobody.status("no-incident", 1, "accepted")).status_code == 404
    assert (await service.get("/v1/incidents/no-incident")).status_code == 404


async def test_who_does_not_wait_gets_202_and_finds_it_later(
    system: System, service: Client, region: str
) -> None:
    """`Prefer: respond-async`: confirmed, told where to look; asked again it has an answer."""
    await make_region(system, service, region)
    key = system.key()
    headers = key | {"Prefer": "respond-async"}
    answer = await service.post("/v1/incidents", json=report(region), headers=headers)
    assert answer.status_code == 202
    where = answer.headers["location"]
    await eventually(lambda: _is(status_of(service, where), 200))
    again = await service.post("/v1/incidents", json=report(region), headers=key)
    assert (again.status_code, again.json()["state"]) == (200, "assigned")


async def test_lists_filter_and_page(system: System, service: Client, region: str) -> None:
    """By region, tier and state; pages of two together are the whole, oldest first."""
    await make_region(system, service, region)
    for number in range(5):
        tier = "gold" if number % 2 else "silver"
        body = report(region, tier=tier, incident_id=f"I{number}-{region}")
        assert (await service.post("/v1/incidents", json=body, headers=system.key())).status_code == 200
    await eventually(lambda: _is(known(service, region), 5))
    found, cursor = [], ""
    while True:
        page = (await service.get(f"/v1/incidents?region={region}&limit=2{cursor}")).json()
        found += [one["incident_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [f"I{number}-{region}" for number in range(5)]
    gold = (await service.get(f"/v1/incidents?region={region}&tier=gold&state=waiting")).json()["items"]
    assert {one["tier"] for one in gold} == {"gold"}
    assert {one["state"] for one in gold} == {"waiting"}


async def test_everybody_sees_what_is_theirs(system: System, service: Client, region: str) -> None:
    """A technician their own incident, a customer theirs, both nobody else's: not even that it exists."""
    (phone,) = await make_region(system, service, region)
    body = report(region, customer_id=f"C-{region}", incident_id=f"mine-{region}")
    await service.post("/v1/incidents", json=body, headers=system.key())
    other = report(region, customer_id="C-other", incident_id=f"other-{region}")
    await service.post("/v1/incidents", json=other, headers=system.key())
    await asyncio.sleep(0.3)
    async with (
        system.client("technician", phone.engineer_id) as technician,
        system.client("customer", customer=f"C-{region}") as customer,
    ):
        for client in (technician, customer):
            listed = (await client.get("/v1/incidents")).json()["items"]
            assert [one["incident_id"] for one in listed] == [f"mine-{region}"]
            assert (await client.get(f"/v1/incidents/mine-{region}")).status_code == 200
            assert (await client.get(f"/v1/incidents/other-{region}/timeline")).status_code == 404
        theirs = await customer.post(f"/v1/incidents/other-{region}/cancel", json={}, headers=system.key())
        assert theirs.status_code == 404
        own = await customer.post(f"/v1/incidents/mine-{region}/cancel", json={}, headers=system.key())
        assert (own.status_code, own.json()["state"]) == (200, "cancelled")


async def test_a_dispatcher_overrules_the_engine_within_the_rules(
    system: System, service: Client, region: str
) -> None:
    """Override and unlock are answered with the new state; what a hard rule forbids is a 409 naming it."""
    await make_region(system, service, region, engineers=2)
    name = (await service.post("/v1/incidents", json=report(region), headers=system.key())).json()[
        "incident_id"
    ]
    path = f"/v1/incidents/{name}"
    async with system.client("dispatcher", "dora", regions=(region,)) as dora:
        chosen = {"engineer_ids": [f"E2-{region}"], "reason": "knows the site"}
        answer = await dora.post(f"{path}/assign", json=chosen, headers=system.key())
        assert answer.status_code == 200, answer.text
        view = answer.json()
        assert (view["engineer_id"], view["epoch"], view["decision"]["by"]) == (f"E2-{region}", 2, "dora")
        stale = await dora.post(f"{path}/assign", json={**chosen, "epoch": 1}, headers=system.key())
        assert (stale.status_code, stale.json()["epoch"]) == (409, 2)
        unlocked = await dora.post(f"{path}/unlock", json={}, headers=system.key())
        assert (unlocked.status_code, unlocked.json().get("lock")) == (200, None)
        hard = report(region, level=4)
        other = (await service.post("/v1/incidents", json=hard, headers=system.key())).json()["incident_id"]
        pin = {"engineer_ids": [f"E1-{region}"], "reason": "asked for"}
        refused = (await dora.post(f"/v1/incidents/{other}/pin", json=pin, headers=system.key())).json()
        assert (refused["type"].rsplit("/", 1)[1], refused["reason"]) == ("rule-broken", "unqualified")
        nameless = await dora.post(f"{path}/assign", json={"engineer_ids": []}, headers=system.key())
        assert nameless.status_code == 422
    async with system.client("dispatcher", "elsewhere", regions=("R0",)) as stranger:
        assert (await stranger.post(f"{path}/unlock", json={}, headers=system.key())).status_code == 403


async def test_a_tier_in_suggest_waits_for_somebody_to_confirm(
    system: System, service: Client, region: str
) -> None:
    """A lead sets the mode, the board sees whom the engine would send, a dispatcher confirms; they go."""
    (phone,) = await make_region(system, service, region)
    async with system.client("lead") as lead:
        body = {"modes": {"gold": "suggest"}, "reason": "trial"}
        modes = await lead.put(f"/v1/regions/{region}/modes", json=body, headers=system.key())
        assert (modes.status_code, modes.json()["modes"]) == (200, {"gold": "suggest"})
    told = (
        await service.post("/v1/incidents", json=report(region, tier="gold"), headers=system.key())
    ).json()
    assert (told["state"], told["suggested"]) == ("waiting", [phone.engineer_id])
    job = (await service.get(f"/v1/engineers/{phone.engineer_id}/job")).json()
    assert job["incident"] is None
    async with system.client("dispatcher", regions=(region,)) as dora:
        path = f"/v1/incidents/{told['incident_id']}/confirm"
        asked = {"engineer_ids": [phone.engineer_id], "epoch": 0}
        answer = await dora.post(path, json=asked, headers=system.key())
    assert (answer.status_code, answer.json()["state"]) == (200, "assigned")
