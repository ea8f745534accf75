"""Every private name of aiortc, aioice and pylibsrtp that the relay leans on, behind names of its own.

aiortc brings SDP, ICE, DTLS and SCTP; media never enters its codecs. Its peer connection makes its parts in
two methods; a subclass lets them and then gives each part a class that forwards. Nothing is patched for
anybody else. services/relay/aiortc_contract.py lists the names and says which of them a new release took
away.
"""

from __future__ import annotations

import socket
from typing import Any, Protocol, cast

import aioice.ice
import aioice.stun
import aiortc.rtcdtlstransport as dtls
import pylibsrtp
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters, RTCRtpSendParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender

BitrateEstimator = RemoteBitrateEstimator
AiortcRefusal = (InternalError, InvalidAccessError, InvalidStateError, OperationError)


class MediaSink(Protocol):
    """What a peer's connection hands over: packets, and the parameters agreed for each m-line."""

    def media_arrived(self, staging: Any, length: int) -> None:
        """The short path: an encrypted RTP or RTCP packet in the port's buffer."""

    def heard(self) -> None:
        """The client showed that it lives."""

    def rtp_arrived(self, packet: bytes | bytearray | memoryview, length: int) -> None:
        """One RTP packet, decrypted, in the first `length` bytes."""

    def rtcp_arrived(self, packet: bytes) -> None:
        """One compound RTCP packet, decrypted."""

    def secured(self, transport: ForwardingDtlsTransport) -> None:
        """DTLS is complete and both SRTP sessions are there."""

    def receiving(self, receiver: ForwardingReceiver, parameters: RTCRtpReceiveParameters) -> None:
        """The client may now send on this m-line."""

    def sending(self, sender: ForwardingSender, parameters: RTCRtpSendParameters) -> None:
        """The client may now be sent to on this m-line."""


class ForwardingReceiver(RTCRtpReceiver):
    """The receiving half of an m-line: no decoder thread, no jitter buffer, no task."""

    sink: MediaSink

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Take note of what was agreed; aiortc calls this once DTLS is complete."""
        self.sink.receiving(self, parameters)

    async def stop(self) -> None:
        """Nothing runs here, so nothing is to be stopped."""


class ForwardingSender(RTCRtpSender):
    """The sending half of an m-line: no encoder, no task; packets are rewritten elsewhere."""

    sink: MediaSink

    @property
    def ssrc(self) -> int:
        """The SSRC announced in the answer."""
        return int(self._ssrc)

    @property
    def rtx_ssrc(self) -> int:
        """The retransmission SSRC announced in the answer where RTX was agreed."""
        return int(self._rtx_ssrc)

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Take note of what was agreed; aiortc calls this once DTLS is complete."""
        self.sink.sending(self, parameters)

    async def stop(self) -> None:
        """Nothing runs here, so nothing is to be stopped."""


class ForwardingDtlsTransport(RTCDtlsTransport):
    """DTLS that prefers AES-128-GCM and hands media to the peer, undecoded."""

    sink: MediaSink

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        if self.state != "failed":
            self.sink.secured(self)

    async def _handle_rtp_data(self, packet: bytes, arrival_time_ms: int) -> None:  # noqa: ARG002
        self.sink.rtp_arrived(packet, len(packet))

    async def _handle_rtcp_data(self, packet: bytes) -> None:
        self.sink.rtcp_arrived(packet)

    async def send_plain(self, packet: bytes) -> None:
        """Protect and send one RTP or RTCP packet through aiortc's own chain."""
        await self._send_rtp(packet)

    def srtp_sessions(self) -> tuple[Any, Any]:
        """The sessions for what arrives and what is sent."""
        return self._rx_srtp, self._tx_srtp


class ForwardingPeerConnection(RTCPeerConnection):
    """A peer connection whose parts forward; `port` brings the datagrams, None takes aioice's own sockets."""

    def __init__(self, sink: MediaSink, port: IcePort | None) -> None:
        super().__init__(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._sink, self._port = sink, port
        self.transport: ForwardingDtlsTransport | None = None

    def _RTCPeerConnection__createDtlsTransport(self) -> Any:  # noqa: N802
        made: Any = super()._RTCPeerConnection__createDtlsTransport()  # type: ignore[misc]
        made.__class__ = ForwardingDtlsTransport
        made.sink = self._sink
        made._srtp_profiles = [p for p in PREFERRED_PROFILES if p in dtls.SRTP_PROFILES]
        if self._port is not None:
            ice = made.transport
            agent = PortConnection(self._port, self._sink)
            ice.iceGatherer._connection = ice._connection = agent
            ice._recv, ice._send = agent.recv, agent.send
        _end_its_events(made.transport._connection)
        self.transport = made
        return made

    def _RTCPeerConnection__createTransceiver(  # noqa: N802
        self, direction: str, kind: str, sender_track: Any = None
    ) -> Any:
        made: Any = super()._RTCPeerConnection__createTransceiver(  # type: ignore[misc]
            direction, kind, sender_track
        )
        made.receiver.__class__, made.sender.__class__ = ForwardingReceiver, ForwardingSender
        made.receiver.sink = made.sender.sink = self._sink
        return made

    def agree(self, *, publish: bool, view: bool) -> None:
        """Take the m-lines in the directions allowed, and be the DTLS server where that is open."""
        directions = {(True, True): "sendrecv", (True, False): "recvonly", (False, True): "sendonly"}
        for transceiver in self.getTransceivers():
            transceiver.direction = directions.get((publish, view), "inactive")
        if self.transport is not None and self.transport._role == "auto":
            self.transport._set_role("server")

    def name_places(self) -> None:
        """Name the n-th sound and the n-th picture that the client receives as one stream."""
        places = {"audio": 0, "video": 0}
        for one in self.getTransceivers():
            if one._offerDirection in {"sendonly", "sendrecv"}:
                one.sender._stream_id = f"place{places[one.kind]}"
                one.sender._track_id = f"place{places[one.kind]}-{one.kind}"
                places[one.kind] += 1

    async def shows_life(self) -> bool:
        """Ask the client by a binding request on the nominated pair: a living one answers in time."""
        if self.transport is None:
            return False
        agent = self.transport.transport._connection
        for pair in list(agent._nominated.values()):
            request = agent.build_request(pair, nominate=False)
            key = (agent.remote_password or "").encode()
            try:
                await pair.protocol.request(request, pair.remote_addr, integrity_key=key, retransmissions=0)
            except (aioice.stun.TransactionError, ConnectionError):
                return False
            return True
        return False

    def agent(self) -> PortConnection | None:
        """The ICE agent on the shared port; None on aioice's own sockets, or before an offer."""
        if self._port is None or self.transport is None:
            return None
        agent = self.transport.transport._connection
        return agent if isinstance(agent, PortConnection) else None


PREFERRED_PROFILES = (
    dtls.SRTP_AEAD_AES_128_GCM,
    dtls.SRTP_AES128_CM_SHA1_80,
    dtls.SRTP_AEAD_AES_256_GCM,
)


class IcePort(Protocol):
    """Shared sockets that carry many connections (services/relay/udp_port.py)."""

    def attach(self, agent: PortConnection) -> list[PortProtocol]:
        """One protocol for each socket, with its local candidate."""

    def bind(self, address: tuple[str, int], protocol: PortProtocol) -> None:
        """Datagrams from this address are this protocol's: its check was authenticated."""


class PortConnection(aioice.ice.Connection):
    """aioice's full ICE agent on shared sockets instead of one socket for each connection."""

    def __init__(self, port: IcePort, sink: MediaSink) -> None:
        super().__init__(ice_controlling=False)
        self.port, self.sink = port, sink

    async def get_component_candidates(self, *_: Any, **__: Any) -> list[Any]:
        """The shared sockets as host candidates."""
        protocols = self.port.attach(self)
        self._protocols += protocols
        return [protocol.local_candidate for protocol in protocols]

    def check_incoming(self, message: Any, addr: tuple[str, int], protocol: Any) -> None:
        """An authenticated check: from now on its address is known."""
        self.port.bind(addr, protocol)
        super().check_incoming(message, addr, protocol)

    def nominated_route(self) -> tuple[PortProtocol, tuple[str, int]] | None:
        """Where media goes: the protocol and the client's address."""
        for pair in self._nominated.values():
            return cast("PortProtocol", pair.protocol), pair.remote_addr
        return None


class PortProtocol(aioice.ice.StunProtocol):
    """One connection's end of a shared socket."""

    receiver: PortConnection
    sock: socket.socket


def _end_its_events(agent: Any) -> None:
    """Say `closed` to whoever asks a closed agent for its next event, not nothing.

    aiortc's monitor asks again at once when it hears nothing: a client that left before the monitor's first
    turn would stall the process for ever.
    """
    ask = agent.get_event

    async def get_event() -> Any:
        event = await ask()
        return aioice.ice.ConnectionClosed() if event is None else event

    agent.get_event = get_event


srtp_memory, srtp_functions = pylibsrtp.ffi, pylibsrtp.lib  # type: ignore[attr-defined]


def raw_srtp(session: Any) -> Any:
    """The libsrtp pointer of a pylibsrtp Session: valid only as long as the Session is referenced."""
    return session._srtp[0]
