"""A room with clients on this machine, on the short path or the passthrough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from services.relay.endpoint import Endpoint
from services.relay.room import Room
from tests.media.client import MediaClient, Seen, vp8_payload
from tests.media.heard import Heard

WITHIN_S = 5.0


class Scene:
    """One room and its clients."""

    def __init__(self, *, short_path: bool) -> None:
        self.endpoint = Endpoint(short_path=short_path)
        self.heard = Heard()
        self.room = Room("session", self.endpoint, self.heard)
        self.clients: list[MediaClient] = []

    async def join(
        self, name: str, *lines: tuple[str, str], publish: bool = True, view: bool = True
    ) -> MediaClient:
        """A client with these (kind, direction) m-lines, connected."""
        client = MediaClient()
        self.clients.append(client)
        for kind, direction in lines:
            client.add(kind, direction)
        answer = await self.room.accept_offer(name, await client.offer(), publish=publish, view=view)
        await client.accept(answer)
        await until(lambda: name in self.heard.connects)
        return client

    async def publisher(self, name: str = "technician") -> MediaClient:
        """A client that sends sound and picture."""
        return await self.join(name, ("audio", "sendonly"), ("video", "sendonly"))

    async def viewer(self, name: str = "expert", places: int = 1) -> MediaClient:
        """A client that is sent to in so many places."""
        return await self.join(name, *[("audio", "recvonly"), ("video", "recvonly")] * places)


@asynccontextmanager
async def scene(*, short_path: bool = True) -> AsyncIterator[Scene]:
    """A room, closed with everybody in it at the end."""
    made = Scene(short_path=short_path)
    made.endpoint.start()
    try:
        yield made
    finally:
        await made.room.close()
        await asyncio.gather(*(client.close() for client in made.clients))
        made.endpoint.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fails after WITHIN_S."""
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def show(
    client: MediaClient, frame: int, *, key: bool = False, packets: int = 2, skip: tuple[int, ...] = ()
) -> None:
    """Send a frame of VP8; `skip` are the packets of it that get lost on the way."""
    for number in range(packets):
        payload = vp8_payload(300, start=number == 0, key=key, picture=frame)
        marker = int(number == packets - 1)
        if number in skip:
            sending = client.senders["video"][0]
            sending.sequence = (sending.sequence + 1) & 0xFFFF
        else:
            client.send("video", payload, 3000 * frame, marker)


def pictures(client: MediaClient) -> list[Seen]:
    """The packets of video that came, in order of arrival, VP8 alone."""
    return [seen for seen in map(Seen, client.packets) if len(seen.payload) > 250]
