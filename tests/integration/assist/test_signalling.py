"""Clients on a real node: one does, the others see; who comes back misses nothing; bad input hurts nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import websockets

from services.relay.node.keepalive import PING_EVERY_S, PONG_WITHIN_S
from services.relay.node.node import Node
from tests.integration.assist.stage import AssistClient, connected, placed_token, running_node, welcomed

ARROW = {"tool": "arrow", "points": [[0, 0], [100, 200]]}


@pytest.fixture
async def node(redis_url: str, topic_prefix: str) -> AsyncIterator[Node]:
    """A running node."""
    async with running_node(redis_url, topic_prefix) as running:
        yield running


async def test_what_one_does_the_others_see_in_one_order(node: Node, session_id: str) -> None:
    """Marks, steps and words reach everybody with one numbering; the author is who the token says."""
    async with (
        connected(node, session_id, "ANA", "technician") as ana,
        connected(node, session_id, "EVA", "expert") as eva,
    ):
        await welcomed(ana)
        welcome = await welcomed(eva)
        assert welcome["you"]["role"] == "expert"
        done = await eva.op("draw", mark=ARROW, anchor={"rtp": 7})
        assert done["type"] == "done"
        await eva.op("start_guide", title="Replace the card", steps=["Power off", "Pull the card"])
        ticked = await ana.op("tick", step=0)
        await asyncio.gather(ana.log_until(ticked["seq"]), eva.log_until(ticked["seq"]))
        drawn = next(entry for entry in ana.entries() if entry["kind"] == "drawn")
        assert (drawn["author"], drawn["seq"], drawn["fades_after_ms"]) == ("EVA", done["seq"], 5000)
        last = {entry["seq"]: entry for entry in eva.entries()}
        assert {entry["seq"]: entry for entry in ana.entries()} == last
        assert sorted(last) == list(range(1, ticked["seq"] + 1))
        await eva.say(type="point", x=5, y=6)
        pointed = await ana.until(lambda one: one["type"] == "pointed")
        assert (pointed["party"], pointed["x"], pointed["y"]) == ("EVA", 5, 6)


async def test_who_comes_back_is_sent_what_it_missed_and_nothing_is_done_twice(
    node: Node, session_id: str
) -> None:
    """After a lost connection: the same op_id has the same number, and the log goes on after `after`."""
    async with connected(node, session_id, "ANA", "technician") as ana:
        await welcomed(ana)
        async with connected(node, session_id, "EVA", "expert") as eva:
            await welcomed(eva)
            first = await eva.op("say", op_id="mine-1", text="hello")
        said = await ana.op("say", text="are you there?")
        async with connected(node, session_id, "EVA", "expert", after=first["seq"]) as again:
            await welcomed(again)
            assert [entry["seq"] for entry in again.entries()] == [said["seq"]]
            assert await again.op("say", op_id="mine-1", text="hello") == first
            await again.say(type="resume", after=0)
            await again.until(lambda one: one["type"] == "log" and one["entry"]["seq"] == 1)


async def test_a_lost_connection_keeps_its_place_for_a_while(node: Node, session_id: str) -> None:
    """Coming back in time nothing is logged; staying away one leaves, and the baton goes on."""
    async with (
        connected(node, session_id, "BEA", "expert") as bea,
        connected(node, session_id, "CARL", "expert") as carl,
    ):
        await welcomed(bea)
        await welcomed(carl)
        await bea.close()
        async with connected(node, session_id, "BEA", "expert") as again:
            assert (await welcomed(again))["session"]["baton"] == "BEA"
        await carl.until(lambda one: one["type"] == "log" and one["entry"]["kind"] == "left")
        passed = await carl.until(
            lambda one: (
                one["type"] == "log"
                and one["entry"].get("kind") == "baton_passed"
                and one["entry"]["seq"] > 4
            )
        )
        assert passed["entry"]["party"] == "CARL"
        assert [entry["kind"] for entry in carl.entries()].count("joined") == 2


async def test_a_client_that_falls_silent_is_marked_absent(node: Node, session_id: str) -> None:
    """Its connection stays open and answers nothing, not even a ping: within three seconds it is gone."""
    assert PING_EVERY_S + PONG_WITHIN_S < 3.0
    async with connected(node, session_id, "ANA", "technician") as ana:
        await welcomed(ana)
        async with connected(node, session_id, "EVA", "expert") as eva:
            await welcomed(eva)
            begun = len(ana.messages)
            eva.socket.transport.pause_reading()
            absent = await ana.until(
                lambda one: (
                    one["type"] == "presence"
                    and [party["party"] for party in one["parties"] if party["present"]] == ["ANA"]
                ),
                begun,
            )
            assert absent
            eva.socket.transport.abort()


async def test_the_same_party_connected_twice_has_one_connection(node: Node, session_id: str) -> None:
    """The newest wins; the older one is told so."""
    async with connected(node, session_id, "EVA", "expert") as older:
        await welcomed(older)
        async with connected(node, session_id, "EVA", "expert") as newer:
            await welcomed(newer)
            assert await older.closed() == 4409
            assert (await newer.op("say", text="still here"))["type"] == "done"


async def test_a_token_opens_one_connection_of_its_session(node: Node, session_id: str) -> None:
    """Replayed, forged, of another session or missing: closed with 4401, and nobody has joined."""
    token = await placed_token(node, session_id, "EVA", "expert")
    async with connected(node, session_id, "EVA", "expert", token=token) as eva:
        await welcomed(eva)
        other = node.tokens.token("ses-2", "MAL", "expert")[0]
        for bad in (token, other, token + "x", "nothing"):
            async with connected(node, session_id, "MAL", "expert", token=bad) as mallory:
                assert await mallory.closed() == 4401
        assert set(node.live[session_id].session.parties) == {"EVA"}


async def test_a_token_may_stand_in_the_subprotocol(node: Node, session_id: str) -> None:
    """A browser's WebSocket has no headers: the token comes beside the protocol's name, never in the URL."""
    token = await placed_token(node, session_id, "EVA", "expert")
    url = f"{node.settings.own_url}/v1/sessions/{session_id}/signal".replace("http", "ws", 1)
    protocols = [websockets.Subprotocol("muster.assist.v1"), websockets.Subprotocol(f"muster.token.{token}")]
    async with websockets.connect(url, subprotocols=protocols) as socket:
        assert socket.subprotocol == "muster.assist.v1"
        client = AssistClient(socket)
        await client.say(type="hello")
        await welcomed(client)


async def test_who_does_not_say_hello_is_not_let_in(node: Node, session_id: str) -> None:
    """The first message is hello; anything else closes the connection."""
    url = f"{node.settings.own_url}/v1/sessions/{session_id}/signal".replace("http", "ws", 1)
    for first in ("", "[]", "{", '{"type":"ping"}', "x" * 200_000):
        async with websockets.connect(url) as socket:
            client = AssistClient(socket)
            await client.socket.send(first)
            assert await client.closed() in (4400, 1009)
    assert node.strangers == 0


async def test_bad_messages_are_refused_and_a_flood_closes_its_own_client_alone(
    node: Node, session_id: str
) -> None:
    """Malformed, oversized and too many: each is told; the flooding client is closed, the other works on."""
    async with (
        connected(node, session_id, "ANA", "technician") as ana,
        connected(node, session_id, "MAL", "expert") as mallory,
    ):
        await welcomed(ana)
        await welcomed(mallory)
        for bad, reason in [
            ("{", "malformed"),
            (json.dumps({"type": "draw", "op_id": "1", "mark": ARROW}), "malformed"),
            (json.dumps({"type": "say", "op_id": "1", "text": "x" * 20_000}), "malformed"),
            (
                json.dumps({"type": "start_guide", "op_id": "1", "title": "t", "steps": ["x" * 400] * 45}),
                "too_large",
            ),
            (json.dumps({"type": "offer", "sdp": "no sdp at all"}), "bad_sdp"),
        ]:
            begun = len(mallory.messages)
            await mallory.socket.send(bad)
            assert (await mallory.until(lambda one: one["type"] == "refused", begun))["reason"] == reason
        for number in range(250):
            await mallory.say(type="say", op_id=f"flood{number}", text="x")
        assert await mallory.closed() == 4429
        assert (await ana.op("say", text="I am not hurt"))["type"] == "done"
        said = [entry for entry in node.live[session_id].session.ops if entry[0] == "MAL"]
        assert len(said) < 150


async def test_ending_closes_everybody_and_nobody_comes_back(node: Node, session_id: str) -> None:
    """The end is logged with its outcome; afterwards there is no session to join."""
    async with (
        connected(node, session_id, "ANA", "technician") as ana,
        connected(node, session_id, "EVA", "expert") as eva,
    ):
        await welcomed(ana)
        await welcomed(eva)
        await eva.op("end", outcome="resolved", note="the fuse")
        assert await ana.closed() == 1000
        assert ana.entries()[-1]["outcome"] == "resolved"
    token = node.tokens.token(session_id, "EVA", "expert")[0]
    async with connected(node, session_id, "EVA", "expert", token=token) as late:
        assert (await late.until(lambda one: one["type"] == "refused"))["reason"] == "not_open"


async def test_a_still_is_frozen_logged_by_its_hash_and_fetched(node: Node, session_id: str) -> None:
    """The technician's phone uploads what was asked for, once; everybody reads the same bytes."""
    jpeg = b"\xff\xd8\xff\xc0\x00\x11\x08\x02\xd0\x05\x00\x03" + b"\x00" * 50_000
    path = f"{node.settings.own_url}/v1/sessions/{session_id}/stills"
    async with (
        connected(node, session_id, "ANA", "technician") as ana,
        connected(node, session_id, "EVA", "expert") as eva,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        tickets = [{"Authorization": f"Bearer {(await welcomed(one))['ticket']}"} for one in (ana, eva)]
        picture = {**tickets[0], "Content-Type": "image/jpeg"}
        assert (await http.put(f"{path}/still-9", headers=picture, content=jpeg)).status_code == 409
        await eva.op("freeze")
        asked = await ana.until(lambda one: one["type"] == "log" and one["entry"]["kind"] == "freeze_asked")
        still = f"{path}/{asked['entry']['still_id']}"
        assert (await http.put(still, headers={**picture, **tickets[1]}, content=jpeg)).status_code == 403
        assert (await http.put(still, headers=picture, content=b"GIF89a")).status_code == 415
        assert (await http.put(still, headers=picture, content=b"\xff" * (8 * 2**20 + 1))).status_code == 413
        assert (await http.put(f"{still}?rtp=90000", headers=picture, content=jpeg)).status_code == 201
        assert (await http.put(still, headers=picture, content=jpeg)).status_code == 409
        frozen = (await eva.until(lambda one: one["type"] == "log" and one["entry"]["kind"] == "frozen"))[
            "entry"
        ]
        assert (frozen["width"], frozen["height"], frozen["rtp"]) == (1280, 720, 90_000)
        read = await http.get(still, headers=tickets[1])
        assert read.content == jpeg
        assert read.headers["content-type"] == "image/jpeg"
        assert (await http.get(still)).status_code == 401
        small = {**tickets[0], "Content-Type": "image/jpeg"}
        assert (await http.put(f"{path}/ladder", headers=small, content=jpeg)).status_code == 204
        await eva.until(lambda one: one["type"] == "still")
        assert (await http.get(f"{path}/ladder", headers=tickets[1])).content == jpeg
