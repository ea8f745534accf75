"""Relay nodes register with a lease; a session goes to the one with the most room."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from services.sessions.keys import leases_key, nodes_key
from services.sessions.store import Ask

LEASE_MS = 2500
RENEW_EVERY_S = 0.5

RENEW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)) do
  redis.call('HDEL', KEYS[2], gone)
  redis.call('ZREM', KEYS[1], gone)
end
return 1
"""
"""KEYS leases, nodes; ARGV node, lease ms, JSON. The server's clock counts: nodes' clocks may differ."""

ALIVE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local found = {}
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  local told = redis.call('HGET', KEYS[2], node)
  if told then found[#found + 1] = told end
end
return found
"""

COUNT_IN = """
local told = redis.call('HGET', KEYS[1], ARGV[1])
if not told then return 0 end
local node = cjson.decode(told)
node['load'] = node['load'] + 1
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(node))
return 1
"""
"""Count a placed session at once, so that a rush does not all go to one node before its next renewal."""


@dataclass(frozen=True, slots=True)
class RelayNode:
    """A registered node: `url` as browsers reach it (may hold `{host}`), `inner_url` as gateways do.

    `load` counts its peers and what was just placed there, `capacity` is the most of them.
    """

    name: str
    url: str
    inner_url: str
    load: int
    capacity: int

    @property
    def has_room(self) -> bool:
        """Whether one more fits."""
        return self.load < self.capacity


class NodeRegistry:
    """The nodes whose lease runs; names are made anew at each start, so that a restarted node is another."""

    def __init__(self, ask: Ask, prefix: str) -> None:
        self._ask = ask
        self._leases, self._nodes = leases_key(prefix), nodes_key(prefix)

    async def renew(self, node: RelayNode, lease_ms: int = LEASE_MS) -> None:
        """Begin or prolong a lease."""
        told = json.dumps(asdict(node))
        await self._ask("EVAL", RENEW, 2, self._leases, self._nodes, node.name, lease_ms, told)

    async def withdraw(self, name: str) -> None:
        """End a lease: a node that stops in order."""
        await self._ask("ZREM", self._leases, name)
        await self._ask("HDEL", self._nodes, name)

    async def alive(self) -> dict[str, RelayNode]:
        """The nodes by name."""
        found = await self._ask("EVAL", ALIVE, 2, self._leases, self._nodes)
        nodes = [RelayNode(**json.loads(told)) for told in found]
        return {node.name: node for node in nodes}

    async def count_in(self, name: str) -> None:
        """A session was placed there."""
        await self._ask("EVAL", COUNT_IN, 1, self._nodes, name)


def roomiest(nodes: dict[str, RelayNode], without: str | None = None) -> RelayNode | None:
    """The node with the smallest share of its capacity in use; None where none has room."""
    open_nodes = [node for node in nodes.values() if node.has_room and node.name != without]
    return min(open_nodes, key=lambda node: (node.load / node.capacity, node.name), default=None)
