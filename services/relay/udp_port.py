"""One UDP port for every peer of the node: datagrams are read in batches and handed on where they arrive.

A firewall needs one open port, and a burst of datagrams costs one turn of the event loop, not one each. Who
sent a datagram is known by its address; an unknown address must first pass an ICE check with the right user
name and password (RFC 8445 section 7.3).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, cast

from aioice import Candidate
from aioice.candidate import candidate_foundation, candidate_priority

from services.relay.aiortc_compat import PortConnection, PortProtocol
from services.relay.wire import Staging

BATCH = 48
SOCKET_BUFFER_BYTES = 4 << 20
ADDRESSES_PER_PEER = 16
RTP_FIRST, RTP_LAST = 128, 191
STUN_LAST = 3
USERNAME = 0x0006

Address = tuple[str, int]


class PortBusy(RuntimeError):
    """The node's UDP port could not be bound."""


class _Facade:
    """What aioice asks of a transport, for one connection on a shared socket."""

    def __init__(self, port: UdpPort, sock: socket.socket, protocol: PortProtocol) -> None:
        self._port, self._sock, self._protocol = port, sock, protocol

    def sendto(self, datagram: bytes, address: Address) -> None:
        self._port.expect(address, self._protocol)
        self._port.send(self._sock, datagram, address)

    def close(self) -> None:
        self._port.detach(self._protocol)
        self._protocol.connection_lost(None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._sock.getsockname() if name == "sockname" else default


class UdpPort:
    """Sockets on one port, one for each local address; `announce` names the public ones behind a NAT."""

    def __init__(self, addresses: list[str], port: int = 0, announce: list[str] | None = None) -> None:
        self.announced = announce or addresses
        if len(self.announced) != len(addresses):
            raise ValueError(f"{len(addresses)} addresses are bound, {len(self.announced)} are announced")
        self._sockets: list[socket.socket] = []
        self._by_address: dict[Address, PortProtocol] = {}
        self._by_user: dict[str, list[PortProtocol]] = {}
        self._addresses: dict[PortProtocol, list[Address]] = {}
        self.dropped = 0
        self.staging, self.sending = Staging(), Staging()
        self._open(addresses, port)

    def _open(self, addresses: list[str], port: int) -> None:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._sockets.append(sock)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
            try:
                sock.bind((address, port))
            except OSError as error:
                self.close()
                raise PortBusy(f"UDP {address} port {port} can not be bound: {error.strerror}") from error
            port = port or sock.getsockname()[1]
        self.port = port

    def start(self) -> None:
        """Read from now on, in the running loop."""
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            loop.add_reader(sock.fileno(), self._read, sock)

    def close(self) -> None:
        """Stop reading and close the sockets."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        for sock in self._sockets:
            if loop is not None and sock.fileno() >= 0:
                loop.remove_reader(sock.fileno())
            sock.close()

    @property
    def peers(self) -> int:
        """Connections attached now."""
        return len(self._by_user)

    @property
    def addresses(self) -> int:
        """Client addresses known now."""
        return len(self._by_address)

    def attach(self, agent: PortConnection) -> list[PortProtocol]:
        """One protocol for each socket, with its host candidate."""
        made = []
        for sock, announced in zip(self._sockets, self.announced, strict=True):
            protocol = PortProtocol(agent)
            protocol.connection_made(cast("asyncio.BaseTransport", _Facade(self, sock, protocol)))
            protocol.sock = sock
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", announced),
                component=1,
                transport="udp",
                priority=candidate_priority(1, "host"),
                host=announced,
                port=self.port,
                type="host",
            )
            self._by_user.setdefault(agent.local_username, []).append(protocol)
            self._addresses[protocol] = []
            made.append(protocol)
        return made

    def detach(self, protocol: PortProtocol) -> None:
        """Forget a connection and its addresses."""
        for address in self._addresses.pop(protocol, ()):
            if self._by_address.get(address) is protocol:
                del self._by_address[address]
        user = protocol.receiver.local_username
        left = [other for other in self._by_user.get(user, ()) if other is not protocol]
        if left:
            self._by_user[user] = left
        else:
            self._by_user.pop(user, None)

    def bind(self, address: Address, protocol: PortProtocol) -> None:
        """Datagrams from `address` belong to `protocol`; its oldest address is forgotten above the limit."""
        known = self._addresses.get(protocol)
        if known is None or self._by_address.get(address) is protocol:
            return
        self._by_address[address] = protocol
        known.append(address)
        if len(known) > ADDRESSES_PER_PEER:
            self._by_address.pop(known.pop(0), None)

    def expect(self, address: Address, protocol: PortProtocol) -> None:
        """We wrote to `address` first: its answers are this protocol's unless somebody proved otherwise."""
        if address not in self._by_address:
            self.bind(address, protocol)

    def send(self, sock: socket.socket, datagram: bytes | memoryview, address: Address) -> None:
        """Send now or never: a full socket buffer drops, as the network would."""
        try:
            sock.sendto(datagram, address)
        except (BlockingIOError, InterruptedError):
            self.dropped += 1
        except OSError:
            self.dropped += 1  # unreachable just now; ICE and the watchdog decide about the peer

    def _read(self, sock: socket.socket) -> None:
        staging, buffer, by_address = self.staging, self.staging.bytes, self._by_address
        receive, view = sock.recvfrom_into, staging.view
        for _ in range(BATCH):
            try:
                length, address = receive(buffer)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an ICMP error of an earlier send
            protocol = by_address.get(address[:2])
            if not length:
                continue
            if RTP_FIRST <= view[0] <= RTP_LAST:
                if protocol is not None:
                    protocol.receiver.sink.media_arrived(staging, length)
            else:
                self._control(buffer[0:length], address[:2], sock, protocol)

    def _control(
        self, datagram: bytes, address: Address, sock: socket.socket, protocol: PortProtocol | None
    ) -> None:
        if protocol is not None:
            protocol.receiver.sink.heard()
        if datagram[0] <= STUN_LAST:
            protocol = self._addressee(datagram, sock) or protocol
        if protocol is None:
            return
        try:
            protocol.datagram_received(datagram, address)
        except (ValueError, LookupError, struct.error, TypeError, AttributeError, AssertionError):
            return  # malformed STUN; nothing of it was acted on

    def _addressee(self, datagram: bytes, sock: socket.socket) -> PortProtocol | None:
        user = stun_user(datagram)
        if user is None:
            return None
        return next((p for p in self._by_user.get(user, ()) if p.sock is sock), None)


def stun_user(datagram: bytes) -> str | None:
    """Our half of a STUN binding request's USERNAME (RFC 8445 section 7.2.2); None without one."""
    if len(datagram) < 20 or datagram[:2] != b"\x00\x01":
        return None
    at = 20
    while at + 4 <= len(datagram):
        kind, length = struct.unpack_from("!HH", datagram, at)
        if kind == USERNAME:
            return datagram[at + 4 : at + 4 + length].partition(b":")[0].decode("ascii", "replace")
        at += 4 + length + (-length % 4)
    return None
