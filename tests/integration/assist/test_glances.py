"""One who watches over many sites sees small pictures of each without coming, and only while looking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from schemas.assist_node import Glanced
from services.relay.node.glances import Glances
from services.relay.node.node import Node
from tests.integration.assist.stage import connected, running_node, welcomed

JPEG = bytes.fromhex("ffd8ffc0001108") + (180).to_bytes(2, "big") + (320).to_bytes(2, "big") + bytes(40)


@pytest.fixture
async def node(redis_url: str, topic_prefix: str) -> AsyncIterator[Node]:
    """A running node."""
    async with running_node(redis_url, topic_prefix) as running:
        yield running


async def test_the_first_look_asks_the_phone_for_pictures(node: Node, session_id: str) -> None:
    """What it sends before is not kept; what it sends then is had once by its tag, and nobody has come."""
    path = f"{node.settings.own_url}/v1/sessions/{session_id}"
    look = {"Authorization": f"Bearer {node.tokens.glance(session_id, 'EVA')[0]}"}
    async with (
        connected(node, session_id, "ANA", "technician") as ana,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        ticket = (await welcomed(ana))["ticket"]
        upload = {"Authorization": f"Bearer {ticket}", "Content-Type": "image/jpeg"}
        assert (await http.put(f"{path}/stills/glance", headers=upload, content=JPEG)).status_code == 204
        assert (await http.get(f"{path}/glance", headers=look)).status_code == 204
        await ana.until(lambda one: one["type"] == "glanced" and one["on"])
        assert (await http.put(f"{path}/stills/glance", headers=upload, content=JPEG)).status_code == 204
        seen = await http.get(f"{path}/glance", headers=look)
        assert (seen.status_code, seen.content) == (200, JPEG)
        again = await http.get(f"{path}/glance", headers={**look, "If-None-Match": seen.headers["etag"]})
        assert again.status_code == 304
    assert set(node.live[session_id].session.parties) <= {"ANA"}, "who only looks has not come"


async def test_the_phone_is_told_to_stop_when_nobody_looks_any_more() -> None:
    """Some time after the last look; the picture is forgotten with it, and the next look asks anew."""
    told: asyncio.Queue[Glanced] = asyncio.Queue()
    glances = Glances(told.put_nowait, looked_for_s=0.05)
    glances.look()
    glances.look()
    glances.take(JPEG, "image/jpeg")
    assert glances.newest is not None
    assert [(await told.get()).on, (await told.get()).on] == [True, False]
    assert not glances.wanted
    assert glances.newest is None
    glances.look()
    assert (await told.get()).on
    glances.close()


async def test_a_phone_that_connects_while_somebody_looks_is_told(node: Node, session_id: str) -> None:
    """The look may come first: the phone hears of it with its welcome."""
    path = f"{node.settings.own_url}/v1/sessions/{session_id}"
    look = {"Authorization": f"Bearer {node.tokens.glance(session_id, 'EVA')[0]}"}
    async with (
        connected(node, session_id, "BEA", "expert") as bea,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        await welcomed(bea)
        assert (await http.get(f"{path}/glance", headers=look)).status_code == 204
        async with connected(node, session_id, "ANA", "technician") as ana:
            await ana.until(lambda one: one["type"] == "glanced" and one["on"])
    assert not any(one["type"] == "glanced" for one in bea.messages), "an expert's page sends no pictures"


async def test_a_look_needs_a_token_of_that_session(node: Node, session_id: str) -> None:
    """None, a ticket, another session's: 401; and what lets somebody look lets nobody in."""
    url = f"{node.settings.own_url}/v1/sessions/{session_id}/glance"
    glance = node.tokens.glance(session_id, "EVA")[0]
    async with connected(node, session_id, "EVA", "expert", token=glance) as eva:
        assert await eva.closed() == 4401
    ticket = node.tokens.ticket(session_id, "EVA", "expert")
    other = node.tokens.glance("ses-2", "EVA")[0]
    async with httpx.AsyncClient(trust_env=False) as http:
        for bad in ({}, *({"Authorization": f"Bearer {token}"} for token in (ticket, other, "x"))):
            answer = await http.get(url, headers=bad)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
