"""Real nodes in this process, and assist clients that speak to them over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket as sockets
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import uvicorn
import websockets
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection

from deploy.local.child import Child
from deploy.local.ports import free_port
from schemas.assist_client import MAX_SIGNAL_BYTES
from schemas.assist_log import PartyRole
from services.relay.node.app import create_app
from services.relay.node.keepalive import PING_EVERY_S, PONG_WITHIN_S, PatientWebSocket
from services.relay.node.node import Node
from services.relay.node.settings import RelaySettings
from services.sessions.nodes import NodeRegistry
from services.sessions.placement import answers, place
from services.sessions.store import SessionStore
from services.sessions.tokens import PartyTokens
from tests.integration.assist.conftest import SECRET
from tests.media.bad_link import Side, inside

WITHIN_S = 8.0
MUSTER = Path(sys.executable).with_name("muster")


@asynccontextmanager
async def running_node(redis_url: str, prefix: str, **more: Any) -> AsyncIterator[Node]:
    """A node that serves while it is needed; the broker is away unless `broker` names one.

    With `near` (a Side) it is reached there, in another network namespace; Redis stays where it is.
    """
    near: Side | None = more.pop("near", None)
    pong_within_s: float = more.pop("pong_within_s", PONG_WITHIN_S)
    host = near.address if near else "127.0.0.1"
    settings = RelaySettings(
        **{
            "redis_url": redis_url,
            "topic_prefix": prefix,
            "secret": SecretStr(SECRET),
            "broker": "127.0.0.1:1",
            "relay_host": host,
            "relay_port": free_port(),
            "relay_addresses": host,
            "relay_grace_s": 0.3,
            **more,
        }
    )

    def build(settings: RelaySettings) -> Node:
        with inside(near.namespace) if near else nullcontext():
            return Node(settings)

    app = create_app(settings, build)
    with inside(near.namespace) if near else nullcontext():
        listening = sockets.create_server((host, settings.relay_port))
    config = uvicorn.Config(
        app,
        port=settings.relay_port,
        log_config=None,
        ws=PatientWebSocket,
        ws_max_size=MAX_SIGNAL_BYTES + 1024,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=pong_within_s,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve([listening]))
    try:
        while not server.started:
            assert not serving.done(), serving.exception()
            await asyncio.sleep(0.01)
        node: Node = app.state.node
        await node.registry.renew(node.told(), node.settings.relay_lease_ms)
        yield node
    finally:
        server.should_exit = True
        await serving
        listening.close()


async def placed_token(node: Node, session_id: str, subject: str, role: PartyRole) -> str:
    """A signalling token, with the session placed as a join would do it."""
    await place(node.store, node.registry, session_id, None, answers)
    return node.tokens.token(session_id, subject, role)[0]


class AssistClient:
    """One WebSocket; everything that came is kept in `messages`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.ops = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                self.messages.append(json.loads(text))
        except websockets.ConnectionClosed:
            pass

    async def say(self, **message: Any) -> None:
        """Send one message as it is."""
        await self.socket.send(json.dumps(message))

    async def op(self, kind: str, op_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """An operation, and its `done` or `refused`."""
        self.ops += 1
        name = op_id or f"op{id(self)}.{self.ops}"
        begun = len(self.messages)
        await self.say(type=kind, op_id=name, **fields)
        return await self.until(
            lambda one: one.get("op_id") == name and one["type"] in ("done", "refused"), begun
        )

    async def until(self, holds: Callable[[dict[str, Any]], bool], begun: int = 0) -> dict[str, Any]:
        """The first message after `begun` for which it holds."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = next((one for one in self.messages[begun:] if holds(one)), None)
                if found is not None:
                    return found
                await asyncio.sleep(0.005)

    async def log_until(self, seq: int) -> list[dict[str, Any]]:
        """All entries of the log that came, once the one with this number has."""
        await self.until(lambda one: one["type"] == "log" and one["entry"]["seq"] >= seq)
        return self.entries()

    def entries(self) -> list[dict[str, Any]]:
        """The entries in the order they came."""
        return [one["entry"] for one in self.messages if one["type"] == "log"]

    async def closed(self) -> int:
        """The code with which the node closed."""
        async with asyncio.timeout(WITHIN_S):
            await self.socket.wait_closed()
        await self._reading
        assert self.socket.close_code is not None
        return self.socket.close_code

    async def close(self) -> None:
        """Go without a word."""
        await self.socket.close()
        await self._reading


@asynccontextmanager
async def connected(
    node: Node, session_id: str, subject: str, role: PartyRole, after: int = 0, **hello: Any
) -> AsyncIterator[AssistClient]:
    """A party's connection, welcomed; `token` in `hello` takes that one."""
    token = hello.pop("token", None) or await placed_token(node, session_id, subject, role)
    url = f"{node.settings.own_url}/v1/sessions/{session_id}/signal".replace("http", "ws", 1)
    async with websockets.connect(url, subprotocols=None, max_size=2**24) as socket:
        client = AssistClient(socket)
        await client.say(type="hello", token=token, after=after, **hello)
        try:
            yield client
        finally:
            await client.close()


async def welcomed(client: AssistClient) -> dict[str, Any]:
    """The welcome, once everything missed has come too."""
    welcome = await client.until(lambda one: one["type"] == "welcome")
    await client.until(lambda one: one["type"] == "caught_up")
    return welcome


class OtherNode:
    """A node as a process of its own, which may be killed, stopped and woken."""

    def __init__(self, child: Child, url: str) -> None:
        self.child, self.url = child, url


@asynccontextmanager
async def node_process(
    redis_url: str, store: SessionStore, folder: Path, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[OtherNode]:
    """`muster relay` with a lease in Redis; `more` are further variables of its."""
    port = free_port()
    told = {
        "MUSTER_REDIS_URL": redis_url,
        "MUSTER_TOPIC_PREFIX": store.prefix,
        "MUSTER_SECRET": SECRET,
        "MUSTER_BROKER": "127.0.0.1:1",
        "MUSTER_RELAY_PORT": str(port),
        "MUSTER_RELAY_ADDRESSES": "127.0.0.1",
        **more,
    }
    child = Child([str(MUSTER), "relay"], folder / "relay.log", cwd=folder, env=told)
    registry = NodeRegistry(store.ask, store.prefix)
    try:
        async with asyncio.timeout(60):
            while not await registry.alive():
                assert child.ended is None, (folder / "relay.log").read_text()[-2000:]
                await asyncio.sleep(0.05)
        yield OtherNode(child, f"http://127.0.0.1:{port}")
    finally:
        if child.ended is None:
            os.kill(child.pid, signal.SIGCONT)
            await child.stop()


@asynccontextmanager
async def on_process(other: OtherNode, store: SessionStore, session_id: str) -> AsyncIterator[AssistClient]:
    """The technician on the other process."""
    await place(store, NodeRegistry(store.ask, store.prefix), session_id, None, answers)
    token = PartyTokens(SECRET).token(session_id, "ANA", "technician")[0]
    url = f"{other.url}/v1/sessions/{session_id}/signal".replace("http", "ws", 1)
    async with websockets.connect(url) as socket:
        client = AssistClient(socket)
        await client.say(type="hello", token=token)
        await welcomed(client)
        yield client
