"""The sending half of a peer: its slots, their feedback, and the pace that its link bears."""

from __future__ import annotations

from services.assist.ladder import Level
from services.relay import rtcp
from services.relay.bandwidth import SOUND_BPS, DownlinkEstimate
from services.relay.pacing import Pacer, Verdict
from services.relay.rtp import MediaPacket
from services.relay.slot import Segment, Slot
from services.relay.ticker import Ticker
from services.relay.wire import ShortWire, Wire

PACE_OVER_ESTIMATE = 1.1
PACE_LEAST_BPS = 32_000
Queued = tuple[Slot, Segment, MediaPacket]


class Downlink:
    """What goes to one viewer. Nothing is sent before `wire` is there. Times in seconds of one clock."""

    def __init__(self, ticker: Ticker, cname: str) -> None:
        self.wire: Wire | None = None
        self.slots: list[Slot] = []
        self.estimate = DownlinkEstimate()
        self.rtt_s = 0.1
        self.sent_bps = 0
        self.limit_bps: int | None = None
        self.overflows = 0
        self._ticker, self._cname = ticker, cname.encode()
        self._pacer: Pacer[Queued] = Pacer()
        self._by_ssrc: dict[int, Slot] = {}
        self._before = (0.0, 0)

    @property
    def loss(self) -> float:
        """The share of packets (0..1) that the viewer lately missed, before any repair."""
        return self.estimate.losses.loss

    def add(self, slot: Slot) -> None:
        """An m-line on which the client may be sent to."""
        self.slots.append(slot)
        self._by_ssrc[slot.terms.ssrc] = slot

    def send_rtp(self, header: bytes, payload: bytes) -> None:
        """Send now."""
        if self.wire is not None:
            self.wire.send_rtp(header, payload)

    def hold(self, slot: Slot, segment: Segment, packet: MediaPacket, now: float) -> bool:
        """Queue video where the link is slow; a full queue is dropped up to the next key frame."""
        pacer = self._pacer
        if pacer.rate_bps is None and not len(pacer):
            return False
        verdict = pacer.offer((slot, segment, packet), len(packet.payload), now)
        if verdict is Verdict.FULL:
            self.overflows += 1
            pacer.clear()
            for other in self.slots:
                if other.kind == "video":
                    other.drop_to_key_frame(now)
        elif verdict is Verdict.HELD:
            self._ticker.wake(self)
        return verdict is not Verdict.SEND

    def wake(self, slot: Slot) -> None:
        """Tick the slot."""
        self._ticker.wake(slot)

    def quick_wire(self, kind: str) -> ShortWire | None:
        """The short path where nothing has to wait."""
        waits = kind == "video" and (self._pacer.rate_bps is not None or len(self._pacer) > 0)
        return self.wire if isinstance(self.wire, ShortWire) and not waits else None

    def refresh(self) -> None:
        """The wire or the pace changed."""
        for slot in self.slots:
            slot.refresh()

    def tick(self, now: float) -> bool:
        """Send what the pace allows."""
        for slot, segment, packet in self._pacer.due(now):
            slot.release(segment, packet, now)
        if not len(self._pacer) and self._pacer.rate_bps is None:
            self.refresh()
        return len(self._pacer) > 0

    def heard(self, block: rtcp.Block, now: float, now_ntp: int) -> None:
        """One block of the viewer's feedback."""
        if isinstance(block, rtcp.BandwidthEstimated):
            self.estimate.remb_arrived(block.bps, now)
        elif isinstance(block, rtcp.PacketsMissing):
            slot = self._by_ssrc.get(block.ssrc)
            if slot is not None:
                slot.resend(block.sequences, now)
        elif isinstance(block, rtcp.KeyFrameWanted):
            slot = self._by_ssrc.get(block.ssrc)
            if slot is not None:
                slot.key_frame_wanted(now)
        elif isinstance(block, rtcp.ReceptionReport) and block.ssrc in self._by_ssrc:
            trip = rtcp.round_trip_s(block, now_ntp)
            if trip is not None:
                self.rtt_s += (max(0.001, trip) - self.rtt_s) * 0.3
            slot = self._by_ssrc[block.ssrc]
            lost, packets = slot.loss.reported(block, slot.lane.packets, slot.lane.next_out)
            if slot.kind == "video" or not self._sends_video():
                self.estimate.losses.reported(lost, packets, self.sent_bps)

    def _sends_video(self) -> bool:
        return any(slot.kind == "video" and slot.source is not None and not slot.muted for slot in self.slots)

    def reports(self, unix_s: float) -> list[bytes]:
        """A sender report for each slot that has sent."""
        made = [slot.report(unix_s) for slot in self.slots]
        return [rtcp.sender_report(report, self._cname) for report in made if report is not None]

    def measure(self, now: float) -> int | None:
        """About each second: what was sent, what the link bears (None: all of it), and the pace."""
        octets = sum(slot.lane.octets for slot in self.slots)
        then, before = self._before
        if then:
            self.sent_bps = int((octets - before) * 8 / max(0.1, now - then))
        self._before = (now, octets)
        if not self.sent_bps:
            self.estimate.losses.idle()
        limit = self.estimate.limit_bps(self.sent_bps, now)
        pace = None if limit is None else max(PACE_LEAST_BPS, int(limit * PACE_OVER_ESTIMATE))
        if (pace is None) != (self._pacer.rate_bps is None):
            self._pacer.limit(pace, now)
            self.refresh()
        self._pacer.limit(pace, now)
        self.limit_bps = limit
        return limit

    def show(self, level: Level, now: float) -> None:
        """Send what this level of the ladder has, and nothing above it."""
        for slot in self.slots:
            if slot.kind == "video":
                slot.limit(muted=level < Level.SLOW, slow=level == Level.SLOW, now=now)
            else:
                slot.limit(muted=level < Level.SOUND, slow=False, now=now)

    def video_bps(self, limit_bps: int | None) -> int | None:
        """What of the link's limit each shown video may use."""
        shown = sum(slot.kind == "video" and slot.source is not None for slot in self.slots)
        return None if limit_bps is None else max(0, limit_bps - SOUND_BPS) // max(1, shown)

    def close(self, now: float) -> None:
        """Watch nothing, send nothing."""
        for slot in self.slots:
            slot.watch(None, now)
            self._ticker.forget(slot)
        self._ticker.forget(self)
        self._pacer.clear()
        if self.wire is not None:
            self.wire.close()
            self.wire = None
