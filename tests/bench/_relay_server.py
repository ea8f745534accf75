"""The servers that the bench of the relay measures, one a process: ours, and aiortc's own MediaRelay.

Asked over a Unix socket, a JSON object a line: {"room", "peer", "offer", "publish"} is answered by
{"answer"}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Protocol

import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from services.assist.ladder import Level
from services.relay.endpoint import Endpoint
from services.relay.room import Room


class Server(Protocol):
    """Answers offers."""

    async def answer(self, room: str, peer: str, offer: str, *, publish: bool) -> str:
        """The answer for a new peer."""


class Silent:
    """A session that hears and does nothing."""

    def connected(self, peer_id: str) -> None:
        """Nothing."""

    def published(self, peer_id: str, kind: str) -> None:
        """Nothing."""

    def channel_opened(self, peer_id: str, channel: Any) -> None:
        """Nothing."""

    def lost(self, peer_id: str, reason: str) -> None:
        """Say it: the bench should lose nobody."""
        print(f"lost {peer_id}: {reason}", file=sys.stderr, flush=True)

    def level_changed(self, peer_id: str, direction: str, level: Level, reason: str) -> None:
        """Say it: the bench's links carry everything."""
        print(f"{peer_id} {direction} {level.words}: {reason}", file=sys.stderr, flush=True)

    def not_shown(self, peer_id: str, publisher: str, reason: str) -> None:
        """Say it."""
        print(f"{peer_id} does not see {publisher}: {reason}", file=sys.stderr, flush=True)


class Ours:
    """The relay; `short_path` False takes the passthrough."""

    def __init__(self, address: str, *, short_path: bool) -> None:
        self.endpoint = Endpoint([address], short_path=short_path)
        self.endpoint.start()
        self.rooms: dict[str, Room] = {}

    async def answer(self, room: str, peer: str, offer: str, *, publish: bool) -> str:
        """The answer for a new peer."""
        if room not in self.rooms:
            self.rooms[room] = Room(room, self.endpoint, Silent())
        return await self.rooms[room].accept_offer(peer, offer, publish=publish, view=not publish)


class Stock:
    """aiortc as it comes: each track decoded once, and encoded for each viewer."""

    def __init__(self) -> None:
        self.relay = MediaRelay()
        self.tracks: dict[str, list[Any]] = {}
        self.peers: list[RTCPeerConnection] = []

    async def answer(self, room: str, peer: str, offer: str, *, publish: bool) -> str:
        """The answer for a new peer."""
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peers.append(pc)
        tracks = self.tracks.setdefault(room, [])
        if publish:
            pc.on("track", tracks.append)
        else:
            for track in tracks:
                pc.addTrack(self.relay.subscribe(track))
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        return str(pc.localDescription.sdp)


async def serve(kind: str, address: str, path: str) -> None:
    """Answer until the process is ended."""
    server: Server = Stock() if kind == "stock" else Ours(address, short_path=kind == "relay")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            asked = json.loads(line)
            sdp = await server.answer(asked["room"], asked["peer"], asked["offer"], publish=asked["publish"])
            writer.write(json.dumps({"answer": sdp}).encode() + b"\n")

    async with await asyncio.start_unix_server(answer, path, limit=1 << 20) as listening:
        await listening.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
