"""Several nodes: a session moves when its node dies, sleeps or stops, and nothing that was marked is lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import pytest

from deploy.local import EmbeddedRedis
from services.assist import lifecycle
from services.relay.node.node import Node
from services.sessions.desk import SessionDesk
from services.sessions.placement import answers, place
from services.sessions.store import SessionStore
from tests.integration.assist.conftest import DESK, TEN
from tests.integration.assist.stage import (
    connected,
    node_process,
    on_process,
    placed_token,
    running_node,
    welcomed,
)

ARROW = {"tool": "arrow", "points": [[0, 0], [100, 200]]}


async def moved_to(node: Node, session_id: str, lost_node: str) -> None:
    """Whoever joins next tells which node is gone, and is sent to this one."""
    assert (await place(node.store, node.registry, session_id, lost_node, answers)).name == node.name


async def test_a_paused_node_that_wakes_late_undoes_nothing(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path
) -> None:
    """Asleep it loses the session; awake again it adds nothing to its log and sends its client away."""
    async with (
        node_process(redis_url, store, tmp_path) as sleeper,
        on_process(sleeper, store, session_id) as ana,
    ):
        first = await ana.op("draw", mark=ARROW, anchor={"rtp": 1})
        old = (await store.placement(session_id)).node
        assert old is not None
        os.kill(sleeper.child.pid, signal.SIGSTOP)
        async with running_node(redis_url, store.prefix) as node:
            await moved_to(node, session_id, old)
            async with connected(node, session_id, "ANA", "technician", after=first["seq"]) as again:
                await welcomed(again)
                second = await again.op("draw", mark=ARROW, anchor={"rtp": 2})
                await ana.say(type="draw", op_id="late", mark=ARROW, anchor={"rtp": 3})
                os.kill(sleeper.child.pid, signal.SIGCONT)
                assert await ana.closed() in (4503, 1011, 1006)
                third = await again.op("say", text="nothing was lost")
            session = await store.load(session_id)
        assert session.epoch == 2
        assert session.node == node.name
        assert ("ANA", "late") not in session.ops
        assert third["seq"] > second["seq"] > first["seq"]
        assert {first["seq"], second["seq"]} <= set(session.marks)


@pytest.mark.parametrize(
    "redis_url", [pytest.param(EmbeddedRedis, marks=pytest.mark.embedded, id="valkey")], indirect=True
)
async def test_a_killed_node_loses_no_mark(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path
) -> None:
    """After kill -9 the next node sends the client everything, also what it had not seen."""
    async with running_node(redis_url, store.prefix) as node:
        await node.registry.withdraw(node.name)
        node.stopping = True  # it takes no session yet
        async with (
            node_process(redis_url, store, tmp_path) as victim,
            on_process(victim, store, session_id) as ana,
        ):
            marks = [(await ana.op("draw", mark=ARROW, anchor={"rtp": n}))["seq"] for n in range(5)]
            old = (await store.placement(session_id)).node
            assert old is not None
            os.kill(victim.child.pid, signal.SIGKILL)
            await ana.closed()
            node.stopping = False
            await node.registry.renew(node.told())
            await moved_to(node, session_id, old)
            async with connected(node, session_id, "ANA", "technician", after=marks[1]) as again:
                await welcomed(again)
                drawn = [entry["seq"] for entry in again.entries() if entry["kind"] == "drawn"]
                assert drawn == marks[2:]


async def test_any_node_says_where_a_session_lives_and_the_wrong_one_sends_away(
    redis_url: str, store: SessionStore, session_id: str
) -> None:
    """A ticket is answered by every node; a token taken to another node than the session's is turned away."""
    async with (
        running_node(redis_url, store.prefix) as one,
        running_node(redis_url, store.prefix) as two,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        token = await placed_token(one, session_id, "EVA", "expert")
        home = (await store.placement(session_id)).node
        owner, other = (one, two) if home == one.name else (two, one)
        async with connected(other, session_id, "EVA", "expert", token=token) as lost:
            assert await lost.closed() == 4503
            assert lost.messages == [{"type": "moved"}]
        ticket = other.tokens.ticket(session_id, "EVA", "expert")
        path = f"{other.settings.own_url}/v1/sessions/{session_id}/join"
        joined = (await http.post(path, json={"ticket": ticket})).json()
        assert joined["node"] == owner.name
        assert joined["signal_url"].startswith(owner.settings.own_url.replace("http", "ws", 1))
        assert (await http.post(path, json={"ticket": joined["token"]})).status_code == 403


async def test_a_node_that_stops_gives_its_sessions_away(
    redis_url: str, store: SessionStore, session_id: str
) -> None:
    """In order: the lease ends first, then the clients are sent to where they find another node."""
    async with running_node(redis_url, store.prefix) as staying:
        await staying.registry.withdraw(staying.name)
        staying.stopping = True
        async with running_node(redis_url, store.prefix) as leaving:
            async with connected(leaving, session_id, "EVA", "expert") as eva:
                await welcomed(eva)
                said = await eva.op("say", text="before")
                staying.stopping = False
                await staying.registry.renew(staying.told())
                await leaving.drain()
                assert await eva.closed() == 4503
            async with connected(staying, session_id, "EVA", "expert", after=said["seq"]) as again:
                assert (await welcomed(again))["session"]["parties"][0]["party"] == "EVA"


@pytest.mark.parametrize(
    "redis_url", [pytest.param(EmbeddedRedis, marks=pytest.mark.embedded, id="valkey")], indirect=True
)
async def test_a_node_that_is_drained_sends_everybody_on_before_it_ends(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path
) -> None:
    """SIGTERM: nothing new is placed there, its clients are told `moved` and join another; it ends well."""
    async with running_node(redis_url, store.prefix) as staying:
        await staying.registry.withdraw(staying.name)
        staying.stopping = True  # it takes no session yet
        async with (
            node_process(redis_url, store, tmp_path) as leaving,
            on_process(leaving, store, session_id) as ana,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            drawn = await ana.op("draw", mark=ARROW, anchor={"rtp": 1})
            assert (await http.get(f"{leaving.url}/readyz")).status_code == 200
            staying.stopping = False
            await staying.registry.renew(staying.told())
            os.kill(leaving.child.pid, signal.SIGTERM)
            assert await ana.closed() == 4503
            assert ana.messages[-1] == {"type": "moved"}
            assert set(await staying.registry.alive()) == {staying.name}
            async with connected(staying, session_id, "ANA", "technician", after=drawn["seq"]) as again:
                assert drawn["seq"] in (await store.load(session_id)).marks
                await welcomed(again)
            await leaving.child.wait(10.0)
            assert leaving.child.ended == 0


async def test_a_full_node_refuses_the_next_client_and_nobody_else(
    redis_url: str, store: SessionStore, session_id: str
) -> None:
    """At its capacity a node says so; who is there stays."""
    async with (
        running_node(redis_url, store.prefix, relay_capacity=1) as node,
        connected(node, session_id, "EVA", "expert") as eva,
    ):
        await welcomed(eva)
        async with connected(node, session_id, "BEA", "expert") as bea:
            assert await bea.closed() == 4503
            assert bea.messages[0]["reason"] == "full"
        assert (await eva.op("say", text="still here"))["type"] == "done"


async def test_what_a_gateway_adds_is_told_to_the_clients(
    redis_url: str, store: SessionStore, session_id: str, desk: SessionDesk
) -> None:
    """A hand-over or an end by HTTP reaches everybody on the node at once."""
    async with (
        running_node(redis_url, store.prefix) as node,
        connected(node, session_id, "EVA", "expert") as eva,
    ):
        await welcomed(eva)
        await desk.change(session_id, lambda now: lifecycle.join(now, "BEA", "expert"), TEN)
        await desk.change(session_id, lambda now: lifecycle.pass_baton(now, DESK, "BEA", {"BEA"}), TEN)
        passed = await eva.until(
            lambda one: (
                one["type"] == "log"
                and one["entry"].get("party") == "BEA"
                and one["entry"]["kind"] == "baton_passed"
            )
        )
        assert (await eva.op("say", text="hello"))["seq"] > passed["entry"]["seq"]
        await desk.change(session_id, lambda now: lifecycle.end(now, DESK, "escalated", ""), TEN)
        assert await eva.closed() == 1000
