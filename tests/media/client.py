"""A WebRTC client that sends and takes RTP packets as they are: for tests and benches, it encodes nothing."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from aiortc import RTCSessionDescription

from services.relay import rtcp
from services.relay.agreement import codecs_of, extensions_of
from services.relay.aiortc_compat import ForwardingPeerConnection
from services.relay.rtp import HEADER, body_of
from services.relay.source import Codec, Extensions
from services.relay.udp_port import UdpPort
from services.relay.wire import PassthroughWire, ShortWire, SrtpSession, Wire


class Sending:
    """An m-line on which the client sends."""

    def __init__(self, kind: str, ssrc: int, codecs: list[Codec], extensions: Extensions) -> None:
        self.kind, self.ssrc, self.codecs, self.extensions = kind, ssrc, codecs, extensions
        self.sequence = 1000


class MediaClient:
    """One peer connection. `port` takes the short path; without it datagrams go through aiortc."""

    def __init__(self, port: UdpPort | None = None) -> None:
        self._port = port
        self.pc = ForwardingPeerConnection(self, port)
        self.wire: Wire | None = None
        self.senders: dict[str, list[Sending]] = {"audio": [], "video": []}
        self.receiving_ssrcs: list[int] = []
        self.packets: list[bytes] = []
        self.counted = 0
        self.blocks: list[rtcp.Block] = []
        self.on_packet: Callable[[bytes], None] = self.packets.append
        self.on_block: Callable[[rtcp.Block], None] = self.blocks.append
        self.decrypts = True
        self.connected = asyncio.Event()
        self._srtp: tuple[SrtpSession, SrtpSession] | None = None
        self.expects = 0

    def add(self, kind: str, direction: str) -> None:
        """One more m-line: sendonly, recvonly or sendrecv."""
        self.pc.addTransceiver(kind, direction)
        self.expects += 2 if direction == "sendrecv" else 1

    async def offer(self) -> str:
        """The offer, complete with candidates."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the answer and wait until media can flow."""
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(self.connected.wait(), 15)

    async def answer(self, offer: str) -> str:
        """The answer to an offer of the server's, as a viewer; `connected` tells when media can flow."""
        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self.expects = len(self.pc.getTransceivers())
        self.pc.agree(publish=True, view=False)
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return str(self.pc.localDescription.sdp)

    def heard(self) -> None:
        """Nothing is watched here."""

    def secured(self, transport: Any) -> None:
        """DTLS is complete."""
        agent = self.pc.agent()
        if agent is None:
            self.wire = PassthroughWire(transport)
            return
        received, sent = transport.srtp_sessions()
        self._srtp = SrtpSession(received), SrtpSession(sent)
        route = agent.nominated_route()
        assert route is not None
        assert self._port is not None
        self.wire = ShortWire(self._srtp[1], route[0].sock, route[1], self._port.sending)

    def receiving(self, receiver: Any, parameters: Any) -> None:
        """We may be sent to on this m-line."""
        self.receiving_ssrcs += [encoding.ssrc for encoding in parameters.encodings[:1]]
        self._count()

    def sending(self, sender: Any, parameters: Any) -> None:
        """We may send on this m-line."""
        made = Sending(sender.kind, sender.ssrc, codecs_of(parameters), extensions_of(parameters))
        self.senders[sender.kind].append(made)
        self._count()

    def _count(self) -> None:
        self.expects -= 1
        if self.expects <= 0:
            self.connected.set()

    def media_arrived(self, staging: Any, length: int) -> None:
        """The short path: count, or decrypt."""
        if not self.decrypts:
            self.counted += 1
            return
        if self._srtp is None:
            return
        if 192 <= staging.view[1] <= 223:
            length = self._srtp[0].unprotect_rtcp(staging.memory, length)
            if length > 0:
                self.rtcp_arrived(staging.bytes[0:length])
            return
        length = self._srtp[0].unprotect(staging.memory, length)
        if length > 0:
            self.rtp_arrived(staging.view, length)

    def rtp_arrived(self, packet: Any, length: int) -> None:
        """One decrypted packet."""
        self.counted += 1
        self.on_packet(bytes(packet[:length]))

    def rtcp_arrived(self, packet: bytes) -> None:
        """One decrypted compound."""
        for block in rtcp.blocks_of(packet):
            self.on_block(block)

    def send(
        self, kind: str, payload: bytes, timestamp: int, marker: int = 0, sequence: int | None = None
    ) -> int:
        """Send one packet on the first m-line of `kind`; returns its sequence number."""
        sending = self.senders[kind][0]
        number = sending.sequence if sequence is None else sequence
        if sequence is None:
            sending.sequence = (sending.sequence + 1) & 0xFFFF
        second = marker << 7 | sending.codecs[0].payload_type
        header = HEADER.pack(0x80, second, number, timestamp & 0xFFFFFFFF, sending.ssrc)
        assert self.wire is not None
        self.wire.send_rtp(header, payload)
        return number

    def send_rtcp(self, packet: bytes) -> None:
        """Send one compound packet."""
        assert self.wire is not None
        self.wire.send_rtcp(packet)

    async def close(self) -> None:
        """Leave."""
        if self.wire is not None:
            self.wire.close()
        self.pc.remove_all_listeners()
        await self.pc.close()


class Seen:
    """A received RTP packet, taken apart."""

    def __init__(self, packet: bytes) -> None:
        _, second, self.sequence, self.timestamp, self.ssrc = HEADER.unpack_from(packet)
        self.marker, self.payload_type = second >> 7, second & 0x7F
        self.extension, begin, end = body_of(packet, len(packet))
        self.payload, self.raw = packet[begin:end], packet


def vp8_payload(size: int, *, start: bool, key: bool, picture: int, tl0: int | None = None) -> bytes:
    """A VP8 payload of `size` octets: a descriptor with a 15-bit picture id, then zeros."""
    flags = 0x80 | (0x40 if tl0 is not None else 0)
    descriptor = struct.pack("!BBH", 0x80 | (0x10 if start else 0), flags, 0x8000 | picture & 0x7FFF)
    if tl0 is not None:
        descriptor += bytes([tl0 & 0xFF])
    first = (0 if key else 1) if start else 0xAA
    return descriptor + bytes([first]) + bytes(max(0, size - len(descriptor) - 1))
