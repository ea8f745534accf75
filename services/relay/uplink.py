"""The receiving half of a peer: which packet belongs to which track, and what is asked of the publisher."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from services.relay import rtcp
from services.relay.aiortc_compat import BitrateEstimator
from services.relay.bandwidth import UplinkEstimate
from services.relay.rtp import HEADER, HEADER_BYTES, Malformed, body_of, extension_value
from services.relay.source import Codec, Extensions, Source
from services.relay.ticker import Ticker

STREAMS_LIMIT = 64


class Uplink:
    """Sources of one publisher. `send_rtcp` goes back to it; `on_live` hears of a source's first packet."""

    def __init__(
        self,
        publisher: str,
        send_rtcp: Callable[[bytes], None],
        ticker: Ticker,
        on_live: Callable[[Source], None],
    ) -> None:
        self.publisher = publisher
        self.sources: list[Source] = []
        self.estimate = UplinkEstimate(BitrateEstimator())
        self.malformed = self.strangers = self.received_bps = 0
        self.ssrc = random.getrandbits(32) | 1
        self._send_rtcp, self._ticker, self._on_live = send_rtcp, ticker, on_live
        self._streams: dict[int, Source] = {}
        self._repairs: dict[int, Source] = {}
        self._by_mid: dict[bytes, Source] = {}
        self._clock_shift_s: float | None = None

    def add(
        self,
        kind: str,
        mid: str,
        codecs: dict[int, Codec],
        extensions: Extensions,
        ssrcs: list[tuple[int, int | None]],
    ) -> Source:
        """An m-line on which the client may send; `ssrcs` are announced pairs of media and retransmission."""
        source = Source(self.publisher, kind, codecs, extensions, self)
        self.sources.append(source)
        self._by_mid[mid.encode()] = source
        for ssrc, repair in ssrcs:
            self._streams[ssrc] = source
            if repair is not None:
                self._repairs[repair] = source
        return source

    def arrived(self, packet: bytes | bytearray | memoryview, length: int, now: float) -> None:
        """One decrypted RTP packet; what is malformed or nobody's is counted and dropped."""
        if length < HEADER_BYTES:
            self.malformed += 1
            return
        fields = HEADER.unpack_from(packet)
        ssrc = fields[4]
        try:
            source = self._streams.get(ssrc)
            if source is not None:
                if source.ssrc != ssrc:
                    self._begin(source, ssrc)
                source.receive(packet, length, fields, now)
            else:
                self._unusual(packet, length, fields, now)
        except (Malformed, LookupError):
            self.malformed += 1

    def _unusual(
        self,
        packet: bytes | bytearray | memoryview,
        length: int,
        fields: tuple[int, int, int, int, int],
        now: float,
    ) -> None:
        ssrc = fields[4]
        repairs = self._repairs.get(ssrc)
        if repairs is not None:
            repairs.repaired(packet, length, fields[3], now)
            return
        source = self._owner(packet, length, fields[1] & 0x7F)
        if source is None or len(self._streams) + len(self._repairs) >= STREAMS_LIMIT:
            self.strangers += 1
            return
        if fields[1] & 0x7F not in source.codecs:
            self._repairs[ssrc] = source
            source.repaired(packet, length, fields[3], now)
            return
        self._streams[ssrc] = source
        self._begin(source, ssrc)
        source.receive(packet, length, fields, now)

    def _owner(self, packet: bytes | bytearray | memoryview, length: int, payload_type: int) -> Source | None:
        """Whose an unannounced SSRC is: by its MID, else by a payload type that only one track has."""
        content, begin, _ = body_of(packet, length)
        for source in self.sources:
            if content and source.extensions.mid:
                mid = extension_value(packet, content, begin, source.extensions.mid)
                if mid is not None:
                    return self._by_mid.get(mid)
        fitting = [source for source in self.sources if source.knows(payload_type)]
        return fitting[0] if len(fitting) == 1 else None

    def _begin(self, source: Source, ssrc: int) -> None:
        fresh = source.ssrc == 0
        source.begin(ssrc)
        if fresh:
            self._on_live(source)

    def told(self, report: rtcp.SenderReport, now: float, unix_s: float) -> None:
        """The publisher's sender report. Its clock is set against ours once, for sound and picture alike."""
        source = self._streams.get(report.ssrc)
        if source is None or not report.ntp:
            return
        if self._clock_shift_s is None:
            self._clock_shift_s = unix_s - rtcp.unix_time(report.ntp)
        source.clock_told(report, now, self._clock_shift_s)

    def ask_again(self, media_ssrc: int, sequences: list[int]) -> None:
        """Send a NACK."""
        self._send_rtcp(rtcp.nack(self.ssrc, media_ssrc, sequences))

    def ask_key_frame(self, media_ssrc: int) -> None:
        """Send a PLI."""
        self._send_rtcp(rtcp.picture_loss(self.ssrc, media_ssrc))

    def wake(self, source: Source) -> None:
        """Tick the source."""
        self._ticker.wake(source)

    def frame_arrived(self, source: Source, send_time: int, octets: int, now: float) -> None:
        """Feed the estimator."""
        self.estimate.frame_arrived(source.ssrc, send_time, octets, now)

    def live(self) -> Iterator[Source]:
        """Sources that have sent."""
        return (source for source in self.sources if source.ssrc)

    def reports(self, now: float) -> list[bytes]:
        """The compound packets to send about each second.

        What came again counts as received there: told of a tenth lost, libwebrtc goes down to nothing. What
        such loss leaves is in our own `estimate`, which the publisher is asked to keep to.
        """
        found, films = [], any(source.kind == "video" for source in self.live())
        self.received_bps = sum(source.bitrate(now) for source in self.live())
        if not self.received_bps:
            self.estimate.losses.idle()
        for source in self.live():
            found.append(source.reception.report(source.ssrc, now))
            loss, packets = source.count_loss(found[-1].fraction_lost / 256)
            if source.kind == "video" or not films:
                self.estimate.losses.reported(loss, packets, self.received_bps)
        return [rtcp.receiver_report(self.ssrc, found)] if found else []

    def ask_rate(self, bps: int) -> bytes | None:
        """The REMB for this publisher's video; None where it sends none."""
        ssrcs = [source.ssrc for source in self.live() if source.kind == "video"]
        return rtcp.remb(self.ssrc, bps, ssrcs) if ssrcs else None

    def close(self) -> None:
        """Forget every source and let those who watch one watch nothing."""
        for source in self.sources:
            self._ticker.forget(source)
            source.close()
        self.sources.clear()
        self._streams.clear()
        self._repairs.clear()
        self._by_mid.clear()
