"""Where a session lives: with its node while that one is there, else with the node that has the most room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from services.sessions.nodes import NodeRegistry, RelayNode, roomiest
from services.sessions.store import SessionStore

TRIES = 4
PROBE_WITHIN_S = 0.4

Probe = Callable[[RelayNode], Awaitable[bool]]


class NoNode(Exception):
    """No relay node has room for one more session."""


async def place(
    store: SessionStore, registry: NodeRegistry, session_id: str, lost_node: str | None, probe: Probe
) -> RelayNode:
    """The session's node, chosen anew where its lease has ended, or where it is lost and does not answer.

    Raises NoNode, UnknownSession. The new node's epoch fences the old one off, however late that wakes.
    """
    for _ in range(TRIES):
        placed = await store.placement(session_id)
        nodes = await registry.alive()
        owner = nodes.get(placed.node or "")
        if owner is not None and (placed.node != lost_node or await probe(owner)):
            return owner
        chosen = roomiest(nodes, without=placed.node)
        if chosen is None:
            break
        if await store.claim(session_id, placed.epoch, chosen.name) is not None:
            await registry.count_in(chosen.name)
            return chosen
    raise NoNode("No relay node has room now; try again in a moment.")


async def answers(node: RelayNode) -> bool:
    """Whether the node itself answers under its name: another process may have taken its address."""
    try:
        async with httpx.AsyncClient(verify=False, timeout=PROBE_WITHIN_S, trust_env=False) as client:
            answer = await client.get(f"{node.inner_url}/healthz")
            return answer.status_code == 200 and answer.json().get("node") == node.name
    except (httpx.HTTPError, ValueError):
        return False
