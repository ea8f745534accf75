"""Sessions opened and closed, and sessions that stay: memory flat, no task and no socket left."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
from pathlib import Path

from services.relay.endpoint import Endpoint
from services.relay.room import Room
from services.relay.udp_port import UdpPort
from tests.bench._report import Report, Steps, run
from tests.media.client import MediaClient
from tests.media.heard import Heard
from tests.media.viewer import Camera

GROWTH_MB = 8.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def memory_mb() -> float:
    """What this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 1e6


def descriptors() -> int:
    """Files and sockets that this process has open."""
    return len(os.listdir("/proc/self/fd"))


class Session:
    """A room with a publisher and a viewer, each with a socket of its own."""

    def __init__(self, name: str, endpoint: Endpoint) -> None:
        self.room = Room(name, endpoint, Heard())
        self.ports = [UdpPort([endpoint.port.announced[0]]) for _ in range(2)] if endpoint.port else []
        self.clients = [MediaClient(port) for port in self.ports]
        self.camera: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect both and film."""
        for port, client, direction in zip(self.ports, self.clients, ("sendonly", "recvonly"), strict=True):
            port.start()
            client.add("audio", direction)
            client.add("video", direction)
            client.pc.createDataChannel("marks")
            client.decrypts = direction == "sendonly"
            offer = await client.offer()
            await client.accept(await self.room.accept_offer(direction, offer, publish=True, view=True))
        self.camera = asyncio.create_task(Camera(self.clients[0], 1_000_000, 20_000).run())

    async def close(self) -> None:
        """End it."""
        if self.camera is not None:
            self.camera.cancel()
        await self.room.close()
        await asyncio.gather(*(client.close() for client in self.clients))
        for port in self.ports:
            port.close()


async def _measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    report = Report("relay-soak")
    endpoint = Endpoint()
    endpoint.start()
    before, at_first = descriptors(), 0.0
    warm = min(arguments.sessions, max(20, arguments.sessions // 5))
    with steps.stage("sessions", arguments.sessions) as advance:
        for number in range(arguments.sessions):
            session = Session(f"s{number}", endpoint)
            await session.open()
            await asyncio.sleep(0.05)
            await session.close()
            if number + 1 == warm:
                at_first = memory_mb()
            advance(1)
    await asyncio.sleep(0.5)
    report.add(
        f"memory from session {warm} to {arguments.sessions}", memory_mb() - at_first, "MB", bound=GROWTH_MB
    )
    report.add("tasks left", len(asyncio.all_tasks()) - 1, "tasks", bound=0)
    report.add("sockets left", descriptors() - before, "descriptors", bound=0)
    report.add("peers left", endpoint.peers, "peers", bound=0)
    await _stay(arguments, endpoint, report, steps)
    endpoint.close()
    return report


async def _stay(arguments: argparse.Namespace, endpoint: Endpoint, report: Report, steps: Steps) -> None:
    """Let sessions live and see whether memory grows after the first tenth of the time."""
    before = descriptors()
    sessions = [Session(f"live{number}", endpoint) for number in range(arguments.live)]
    for session in sessions:
        await session.open()
    at_first, seconds = 0.0, max(10, int(arguments.minutes * 60))
    with steps.stage(f"{arguments.live} live sessions", seconds) as advance:
        for second in range(seconds):
            await asyncio.sleep(1)
            if second == max(5, seconds // 10):
                at_first = memory_mb()
            advance(1)
    grown = memory_mb() - at_first
    seen = min(session.clients[1].counted for session in sessions)
    for session in sessions:
        await session.close()
    await asyncio.sleep(0.5)
    report.add(f"memory over {seconds} s of {arguments.live} sessions", grown, "MB", bound=GROWTH_MB)
    report.add("packets that the worst viewer got", seen / seconds, "/s", bound=60, sense="at least")
    report.add("tasks left after them", len(asyncio.all_tasks()) - 1, "tasks", bound=0)
    report.add("sockets left after them", descriptors() - before, "descriptors", bound=0)


def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Both parts, one after the other."""
    return asyncio.run(_measured(arguments, steps))


def main(argv: list[str]) -> int:
    """`muster bench relay-soak`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=500, help="opened and closed one after the other")
    parser.add_argument("--live", type=int, default=10, help="sessions that stay")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long they stay")
    return run("relay-soak", parser, measured, argv)
