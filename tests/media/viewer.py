"""Clients that do what a browser does on a bad link: answer NACKs, ask again, decode in order."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import pairwise
from typing import Any

from services.relay import rtcp
from services.relay.agreement import codecs_of, extensions_of
from services.relay.forwarding import Lane
from services.relay.nack import Gaps
from services.relay.rtp import HEADER, MediaPacket
from services.relay.source import Source
from services.relay.ticker import Ticker
from services.relay.udp_port import UdpPort
from services.relay.uplink import Uplink
from tests.media.client import MediaClient, vp8_payload

FPS = 30
KEPT = 2000
ANSWERS_NOT_BEFORE_S = 0.1
KEY_FRAME_NOT_BEFORE_S = 0.3
BROWSERS_TRIES = 10


class BrowserGaps(Gaps):
    """What libwebrtc asks again: ten times, each round trip, never twice at once, however much is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lossy, self.tries = False, BROWSERS_TRIES

    def loss(self, fraction: float) -> None:
        """All the same to it."""

    def forget_before(self, sequence: int) -> None:
        """What came before a shown frame is asked for no more."""
        self._missing = {number: gap for number, gap in self._missing.items() if number >= sequence}


class Camera:
    """Sends VP8-shaped frames at a rate, a key frame where asked for one, and again what is missed.

    As libwebrtc it makes no two key frames within 0.3 s and answers no second request within a round trip.
    """

    def __init__(self, client: MediaClient, bps: int, key_frame_bytes: int) -> None:
        self.client, self.key_frame_bytes = client, key_frame_bytes
        self.frame_bytes = bps // 8 // FPS
        self.frame = 0
        self.key_frames: list[int] = []
        self._key_wanted = True
        self._key_at = float("-inf")
        self._answered: dict[int, float] = {}
        self._kept: deque[tuple[int, bytes, bytes]] = deque(maxlen=KEPT)
        client.on_block = self._told

    def _told(self, block: rtcp.Block) -> None:
        if isinstance(block, rtcp.KeyFrameWanted):
            self._key_wanted = True
        elif isinstance(block, rtcp.PacketsMissing):
            self._send_again(block.sequences, asyncio.get_running_loop().time())

    def _send_again(self, sequences: tuple[int, ...], now: float) -> None:
        for number, header, payload in list(self._kept):
            fresh = now - self._answered.get(number, float("-inf")) < ANSWERS_NOT_BEFORE_S
            if number in sequences and not fresh and self.client.wire is not None:
                self._answered[number] = now
                if len(self._answered) > KEPT:
                    del self._answered[next(iter(self._answered))]
                self.client.wire.send_rtp(header, payload)

    async def run(self) -> None:
        """Film until cancelled."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        while True:
            self._film()
            await asyncio.sleep(max(0.0, begin + self.frame / FPS - loop.time()))

    def _film(self) -> None:
        now = asyncio.get_running_loop().time()
        key = self._key_wanted and now - self._key_at >= KEY_FRAME_NOT_BEFORE_S
        if key:
            self._key_wanted, self._key_at = False, now
            self.key_frames.append(self.frame)
        left = self.key_frame_bytes if key else self.frame_bytes
        sending, wire = self.client.senders["video"][0], self.client.wire
        assert wire is not None
        begin = True
        while left > 0:
            size, left = min(left, 1100), left - 1100
            payload = vp8_payload(max(size, 8), start=begin, key=key, picture=self.frame)
            second = (left <= 0) << 7 | sending.codecs[0].payload_type
            header = HEADER.pack(0x80, second, sending.sequence, 3000 * self.frame & 0xFFFFFFFF, sending.ssrc)
            wire.send_rtp(header, payload)
            self._kept.append((sending.sequence, header, payload))
            sending.sequence, begin = (sending.sequence + 1) & 0xFFFF, False
        self.frame += 1


class Screen:
    """Receives one video as a browser does, and notes when a new frame could be decoded."""

    lane: Lane | None = None

    def __init__(self, port: UdpPort) -> None:
        self.client = MediaClient(port)
        self.client.add("video", "recvonly")
        self.ticker = Ticker()
        self.uplink = Uplink("relay", self._send_rtcp, self.ticker, self._live)
        self.arrived: dict[int, MediaPacket] = {}
        self.shown: list[float] = []
        self._gaps = BrowserGaps()
        self._next = -1
        self.client.receiving = self._receiving  # type: ignore[method-assign]
        self.client.rtp_arrived = self._rtp  # type: ignore[method-assign]
        self.client.on_block = self._told

    def _send_rtcp(self, packet: bytes) -> None:
        if self.client.wire is not None:
            self.client.send_rtcp(packet)

    def _receiving(self, receiver: Any, parameters: Any) -> None:
        codecs = {codec.payload_type: codec for codec in codecs_of(parameters)}
        pairs = [(one.ssrc, one.rtx.ssrc if one.rtx else None) for one in parameters.encodings[:1]]
        source = self.uplink.add("video", parameters.muxId, codecs, extensions_of(parameters), pairs)
        source.watchers.append(self)
        self.client.connected.set()

    def _live(self, source: Source) -> None:
        self.source = source
        source.gaps = self._gaps

    def _told(self, block: rtcp.Block) -> None:
        if isinstance(block, rtcp.SenderReport):
            now = asyncio.get_running_loop().time()
            self.uplink.told(block, now, 0.0)

    def _rtp(self, packet: Any, length: int) -> None:
        self.uplink.arrived(packet, length, asyncio.get_running_loop().time())

    def codec_changed(self) -> None:
        """Any will do."""

    def watch(self, source: Source | None, now: float) -> None:
        """It has but one."""

    def forward(self, packet: MediaPacket, now: float) -> None:
        """Take a packet and decode as far as it goes."""
        self.arrived[packet.sequence] = packet
        if self._next < 0 and packet.starts_key_frame:
            self._next = packet.sequence
        elif self._next < 0:
            # the first packet of the first one was lost before anything was known of the stream
            self.source.want_key_frame(now)
        while self._next >= 0 and self._decode(self._next, now):
            pass
        self._jump(now)

    def _decode(self, first: int, now: float) -> bool:
        """Whether the frame that begins at `first` is complete; then it is shown."""
        number = first
        while (packet := self.arrived.get(number)) is not None:
            number += 1
            if packet.marker:
                self._next = number
                self.shown.append(now)
                return True
        return False

    def _jump(self, now: float) -> None:
        """A whole key frame ahead makes what is missing before it worthless."""
        newest = self.source.newest
        for number in range(newest, max(self._next, newest - 200), -1):
            packet = self.arrived.get(number)
            if packet is not None and packet.starts_key_frame and self._decode(number, now):
                self._gaps.forget_before(number)
                return

    async def report(self) -> None:
        """Reception reports each second, until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            packets = self.uplink.reports(asyncio.get_running_loop().time())
            for packet in packets:
                self._send_rtcp(packet)

    def lost(self, until_s: float = 1.0) -> float:
        """The share of packets that never came, the last second left out."""
        numbers = sorted(self.arrived)
        last = numbers[-1] - int(until_s * 60)
        counted = [number for number in numbers if number <= last]
        return 1 - len(counted) / (counted[-1] - counted[0] + 1)

    def longest_freeze_s(self) -> float:
        """The longest time between two new frames."""
        return max((later - before for before, later in pairwise(self.shown)), default=float("inf"))
