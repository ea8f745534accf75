"""A session on a real node whose technician and expert sit beyond a bad link, and what still works there.

The node serves in one network namespace, in the caller's loop, which also carries the links. Both clients
live in the other namespace, in a thread and a loop of their own, each behind a link of its own.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import httpx
import redis.asyncio as redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from schemas.assist_log import PartyRole
from services.assist import lifecycle
from services.assist.chain import Signer
from services.assist.drafts import Actor
from services.assist.session import Session
from services.relay.udp_port import UdpPort
from services.sessions.desk import SessionDesk
from services.sessions.store import SessionStore
from tests.integration.assist.conftest import SECRET
from tests.integration.assist.stage import placed_token, running_node
from tests.media.bad_link import Terms, bad_link, inside
from tests.media.client import MediaClient
from tests.media.viewer import Camera

WITHIN_S = 60.0
VIDEO_BPS, KEY_FRAME_BYTES = 150_000, 4_000
FILMED = {"video", "one_fps"}
SMALLEST_JPEG = base64.b64decode("/9j/4AAQSkZJRgABAQEASABIAAD/wAALCAABAAEBAREA/9k=")
STILL_BYTES = 8_000
JOINS = 5
ARROW = {"tool": "arrow", "points": [[0, 0], [100, 200]], "color": "red", "width": 4}


class FarClient:
    """A page's connections: WebSocket, media, the data channel `ops`. It obeys the ladder as a page does."""

    def __init__(self, url: str, party: str, address: str, *, films: bool) -> None:
        self._url, self._party, self._address = url, party, address
        self._port = UdpPort([address])
        self._media = MediaClient(self._port)
        self._media.add("video", "sendonly" if films else "recvonly")
        self._ops = self._media.pc.createDataChannel("ops")
        self._ops.on("message", self._hear)
        self.heard: list[dict[str, Any]] = []
        self.level = "video"
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self, token: str) -> Self:
        """Say hello, connect the media, go on over `ops`."""
        self._socket = await connect(
            self._url.replace("http", "ws", 1) + "/signal",
            open_timeout=WITHIN_S,
            ping_interval=None,
            local_addr=(self._address, 0),
        )
        self._tasks.append(asyncio.create_task(self._read(self._socket)))
        await self._signal(type="hello", token=token, after=0)
        await self.until(lambda one: one["type"] == "caught_up")
        self._port.start()
        await self._signal(type="offer", sdp=await self._media.offer())
        await self._media.accept((await self.until(lambda one: one["type"] == "answer"))["sdp"])
        async with asyncio.timeout(WITHIN_S):
            while self._ops.readyState != "open":
                if any(one["type"] == "media_lost" for one in self.heard):
                    raise ConnectionError("the media was lost")
                await asyncio.sleep(0.01)
        self.say(type="resume", after=0)
        return self

    async def leave(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()
        await self._media.close()
        self._port.close()
        if self._socket is not None:
            await self._socket.close()

    async def film(self) -> None:
        """Film until the ladder says that the link bears no video."""
        camera = asyncio.create_task(Camera(self._media, VIDEO_BPS, KEY_FRAME_BYTES).run())
        try:
            async with asyncio.timeout(WITHIN_S):
                while self.level in FILMED:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        finally:
            camera.cancel()

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in socket:
                self._hear(text)

    def _hear(self, text: str | bytes) -> None:
        message = json.loads(text)
        self.heard.append(message)
        for party in message.get("parties", ()):
            if party["party"] == self._party:
                self.level = party["level"]

    async def until(self, holds: Callable[[dict[str, Any]], bool], begun: int = 0) -> dict[str, Any]:
        """The first message after `begun` for which it holds; ConnectionError where the WebSocket ends."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = next((one for one in self.heard[begun:] if holds(one)), None)
                if found is not None:
                    return found
                if self._tasks and self._tasks[0].done():
                    raise ConnectionError("the WebSocket was closed")
                await asyncio.sleep(0.005)

    async def logged(self, op_id: str) -> None:
        """Wait for the log entry of an operation."""
        await self.until(lambda one: one["type"] == "log" and one["entry"].get("op_id") == op_id)

    async def _signal(self, **message: Any) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    def say(self, **message: Any) -> None:
        """Over `ops`."""
        self._ops.send(json.dumps(message))

    def http(self) -> httpx.AsyncClient:
        """What stills are fetched and uploaded with."""
        ticket = next(one for one in self.heard if one["type"] == "welcome")["ticket"]
        return httpx.AsyncClient(
            # without TLS: loading the system's certificates would hold both clients up for a second
            transport=httpx.AsyncHTTPTransport(verify=False, local_address=self._address),
            headers={"Authorization": f"Bearer {ticket}"},
            timeout=WITHIN_S,
            trust_env=False,
        )


@dataclass
class Worked:
    """How long each thing took from one end to the other, in seconds."""

    marks_s: list[float] = field(default_factory=list)
    texts_s: list[float] = field(default_factory=list)
    stills_s: list[float] = field(default_factory=list)


async def _help(technician: FarClient, expert: FarClient, url: str, rounds: int) -> Worked:
    """Once the link has shown that it bears no video: marks to the technician, words and stills back."""
    await technician.film()
    worked, clock = Worked(), asyncio.get_running_loop().time
    async with technician.http() as puts, expert.http() as gets:
        for number in range(rounds):
            begun = clock()
            expert.say(type="draw", op_id=f"mark{number}", mark=ARROW, anchor={"rtp": 1})
            await technician.logged(f"mark{number}")
            worked.marks_s.append(clock() - begun)
            begun = clock()
            technician.say(type="say", op_id=f"text{number}", text="the left one is warm")
            await expert.logged(f"text{number}")
            worked.texts_s.append(clock() - begun)
            begun = clock()
            await _show_still(puts, (expert, gets), url, number)
            worked.stills_s.append(clock() - begun)
    return worked


async def _show_still(
    puts: httpx.AsyncClient,
    there: tuple[FarClient, httpx.AsyncClient],
    url: str,
    number: int,
) -> None:
    expert, gets = there
    picture = SMALLEST_JPEG + number.to_bytes(2) + bytes(STILL_BYTES)
    told = len(expert.heard)
    media_type = {"Content-Type": "image/jpeg"}
    put = await puts.put(f"{url}/stills/ladder", content=picture, headers=media_type)
    assert put.status_code == 204, put.text
    still = await expert.until(lambda one: one["type"] == "still", told)
    assert (await gets.get(url.partition("/v1/")[0] + still["path"])).content == picture


async def _open_session(redis_url: str, prefix: str) -> str:
    async with redis.Redis.from_url(redis_url) as client:
        desk = SessionDesk(SessionStore(client.execute_command, prefix), Signer(SECRET))
        opened, now = Session("ses-1", "INC-1", "R1"), datetime.now(UTC)
        dispatcher = Actor("DESK", "dispatcher")
        await desk.open(opened, lambda _: lifecycle.open_session(dispatcher, "ANA"), now, now)
        return opened.session_id


async def far_help(redis_url: str, prefix: str, terms: Terms, seed: int, rounds: int) -> Worked:
    """Open a session beyond the link, let the ladder go down, and help `rounds` times."""
    async with (
        bad_link(terms, terms, seed) as (near, far, _),
        running_node(redis_url, prefix, near=near, pong_within_s=WITHIN_S) as node,
    ):
        session_id = await _open_session(redis_url, prefix)
        await placed_token(node, session_id, "ANA", "technician")
        url = f"{node.settings.own_url}/v1/sessions/{session_id}"

        async def joined(party: str, role: PartyRole) -> FarClient:
            """As a page does: a connection that is lost while it is made is made again."""
            films = role == "technician"
            for _ in range(JOINS):
                client = FarClient(url, party, far.address if films else far.second, films=films)
                try:
                    return await client.join(node.tokens.token(session_id, party, role)[0])
                except (OSError, TimeoutError, ConnectionClosed):
                    await client.leave()
            raise ConnectionError(f"{party} did not get in {JOINS} times")

        async def beyond() -> Worked:
            technician = await joined("ANA", "technician")
            expert = await joined("EVA", "expert")
            try:
                return await _help(technician, expert, url, rounds)
            finally:
                await technician.leave()
                await expert.leave()

        return await asyncio.to_thread(_inside_run, far.namespace, beyond)


def _inside_run(namespace: str, work: Callable[[], Awaitable[Worked]]) -> Worked:
    """In a loop of this thread's own, with every socket in the namespace."""

    async def run() -> Worked:
        return await work()

    with inside(namespace):
        return asyncio.run(run())
