"""How a peer's packets are protected and sent: the short path, and aiortc's own chain where that is missing.

The short path copies a packet once into a C buffer, protects it there and gives it to the kernel at once.
libsrtp's session is used by its raw pointer, so the wire holds the Session for as long as it holds the
pointer: a collected session under a live pointer crashes the process.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from typing import Any, Protocol

import pylibsrtp

from services.relay.aiortc_compat import ForwardingDtlsTransport, raw_srtp, srtp_functions, srtp_memory

BUFFER_BYTES = 2048
TRAILER_BYTES = 160
OUTBOX_PACKETS = 2048
PASSTHROUGH_BYTES = 1500 - 148  # the longest packet that pylibsrtp's `Session.protect` takes

Address = tuple[str, int]
ffi, lib = srtp_memory, srtp_functions


class Wire(Protocol):
    """Sends to one peer."""

    def send_rtp(self, header: bytes, payload: bytes) -> None:
        """Protect and send one packet."""

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send one compound packet."""

    def close(self) -> None:
        """Send nothing more and let go of what is held."""


class SrtpSession:
    """A libsrtp session by its raw pointer, and the Session that owns it."""

    __slots__ = ("_owner", "dropped", "pointer", "size")

    def __init__(self, session: Any) -> None:
        self._owner = session
        self.pointer = raw_srtp(session)
        self.size = ffi.new("int *")
        self.dropped = 0

    def unprotect(self, buffer: Any, length: int) -> int:
        """Decrypt RTP in place; the new length, -1 where it is forged, repeated or foreign."""
        size = self.size
        size[0] = length
        return size[0] if lib.srtp_unprotect(self.pointer, buffer, size) == 0 else -1

    def unprotect_rtcp(self, buffer: Any, length: int) -> int:
        """Decrypt RTCP in place; the new length or -1."""
        size = self.size
        size[0] = length
        return size[0] if lib.srtp_unprotect_rtcp(self.pointer, buffer, size) == 0 else -1

    def protect(self, buffer: Any, length: int) -> int:
        """Encrypt RTP in place, which makes it longer; the new length or -1."""
        size = self.size
        size[0] = length
        return size[0] if lib.srtp_protect(self.pointer, buffer, size) == 0 else -1

    def protect_rtcp(self, buffer: Any, length: int) -> int:
        """Encrypt RTCP in place; the new length or -1."""
        size = self.size
        size[0] = length
        return size[0] if lib.srtp_protect_rtcp(self.pointer, buffer, size) == 0 else -1


class Staging:
    """The C buffer in which a node's packets are made ready, one at a time."""

    def __init__(self) -> None:
        self.memory = ffi.new("char[]", BUFFER_BYTES)
        self.bytes = ffi.buffer(self.memory)
        self.view = memoryview(self.bytes)


class ShortWire:
    """Protect in place, send without waiting; what the kernel can not take now is dropped."""

    def __init__(self, session: SrtpSession, sock: socket.socket, address: Address, staging: Staging) -> None:
        self.session: SrtpSession | None = session
        self._protect, self._protect_rtcp = session.protect, session.protect_rtcp
        self.sendto, self.address = sock.sendto, address
        self.staging = staging
        self._memory, self._bytes, self._view = staging.memory, staging.bytes, staging.view
        self.dropped = 0

    def send_rtp(self, header: bytes, payload: bytes) -> None:
        """Protect and send one packet; an oversized one is dropped."""
        begin = len(header)
        end = begin + len(payload)
        if end > BUFFER_BYTES - TRAILER_BYTES:
            self.dropped += 1
            return
        self._bytes[0:begin] = header
        self._bytes[begin:end] = payload
        self._send(self._protect(self._memory, end))

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send one compound packet."""
        length = len(packet)
        if length <= BUFFER_BYTES - TRAILER_BYTES:
            self._bytes[0:length] = packet
            self._send(self._protect_rtcp(self._memory, length))

    def _send(self, length: int) -> None:
        if length < 0:
            self.dropped += 1
            return
        try:
            self.sendto(self._view[:length], self.address)
        except OSError:
            self.dropped += (
                1  # a full buffer, or unreachable just now: ICE and the watchdog decide about the peer
            )

    def close(self) -> None:
        """Refuse to touch the session from now on, then let it go."""
        self._protect = self._protect_rtcp = _closed
        self.session = None


def _closed(buffer: Any, length: int) -> int:  # noqa: ARG001
    return -1


class PassthroughWire:
    """Send through aiortc's chain: a bounded outbox and one task, since that chain has to be awaited."""

    def __init__(self, transport: ForwardingDtlsTransport) -> None:
        self._transport = transport
        self._outbox: deque[bytes] = deque(maxlen=OUTBOX_PACKETS)
        self._filled = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="relay-passthrough")
        self.dropped = 0

    def send_rtp(self, header: bytes, payload: bytes) -> None:
        """Queue one packet; the oldest is dropped from a full outbox."""
        self._queue(header + payload)

    def send_rtcp(self, packet: bytes) -> None:
        """Queue one compound packet."""
        self._queue(packet)

    def _queue(self, packet: bytes) -> None:
        if len(packet) > PASSTHROUGH_BYTES:
            self.dropped += 1
            return
        self._outbox.append(packet)
        self._filled.set()

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox:
                try:
                    await self._transport.send_plain(self._outbox.popleft())
                except (ConnectionError, pylibsrtp.Error, OSError):
                    self.dropped += 1

    def close(self) -> None:
        """Stop the task."""
        self._task.cancel()
