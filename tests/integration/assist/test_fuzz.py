"""Whatever a client sends, the node answers or closes it, and the session goes on for the others."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from deploy.local import EmbeddedRedis
from services.assist.chain import Signer
from services.assist.evidence import chain_lines, verify_chain
from services.relay.node.buckets import Strikes
from services.relay.node.hearing import Hearing
from services.relay.node.node import Node
from tests.integration.assist.conftest import SECRET
from tests.integration.assist.stage import connected, running_node, welcomed

MESSAGES = 600
ARROW = {"tool": "arrow", "points": [[0, 0], [100, 200]]}
GOOD: list[dict[str, Any]] = [
    {"type": "draw", "op_id": "a", "mark": ARROW, "anchor": {"rtp": 1}},
    {"type": "erase", "op_id": "b", "mark_seq": 4},
    {"type": "clear", "op_id": "c"},
    {"type": "say", "op_id": "d", "text": "words"},
    {"type": "freeze", "op_id": "e"},
    {"type": "unfreeze", "op_id": "f"},
    {"type": "start_guide", "op_id": "g", "title": "t", "steps": ["one", "two"]},
    {"type": "tick", "op_id": "h", "step": 1},
    {"type": "end_guide", "op_id": "i"},
    {"type": "pass_baton", "op_id": "j", "to": "ANA"},
    {"type": "ask_consent", "op_id": "k"},
    {"type": "give_consent", "op_id": "l"},
    {"type": "withdraw_consent", "op_id": "m"},
    {"type": "resume", "after": 0},
    {"type": "ping", "t": 1},
    {"type": "point", "x": 1, "y": 2},
    {"type": "watch", "place": 0, "party": "ANA"},
    {"type": "offer", "sdp": "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"},
    {"type": "candidate", "candidate": ""},
    {"type": "hello", "token": "x"},
]
STRANGE: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    "\u0000",
    "x" * 300,
    [],
    {},
    [[]] * 50,
    {"a": {"b": []}},
    "é☃",
]


def altered(chance: Random) -> str | bytes:
    """A message that is good, or has a field exchanged, dropped or added, or its bytes damaged."""
    message = json.loads(json.dumps(chance.choice(GOOD)))
    if "op_id" in message:
        message["op_id"] = f"op{chance.randrange(10**9)}"
    for _ in range(chance.randrange(3)):
        field = chance.choice([*message, "another"])
        if chance.random() < 0.3:
            message.pop(field, None)
        else:
            message[field] = chance.choice(STRANGE)
    text = json.dumps(message, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.2:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(["", "}", "[" * 2000, "\udcff", "\x00"]) + text[at + 1 :]
    return text.encode("utf-8", "replace") if chance.random() < 0.05 else text


@pytest.fixture
async def node(redis_url: str, topic_prefix: str) -> AsyncIterator[Node]:
    """A running node."""
    async with running_node(redis_url, topic_prefix) as running:
        yield running


@pytest.mark.parametrize(
    "redis_url", [pytest.param(EmbeddedRedis, marks=pytest.mark.embedded, id="valkey")], indirect=True
)
async def test_nothing_that_a_client_sends_breaks_the_session(node: Node, session_id: str) -> None:
    """Six hundred good, odd and damaged messages: no exception, the log's chain holds, the others work on."""
    chance = Random(20261126)
    async with (
        connected(node, session_id, "ANA", "technician") as ana,
        connected(node, session_id, "EVA", "expert") as eva,
    ):
        await welcomed(ana)
        await welcomed(eva)
        live = node.live[session_id]
        client = live.clients["EVA"]
        hearing = Hearing(live, node.media[session_id], client)
        for _ in range(MESSAGES):
            client.strikes = Strikes()
            for bucket in (client.ops, client.points, client.heavy):
                bucket.tokens = 60.0
            await hearing.hear(altered(chance))
        assert client.closing is None
        assert (await ana.op("say", text="I am not hurt"))["type"] == "done"
        entries = await node.store.entries_after(session_id, 0)
        signer = Signer(SECRET)
        assert verify_chain(chain_lines(entries, signer), signer).entries == live.session.seq > 50
        assert live.session.holds_technician() == "ANA"
