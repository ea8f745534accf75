"""One client: its connection, what it publishes, what it is shown, whether it still lives."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any, Protocol

from services.assist.ladder import Link, Rung, climbed
from services.relay import rtcp
from services.relay.agreement import codecs_of, extensions_of, ssrcs_of
from services.relay.aiortc_compat import (
    ForwardingDtlsTransport,
    ForwardingPeerConnection,
    ForwardingReceiver,
    ForwardingSender,
)
from services.relay.bandwidth import publisher_bps
from services.relay.downlink import Downlink
from services.relay.endpoint import Endpoint
from services.relay.offer import answered
from services.relay.slot import Slot, SlotTerms
from services.relay.source import Source
from services.relay.uplink import Uplink
from services.relay.wire import PassthroughWire, ShortWire, SrtpSession, Staging

BEAT_S = 0.5
MEASURE_EACH_BEATS = 4
ASK_AFTER_S = 0.5
SILENT_AFTER_S = 2.5  # looked at each BEAT_S: noticed within 3 s
CONNECT_WITHIN_S = 20.0
CLOSE_WITHIN_S = 2.0
PACKETS_PER_S_LIMIT = 6000
log = logging.getLogger(__name__)


class PeerEvents(Protocol):
    """What a room hears of its peers."""

    def peer_connected(self, peer: Peer) -> None:
        """ICE and DTLS are complete; its slots and sources are known."""

    def source_live(self, source: Source) -> None:
        """A publisher's track sent its first packet."""

    def channel_opened(self, peer: Peer, channel: Any) -> None:
        """The client opened a data channel (an aiortc RTCDataChannel)."""

    def peer_lost(self, peer: Peer, reason: str) -> None:
        """It is silent, failed or floods: the room closes it."""

    def shows_nothing(self, peer: Peer, slot: Slot, reason: str) -> None:
        """A place stays empty although somebody is to be shown there."""

    def level_changed(self, peer: Peer, direction: str, rung: Rung) -> None:
        """What the client is sent (`down`) or can send (`up`) changed."""


class Peer:
    """A client of a room. It publishes, views, or both, over one connection made from one offer."""

    def __init__(self, peer_id: str, endpoint: Endpoint, events: PeerEvents) -> None:
        self.peer_id = peer_id
        self.uplink = Uplink(peer_id, self._send_rtcp, endpoint.ticker, events.source_live)
        self.downlink = Downlink(endpoint.ticker, peer_id)
        self.up, self.down = Rung(), Rung()
        self.connected = self.closed = False
        self._endpoint, self._events = endpoint, events
        self._pc = ForwardingPeerConnection(self, endpoint.port)
        self._pc.on("datachannel", self._channel)
        self._pc.on("connectionstatechange", self._state_changed)
        self._srtp: tuple[SrtpSession, SrtpSession] | None = None
        self._heard_at = self._born = endpoint.now()
        self._packets = self._packets_before = 0
        self._beats = 0
        self._beat_at = self._born + BEAT_S
        self._timer: asyncio.TimerHandle | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self.wanted_bps: Callable[[Source], list[int | None]] = lambda _: []

    async def accept(self, offer: str, *, publish: bool, view: bool) -> str:
        """The answer to the client's offer. Raises OfferRefused."""
        answer = await answered(self._pc, offer, publish=publish, view=view)
        self._timer = asyncio.get_running_loop().call_later(BEAT_S * random.random(), self._beat)
        return answer

    # what the connection hands over

    def heard(self) -> None:
        """Something came from the client."""
        self._heard_at = self._now()

    @property
    def silent(self) -> bool:
        """Whether nothing came for so long that it counts as gone."""
        return self._now() - self._heard_at > SILENT_AFTER_S

    def secured(self, transport: ForwardingDtlsTransport) -> None:
        """DTLS is complete: take the short path where there is one, and tell the room.

        aiortc hands over the m-lines in the same turn of the loop: they are known when the room hears of it.
        """
        self.heard()
        self.connected = True
        asyncio.get_running_loop().call_soon(self._events.peer_connected, self)
        agent = self._pc.agent()
        if agent is None:
            self.downlink.wire = PassthroughWire(transport)
            return
        received, sent = transport.srtp_sessions()
        self._srtp = SrtpSession(received), SrtpSession(sent)
        self._route()

    def _route(self) -> None:
        """Send where ICE's nominated pair points; clients change it, for instance from Wi-Fi to mobile."""
        agent, srtp, port = self._pc.agent(), self._srtp, self._endpoint.port
        route = agent.nominated_route() if agent is not None else None
        if route is None or srtp is None or port is None:
            return
        protocol, address = route
        wire = self.downlink.wire
        if not isinstance(wire, ShortWire) or wire.address != address:
            self.downlink.wire = ShortWire(srtp[1], protocol.sock, address, port.sending)
            self.downlink.refresh()

    def receiving(self, receiver: ForwardingReceiver, parameters: Any) -> None:
        """The client may send on this m-line."""
        self.uplink.add(
            receiver.track.kind,
            parameters.muxId,
            {codec.payload_type: codec for codec in codecs_of(parameters)},
            extensions_of(parameters),
            ssrcs_of(parameters),
        )

    def sending(self, sender: ForwardingSender, parameters: Any) -> None:
        """The client may be sent to on this m-line."""
        terms = SlotTerms(sender.ssrc, sender.rtx_ssrc, codecs_of(parameters), extensions_of(parameters))
        slot = Slot(sender.kind, terms, self.downlink, random.getrandbits(15))
        slot.on_mismatch = self._mismatch
        self.downlink.add(slot)

    def _mismatch(self, slot: Slot) -> None:
        codec = slot.source.codec if slot.source is not None else None
        if codec is not None:
            reason = f"it takes no {codec.name} {codec.profile}".rstrip()
            self._events.shows_nothing(self, slot, reason)

    def media_arrived(self, staging: Staging, length: int) -> None:
        """The short path: decrypt in the port's buffer and handle it there."""
        srtp = self._srtp
        if srtp is None:
            return
        if 192 <= staging.view[1] <= 223:
            length = srtp[0].unprotect_rtcp(staging.memory, length)
            if length > 0:
                self.rtcp_arrived(staging.bytes[0:length])
            return
        length = srtp[0].unprotect(staging.memory, length)
        if length > 0:
            self._packets += 1
            self._heard_at = now = self._now()
            self.uplink.arrived(staging.view, length, now)

    def rtp_arrived(self, packet: bytes | bytearray | memoryview, length: int) -> None:
        """The passthrough: aiortc decrypted it."""
        self._packets += 1
        self._heard_at = now = self._now()
        self.uplink.arrived(packet, length, now)

    def rtcp_arrived(self, packet: bytes) -> None:
        """Feedback on what we send, reports on what we receive."""
        self._packets += 1
        self._heard_at = now = self._now()
        unix_s = self._endpoint.unix_s()
        now_ntp = rtcp.ntp_time(unix_s)
        for block in rtcp.blocks_of(packet):
            if isinstance(block, rtcp.SenderReport):
                self.uplink.told(block, now, unix_s)
            else:
                self.downlink.heard(block, now, now_ntp)

    def _send_rtcp(self, packet: bytes) -> None:
        if self.downlink.wire is not None:
            self.downlink.wire.send_rtcp(packet)

    def _channel(self, channel: Any) -> None:
        self._events.channel_opened(self, channel)

    def _state_changed(self) -> None:
        if self._pc.connectionState == "failed":
            self._lost("the connection failed")
        elif self._pc.connectionState == "closed":
            self._lost("it left")

    # what happens by the clock

    def _beat(self) -> None:
        now = self._now()
        late, self._beat_at = now - self._beat_at, now + BEAT_S
        if late > 0:
            self._heard_at += late  # this process stood still: what the client sent may lie unread
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat)
        self._beats += 1
        if not self.connected:
            if now - self._born > CONNECT_WITHIN_S:
                self._lost(f"not connected within {CONNECT_WITHIN_S:.0f} s")
            return
        silent = now - self._heard_at
        if silent > SILENT_AFTER_S:
            self._lost(f"silent for {silent:.1f} s")
        elif (
            silent > ASK_AFTER_S or self._beats <= MEASURE_EACH_BEATS or self._beats % MEASURE_EACH_BEATS == 0
        ):
            self._ask_for_life()
        flood, self._packets_before = self._packets - self._packets_before, self._packets
        if flood > PACKETS_PER_S_LIMIT * BEAT_S:
            self._lost(f"{flood / BEAT_S:.0f} packets a second")
        elif not self.closed and self._beats % 2 == 0:
            self._route()
            self._report(now)

    def _ask_for_life(self) -> None:
        """Now, and where no answer came in between once more: a lossy link swallows one in five."""
        for after_s in (0.0, BEAT_S / 2):
            task = asyncio.create_task(self._ask(after_s), name="relay-life")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, after_s: float) -> None:
        """A client that answers lives, and the answer measures the way to it."""
        await asyncio.sleep(after_s)
        if after_s and self._now() - self._heard_at <= ASK_AFTER_S:
            return
        begin = self._now()
        if await self._pc.shows_life():
            self.heard()
            trip, known = self._now() - begin, self.downlink.rtt_s
            # down at once, up slowly: a queue that a key frame filled is not the way
            self.downlink.rtt_s = trip if trip < known else known + (trip - known) * 0.2
            for source in self.uplink.sources:
                source.gaps.rtt_s = self.downlink.rtt_s

    def _report(self, now: float) -> None:
        packets = self.uplink.reports(now)
        unix_s = self._endpoint.unix_s()
        limit = self.downlink.measure(now)
        needed = [bps for source in self.uplink.live() for bps in self.wanted_bps(source)]
        rate = self.uplink.ask_rate(publisher_bps(self.uplink.estimate.bps, needed))
        for packet in (*packets, *([rate] if rate else ()), *self.downlink.reports(unix_s)):
            self._send_rtcp(packet)
        for slot in self.downlink.slots:
            if slot.waits_in_vain(now):
                self._events.shows_nothing(self, slot, "it sends no key frame")
        self._climb(limit, now)

    def _climb(self, limit: int | None, now: float) -> None:
        if any(slot.source is not None for slot in self.downlink.slots):
            rung = climbed(self.down, Link(self.downlink.loss, limit), now)
            changed, self.down = rung.level != self.down.level, rung
            if changed:
                self.downlink.show(rung.level, now)
                self._events.level_changed(self, "down", rung)
        if any(True for _ in self.uplink.live()):
            rung = climbed(self.up, Link(self.uplink.estimate.losses.loss, self._uplink_limit()), now)
            changed, self.up = rung.level != self.up.level, rung
            if changed:
                self._events.level_changed(self, "up", rung)

    def _uplink_limit(self) -> int | None:
        bps = self.uplink.estimate.bps
        return bps if bps is not None and bps < 1.1 * self.uplink.received_bps else None

    def _lost(self, reason: str) -> None:
        if not self.closed:
            self.closed = True
            self._events.peer_lost(self, reason)

    async def close(self) -> None:
        """Let go of everything, within CLOSE_WITHIN_S."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._asking:
            task.cancel()
        now = self._now()
        self.uplink.close()
        self._send_rtcp(rtcp.goodbye([slot.terms.ssrc for slot in self.downlink.slots][:31]))
        self.downlink.close(now)
        self._srtp = None
        self._pc.remove_all_listeners()
        try:
            await asyncio.wait_for(self._pc.close(), CLOSE_WITHIN_S)
        except TimeoutError:
            log.warning("peer %s did not close within %.0f s", self.peer_id, CLOSE_WITHIN_S)
