"""Nodes, placement, codes and tokens on a real Redis."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.sessions import tokens as session_tokens
from services.sessions.join_codes import CODE_USES, JoinCodes
from services.sessions.nodes import NodeRegistry, RelayNode
from services.sessions.placement import NoNode, place
from services.sessions.store import SessionStore
from services.sessions.tokens import BadPartyToken, PartyTokens, spend
from tests.integration.assist.conftest import SECRET

A = RelayNode("node-a", "http://a:1", "http://a:1", load=3, capacity=10)
B = RelayNode("node-b", "http://b:1", "http://b:1", load=5, capacity=10)


@pytest.fixture
def registry(store: SessionStore) -> NodeRegistry:
    """The register of nodes."""
    return NodeRegistry(store.ask, store.prefix)


async def dead(_node: RelayNode) -> bool:
    """A node that does not answer."""
    return False


async def alive(_node: RelayNode) -> bool:
    """A node that answers."""
    return True


async def test_a_session_goes_to_the_node_with_the_most_room_and_stays(
    store: SessionStore, registry: NodeRegistry, session_id: str
) -> None:
    """Placed once by load; whoever joins later is sent to the same node."""
    for node in (B, A):
        await registry.renew(node)
    assert (await place(store, registry, session_id, None, alive)).name == "node-a"
    assert (await registry.alive())["node-a"].load == 4
    await registry.renew(replace(A, load=9))
    assert (await place(store, registry, session_id, None, alive)).name == "node-a"


async def test_a_node_without_a_lease_loses_its_sessions(
    store: SessionStore, registry: NodeRegistry, session_id: str
) -> None:
    """A dead node's lease runs out, and the next join moves the session under a new epoch."""
    await registry.renew(A, lease_ms=60)
    await registry.renew(B)
    await place(store, registry, session_id, None, alive)
    await asyncio.sleep(0.08)
    assert (await place(store, registry, session_id, None, alive)).name == "node-b"
    placed = await store.placement(session_id)
    assert (placed.node, placed.epoch) == ("node-b", 2)


async def test_a_lost_node_is_left_only_where_it_does_not_answer(
    store: SessionStore, registry: NodeRegistry, session_id: str
) -> None:
    """A client that says a node is gone is checked, not believed: it may be the client's own link."""
    for node in (A, B):
        await registry.renew(node)
    await place(store, registry, session_id, None, alive)
    assert (await place(store, registry, session_id, "node-a", alive)).name == "node-a"
    assert (await place(store, registry, session_id, "node-a", dead)).name == "node-b"
    assert (await place(store, registry, session_id, "node-a", dead)).name == "node-b"


async def test_without_room_nobody_is_sent_anywhere(
    store: SessionStore, registry: NodeRegistry, session_id: str
) -> None:
    """A full node takes no new session, and where all are full or gone that is said."""
    with pytest.raises(NoNode):
        await place(store, registry, session_id, None, alive)
    await registry.renew(replace(A, load=10))
    with pytest.raises(NoNode):
        await place(store, registry, session_id, None, alive)
    await registry.renew(B)
    assert (await place(store, registry, session_id, None, alive)).name == "node-b"
    await registry.withdraw("node-b")
    assert set(await registry.alive()) == {"node-a"}


async def test_a_code_lets_in_a_few_times_and_only_as_what_it_says(store: SessionStore) -> None:
    """Ten uses; any other code opens nothing, and the code itself is not in Redis."""
    codes = JoinCodes(store.ask, store.prefix)
    code = await codes.issue("ses-1", "technician")
    admission = await codes.redeem(code.lower())
    assert admission is not None
    assert (admission.session_id, admission.role) == ("ses-1", "technician")
    assert await codes.redeem("AAAA-AAAA") is None
    for _ in range(CODE_USES - 1):
        assert await codes.redeem(code) is not None
    assert await codes.redeem(code) is None
    assert not [key for key in await store.ask("KEYS", "*") if code.encode() in key]


def test_a_token_that_has_expired_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a connection nor a way back; only its own resource can still be given up with it."""
    monkeypatch.setattr(session_tokens, "TOKEN_TTL_S", -5)
    monkeypatch.setattr(session_tokens, "TICKET_TTL_S", -5)
    tokens = PartyTokens(SECRET)
    token, _ = tokens.token("ses-1", "EVA", "expert")
    with pytest.raises(BadPartyToken, match="ExpiredSignatureError"):
        tokens.read_token(token, "ses-1")
    with pytest.raises(BadPartyToken, match="ExpiredSignatureError"):
        tokens.read_ticket(tokens.ticket("ses-1", "EVA", "expert"), "ses-1")
    assert tokens.read_token(token, "ses-1", expired=True).subject == "EVA"


async def test_a_signalling_token_opens_once_and_only_its_session(store: SessionStore) -> None:
    """Replayed, of another session, or of another kind it opens nothing."""
    tokens = PartyTokens(SECRET)
    token, _ = tokens.token("ses-1", "EVA", "expert")
    party = tokens.read_token(token, "ses-1")
    await spend(store.ask, store.prefix, party)
    with pytest.raises(BadPartyToken, match="used before"):
        await spend(store.ask, store.prefix, party)
    with pytest.raises(BadPartyToken, match="another session"):
        tokens.read_token(token, "ses-2")
    with pytest.raises(BadPartyToken):
        tokens.read_ticket(token, "ses-1")
    with pytest.raises(BadPartyToken):
        PartyTokens("another secret of more than 32 characters").read_token(token, "ses-1")
    assert tokens.read_ticket(tokens.ticket("ses-1", "EVA", "expert"), "ses-1").subject == "EVA"
