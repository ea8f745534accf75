"""Janus as a peer to measure against: its process with one event loop, and its API over a Unix socket."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import socket
from pathlib import Path
from typing import Any

from tests.bench._report import CouldNotMeasure

PLUGINS = "/usr/lib/x86_64-linux-gnu/janus/plugins"
TRANSPORTS = "/usr/lib/x86_64-linux-gnu/janus/transports"
OTHER_PLUGINS = (
    *("audiobridge", "duktape", "echotest", "lua", "nosip", "recordplay"),
    *("sip", "streaming", "textroom", "videocall", "voicemail"),
)
OTHER_TRANSPORTS = ("http", "mqtt", "nanomsg", "rabbitmq", "websockets")
MESSAGE_BYTES = 1 << 18
WITHIN_S = 20.0
FEED_TRIES = 20


def command(folder: Path, address: str) -> list[str]:
    """How Janus is started with VideoRoom alone; raises CouldNotMeasure where it is not installed."""
    janus = shutil.which("janus")
    if janus is None or not Path(PLUGINS).is_dir():
        raise CouldNotMeasure("Janus is not installed (Debian: janus)")
    without_plugins = ",".join(f"libjanus_{name}.so" for name in OTHER_PLUGINS)
    without_transports = ",".join(f"libjanus_{name}.so" for name in OTHER_TRANSPORTS)
    (folder / "janus.jcfg").write_text(
        f'general: {{ configs_folder = "{folder}" plugins_folder = "{PLUGINS}" '
        f'transports_folder = "{TRANSPORTS}" debug_level = 3 event_loops = 1 }}\n'
        f'nat: {{ ice_enforce_list = "{address}" full_trickle = false }}\n'
        f'plugins: {{ disable = "{without_plugins}" }}\n'
        f'transports: {{ disable = "{without_transports}" }}\n'
    )
    (folder / "janus.transport.pfunix.jcfg").write_text(
        f'general: {{ enabled = true json = "compact" path = "{folder}/janus.sock" '
        'type = "SOCK_SEQPACKET" }\n'
        "admin: { admin_enabled = false }\n"
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { string_ids = false }\n")
    return [janus, "-F", str(folder), "-C", str(folder / "janus.jcfg"), "-o"]


class JanusApi:
    """One session of Janus's API, and the rooms made in it."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._path = path
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.session = 0

    async def open(self) -> None:
        """Connect and begin a session."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, self._path)
        self._tasks.append(asyncio.create_task(self._read()))
        self.session = (await self._ask({"janus": "create"}))["data"]["id"]
        self._tasks.append(asyncio.create_task(self._keep_alive()))

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = json.loads(await loop.sock_recv(self._socket, MESSAGE_BYTES))
            waiting = self._answers.get(message.get("transaction", ""))
            if waiting is not None and not waiting.done() and message["janus"] != "ack":
                waiting.set_result(message)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(25)
            await self._ask({"janus": "keepalive"}, answered=False)

    async def _ask(self, message: dict[str, Any], *, answered: bool = True) -> dict[str, Any]:
        transaction = f"t{next(self._numbers)}"
        waiting = self._answers[transaction] = asyncio.get_running_loop().create_future()
        session = {"session_id": self.session} if self.session else {}
        sent = json.dumps({**message, **session, "transaction": transaction}).encode()
        await asyncio.get_running_loop().sock_sendall(self._socket, sent)
        if not answered:
            return {}
        found: dict[str, Any] = await asyncio.wait_for(waiting, WITHIN_S)
        if found["janus"] == "error" or "error" in found.get("plugindata", {}).get("data", {}):
            raise CouldNotMeasure(f"Janus: {found}")
        return found

    async def handle(self) -> int:
        """A new handle of VideoRoom."""
        made = await self._ask({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        return int(made["data"]["id"])

    async def ask(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """One request to VideoRoom; the answer with its JSEP."""
        message: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        return await self._ask(message | ({"jsep": jsep} if jsep else {}))

    async def publish(self, room: int, offer: str) -> tuple[str, int]:
        """Make a room and publish in it: the answer, and the publisher's id."""
        handle = await self.handle()
        terms = {"publishers": 1, "bitrate": 4_000_000, "audiocodec": "opus", "videocodec": "vp8"}
        await self.ask(handle, {"request": "create", "room": room, **terms})
        joined = await self.ask(handle, {"request": "join", "ptype": "publisher", "room": room})
        jsep = {"type": "offer", "sdp": offer}
        answered = await self.ask(handle, {"request": "publish"}, jsep)
        return answered["jsep"]["sdp"], int(joined["plugindata"]["data"]["id"])

    async def subscribe(self, room: int, feed: int) -> tuple[str, int]:
        """Janus's offer to a viewer, and the handle to answer on."""
        handle = await self.handle()
        asked = {"request": "join", "ptype": "subscriber", "room": room, "streams": [{"feed": feed}]}
        for _ in range(FEED_TRIES):
            try:
                joined = await self.ask(handle, asked)
            except CouldNotMeasure:
                await asyncio.sleep(0.2)  # the publisher's DTLS is not complete on Janus's side yet
                continue
            return joined["jsep"]["sdp"], handle
        raise CouldNotMeasure(f"Janus never had the feed of room {room}")

    async def start(self, handle: int, answer: str) -> None:
        """The viewer's answer."""
        await self.ask(handle, {"request": "start"}, {"type": "answer", "sdp": answer})

    def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        self._socket.close()
