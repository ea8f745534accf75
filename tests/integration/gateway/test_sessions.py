"""Remote assist through the whole system: opened and joined by HTTP, held on a node, told in the timeline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets

from deploy.local.child import Child
from deploy.local.ports import free_port
from tests.integration.assist.stage import AssistClient, welcomed
from tests.integration.gateway.system import MUSTER, System, eventually, make_region, report

NODE_WITHIN_S = 60.0
ARROW = {"tool": "arrow", "points": [[0, 0], [100, 200]]}


@asynccontextmanager
async def relay_of(system: System) -> AsyncIterator[Child]:
    """A relay node of the installation."""
    told = {
        **system.environment,
        "MUSTER_RELAY_PORT": str(free_port()),
        "MUSTER_RELAY_ADDRESSES": "127.0.0.1",
    }
    told["MUSTER_RELAY_URL"] = "http://{host}:" + told["MUSTER_RELAY_PORT"]
    child = Child([str(MUSTER), "relay"], system.folder / "relay.log", cwd=system.folder, env=told)
    try:
        yield child
    finally:
        await child.stop()


async def call(
    system: System, client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str = ""
) -> httpx.Response:
    """One command."""
    headers = {"Idempotency-Key": key} if key else system.key()
    return await client.post(f"/v1/sessions{path}", json=body, headers=headers)


@asynccontextmanager
async def on_node(joined: dict[str, Any]) -> AsyncIterator[AssistClient]:
    """The connection that a join leads to."""
    async with websockets.connect(joined["signal_url"]) as socket:
        client = AssistClient(socket)
        await client.say(type="hello", token=joined["token"])
        await welcomed(client)
        yield client


@pytest.fixture
async def incident_id(system: System, service: httpx.AsyncClient, region: str) -> str:
    """An incident that the region's only engineer was sent to."""
    await make_region(system, service, region)
    answer = await service.post("/v1/incidents", json=report(region), headers=system.key())
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["incident_id"]

    async def assigned() -> bool:
        view: dict[str, Any] = (await service.get(f"/v1/incidents/{found}")).json()
        return view.get("engineer_id") == f"E1-{region}"

    await eventually(assigned)
    return found


async def test_the_evidence_is_exported_by_who_answers_for_the_region_alone(
    system: System, service: httpx.AsyncClient, incident_id: str, region: str
) -> None:
    """Dispatcher, lead and operator of the region; not its experts or technicians, nobody from elsewhere."""
    opened = (await call(system, service, "", {"incident_id": incident_id})).json()
    async with (
        system.client("dispatcher", regions=(region,)) as desk,
        system.client("lead", regions=("elsewhere",)) as far,
        system.client("expert", regions=(region,)) as expert,
        system.client("technician", f"E1-{region}") as own,
    ):
        for client, status in ((desk, 200), (far, 403), (expert, 403), (own, 403)):
            answer = await client.post(f"/v1/sessions/{opened['session_id']}/export")
            assert answer.status_code == status, answer.text
        passed = (await desk.post(f"/v1/sessions/{opened['session_id']}/export")).json()
        assert passed["region"] == region
        assert (await desk.post("/v1/sessions/ses-none/export")).status_code == 404


async def test_a_session_is_opened_by_whom_it_concerns_alone(
    system: System, incident_id: str, region: str
) -> None:
    """Technicians only for their own incident, others by region; a repeated key opens nothing new."""
    async with (
        system.client("technician", f"E1-{region}") as own,
        system.client("technician", "E9-other") as other,
        system.client("expert", regions=("elsewhere",)) as far,
        system.client("customer", customer="C1") as customer,
    ):
        body = {"incident_id": incident_id}
        first = await call(system, own, "", body, key=f"open-{region}")
        assert first.status_code == 201, first.text
        assert first.json()["code_admits"] == "expert"
        assert first.headers["location"] == f"/v1/sessions/{first.json()['session_id']}"
        assert (await call(system, own, "", body, key=f"open-{region}")).json() == first.json()
        assert (await call(system, other, "", body)).status_code == 404
        assert (await call(system, far, "", body)).status_code == 403
        assert (await call(system, customer, "", body)).status_code == 403
        assert (await call(system, own, "", {"incident_id": "nothing"})).status_code == 404
        path = f"/{first.json()['session_id']}"
        assert (await call(system, far, f"{path}/join", {})).status_code == 403
        assert (await call(system, other, f"{path}/join", {})).status_code == 404
        assert (await call(system, own, f"{path}/join", {"role": "expert"})).status_code == 403
        nowhere = await call(system, own, f"{path}/join", {})
        assert (nowhere.status_code, nowhere.json()["type"].rpartition("/")[2]) == (503, "no-node")
        listed = (await own.get(f"/v1/sessions?incident_id={incident_id}")).json()["items"]
        assert [one["session_id"] for one in listed] == [first.json()["session_id"]]
        assert (await call(system, own, f"{path}/end", {"outcome": "cancelled"})).status_code == 200


@pytest.mark.slow
async def test_a_session_from_the_call_to_the_timeline(system: System, incident_id: str, region: str) -> None:
    """Joined by right and, without any token, by code; led, agreed to, drawn in, ended; all of it is told."""
    async with (
        relay_of(system),
        system.client("technician", f"E1-{region}") as own,
        system.client("dispatcher") as desk,
        httpx.AsyncClient(base_url=system.url, trust_env=False) as guest,
    ):
        opened = (await call(system, own, "", {"incident_id": incident_id})).json()
        path = f"/{opened['session_id']}"
        joined: dict[str, Any] = {}

        async def a_node_is_there() -> bool:
            joined.update((await call(system, own, f"{path}/join", {})).json())
            return "token" in joined

        await eventually(a_node_is_there, NODE_WITHIN_S)
        assert joined["role"] == "technician"
        assert (await call(system, guest, "/join", {"code": "AAAA-AAAA"})).status_code == 403
        by_code = await call(system, guest, "/join", {"code": opened["code"]})
        assert by_code.status_code == 200, by_code.text
        assert by_code.json()["role"] == "expert"
        expert_id = by_code.json()["party"]
        async with on_node(joined) as ana, on_node(by_code.json()) as expert:
            assert (await expert.op("draw", mark=ARROW, anchor={"rtp": 7}))["type"] == "done"
            await ana.until(lambda one: one["type"] == "log" and one["entry"]["kind"] == "drawn")
            refused = await call(system, own, f"{path}/baton", {"to": expert_id})
            assert (refused.status_code, refused.json()["reason"]) == (403, "not_allowed")
            agreed = await call(system, own, f"{path}/consent", {"consent": "given"})
            assert agreed.json()["consent"] == "given"
            await expert.until(lambda one: one["type"] == "log" and one["entry"]["kind"] == "consent_given")
            ended = await call(system, desk, f"{path}/end", {"outcome": "resolved", "note": "the fuse"})
            assert ended.json()["state"] == "ended"
            assert await ana.closed() == 1000
        again = await call(system, own, f"{path}/join", {})
        assert (again.status_code, again.json()["reason"]) == (409, "not_open")

        async def the_story_is_told() -> bool:
            story = (await desk.get(f"/v1/incidents/{incident_id}/timeline")).json()["entries"]
            told = [entry for entry in story if entry.get("session_id") == opened["session_id"]]
            # Whether the recorder came to begin before the end is its own affair.
            kinds = [entry["kind"] for entry in told if "_recording_" not in entry["kind"]]
            return (
                kinds
                == [
                    "session_opened",
                    "session_joined",
                    "session_joined",
                    "session_baton_passed",
                    "session_consent_given",
                    "session_ended",
                ]
                and told[-1]["reason"] == "resolved"
            )

        await eventually(the_story_is_told, 20)
        assert (await desk.get(f"/v1/sessions?incident_id={incident_id}")).json()["items"] == []
