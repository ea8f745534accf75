"""A bad link between two network namespaces, by seed, for a kernel without netem.

Each side has a TUN device; what one side sends is dropped with a chance, delayed, and let through at a rate
from a bounded queue, and then written to the other's device. Sockets of one process can live on both sides:
`inside` enters a namespace while they are made.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import random
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
PACKET_BYTES = 2048
QUEUE_S = 0.3
SECOND = "10.78.0.3"


@dataclass(frozen=True)
class Terms:
    """One direction: chance of loss 0..1, delay one way in seconds, rate in bits per second (None: free)."""

    loss: float = 0.0
    delay_s: float = 0.0
    rate_bps: int | None = None


@dataclass
class Direction:
    """Packets from one device to the other. `swallow` drops what it is true for, whatever the chance says."""

    terms: Terms
    chance: random.Random
    passed: int = 0
    dropped: int = 0
    swallow: Callable[[bytes], bool] = lambda _: False
    closed: bool = False
    _free_at: float = 0.0

    def goes_at(self, packet: bytes, now: float) -> float | None:
        """When a packet that comes now leaves the link; None where it is lost or the queue is full."""
        octets = len(packet)
        if self.chance.random() < self.terms.loss or self.swallow(packet):
            self.dropped += 1
            return None
        begin = max(now, self._free_at)
        if self.terms.rate_bps is not None:
            if begin - now > QUEUE_S:
                self.dropped += 1
                return None
            self._free_at = begin = begin + octets * 8 / self.terms.rate_bps
        self.passed += 1
        return begin + self.terms.delay_s


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Sockets and devices made in this block are the namespace's. Needs root; this thread alone enters."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(other, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"can not enter the namespace {namespace}")
        yield
    finally:
        libc.setns(own, CLONE_NEWNET)
        os.close(own)
        os.close(other)


def tun_in(namespace: str, name: str) -> int:
    """A TUN device in a namespace; returns its file descriptor, non-blocking."""
    with inside(namespace):
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


Choose = Callable[[bytes], Direction]


def carry(source: int, target: int, choose: Choose) -> None:
    """Let what is readable on one device pass to the other, in the running loop."""
    loop = asyncio.get_running_loop()

    def write(packet: bytes) -> None:
        direction = choose(packet)
        if direction.closed:
            return  # the device's number may be another file's by now
        try:
            os.write(target, packet)
        except OSError:
            direction.dropped += 1

    def read() -> None:
        for _ in range(64):
            try:
                packet = os.read(source, PACKET_BYTES)
            except BlockingIOError:
                return
            at = choose(packet).goes_at(packet, loop.time())
            if at is not None:
                loop.call_at(at, write, packet)

    loop.add_reader(source, read)


@dataclass(frozen=True)
class Side:
    """One end: its namespace and its address; `second` has a link of its own with the same terms."""

    namespace: str
    address: str
    second: str = ""


@asynccontextmanager
async def bad_link(there: Terms, back: Terms, seed: int) -> AsyncIterator[tuple[Side, Side, list[Direction]]]:
    """Two namespaces joined by a bad link while the block lasts, carried by the running loop."""
    names = [f"muster-bad-{end}-{os.getpid()}" for end in (1, 2)]
    sides = [Side(names[0], "10.78.0.1"), Side(names[1], "10.78.0.2", SECOND)]
    devices: list[int] = []
    directions: list[Direction] = []
    others: list[Direction] = []
    try:
        for side in sides:
            _run("ip", "netns", "add", side.namespace)
            devices.append(tun_in(side.namespace, "bad0"))
            peer = next(other.address for other in sides if other is not side)
            within = ("ip", "-n", side.namespace)
            _run(*within, "addr", "add", side.address, "peer", peer, "dev", "bad0")
            _run(*within, "link", "set", "bad0", "up", "mtu", "1400")
            _run(*within, "link", "set", "lo", "up")
        _run("ip", "-n", names[1], "addr", "add", SECOND, "dev", "bad0")
        _run("ip", "-n", names[0], "route", "add", SECOND, "dev", "bad0")
        directions = [Direction(there, random.Random(seed)), Direction(back, random.Random(seed + 1))]
        others = [Direction(there, random.Random(seed + 2)), Direction(back, random.Random(seed + 3))]
        second = socket.inet_aton(SECOND)
        carry(devices[0], devices[1], lambda ip: (others if ip[16:20] == second else directions)[0])
        carry(devices[1], devices[0], lambda ip: (others if ip[12:16] == second else directions)[1])
        yield sides[0], sides[1], directions
    finally:
        for direction in (*directions, *others):
            direction.closed = True
        for device in devices:
            asyncio.get_running_loop().remove_reader(device)
            os.close(device)
        for side in sides:
            _run("ip", "netns", "del", side.namespace, check=False)


def _run(*command: str, check: bool = True) -> None:
    subprocess.run(command, capture_output=True, check=check)


def missing() -> str:
    """Why there can be no bad link on this machine; empty where there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is not there"
    return "" if any(Path(folder, "ip").exists() for folder in ("/sbin", "/usr/sbin", "/bin")) else "no ip"
