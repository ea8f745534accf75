"""A technician and an expert, each beyond a bad link of their own, and the relay on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.relay.endpoint import Endpoint
from services.relay.room import Room
from services.relay.udp_port import UdpPort
from tests.media.bad_link import Direction, Terms, bad_link, inside
from tests.media.client import MediaClient
from tests.media.heard import Heard
from tests.media.viewer import Camera, Screen

HEADERS_BYTES = 28


@dataclass
class Remote:
    """Both clients, what the room told, and the link towards the relay."""

    camera: Camera
    screen: Screen
    heard: Heard
    up: Direction

    def swallow_next(self, ahead: int) -> None:
        """From now on the packet `ahead` of the camera's next one never arrives, however often it is sent."""
        number = (self.camera.client.senders["video"][0].sequence + ahead & 0xFFFF).to_bytes(2)
        at = HEADERS_BYTES
        self.up.swallow = lambda packet: packet[at] >> 6 == 2 and packet[at + 2 : at + 4] == number


@asynccontextmanager
async def remote(terms: Terms, seed: int, bps: int, key_frame_bytes: int) -> AsyncIterator[Remote]:
    """Both connected over a link with these terms both ways, the camera filming."""
    async with bad_link(terms, terms, seed) as (relay_side, client_side, (_, up)):
        with inside(relay_side.namespace):
            endpoint = Endpoint([relay_side.address])
        with inside(client_side.namespace):
            ports = [UdpPort([address]) for address in (client_side.address, client_side.second)]
        endpoint.start()
        for port in ports:
            port.start()
        heard = Heard()
        room = Room("session", endpoint, heard)
        technician, screen = MediaClient(ports[0]), Screen(ports[1])
        technician.add("video", "sendonly")
        for name, client in (("technician", technician), ("expert", screen.client)):
            await client.accept(await room.accept_offer(name, await client.offer(), publish=True, view=True))
        camera = Camera(technician, bps, key_frame_bytes)
        tasks = [asyncio.create_task(camera.run()), asyncio.create_task(screen.report())]
        try:
            yield Remote(camera, screen, heard, up)
        finally:
            for task in tasks:
                task.cancel()
            screen.ticker.close()
            await asyncio.gather(technician.close(), screen.client.close(), room.close())
            for port in ports:
                port.close()
            endpoint.close()
