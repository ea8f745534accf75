"""What a receiver counts of one incoming stream (RFC 3550 appendix A): loss, jitter, octets, clocks."""

from __future__ import annotations

from services.relay.rtcp import ReceptionReport, SenderReport
from services.relay.rtp import unwrapped


class Reception:
    """Counters of one SSRC, and the report made from them."""

    __slots__ = (
        "_before", "_clock_rate", "_jitter", "_last_arrival", "_last_timestamp", "_report", "_report_at",
        "base", "highest", "octets", "packets",
    )  # fmt: skip

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self.base = self.highest = -1
        self.packets = self.octets = 0
        self._jitter = 0.0
        self._last_arrival, self._last_timestamp = 0.0, -1
        self._before = (0, 0)
        self._report: SenderReport | None = None
        self._report_at = 0.0

    def count(self, sequence: int, timestamp: int, octets: int, now: float) -> int:
        """One packet arrived; returns its unwrapped sequence number."""
        if self.highest < 0:
            # one cycle above zero: a packet from before the first one stays positive
            self.base = self.highest = sequence + 0x10000
            unwrapped_sequence = self.highest
        else:
            unwrapped_sequence = unwrapped(sequence, self.highest)
            if unwrapped_sequence > self.highest:
                self.highest = unwrapped_sequence
        self.packets += 1
        self.octets += octets
        if timestamp != self._last_timestamp:
            if self._last_timestamp >= 0:
                self._vary(timestamp, now)
            self._last_arrival, self._last_timestamp = now, timestamp
        return unwrapped_sequence

    def _vary(self, timestamp: int, now: float) -> None:
        step = (timestamp - self._last_timestamp) & 0xFFFFFFFF
        if step < 0x80000000:
            apart = abs((now - self._last_arrival) * self._clock_rate - step)
            self._jitter += (min(apart, self._clock_rate) - self._jitter) / 16

    def clock_told(self, report: SenderReport, now: float) -> None:
        """The sender's report arrived."""
        self._report, self._report_at = report, now

    def report(self, ssrc: int, now: float) -> ReceptionReport:
        """What to tell the sender since the last report."""
        expected, received = self.highest - self.base + 1 if self.highest >= 0 else 0, self.packets
        asked, got = expected - self._before[0], received - self._before[1]
        self._before = (expected, received)
        fraction = max(0, min(255, (asked - got) * 256 // asked)) if asked > 0 else 0
        lsr = dlsr = 0
        if self._report is not None:
            lsr = self._report.ntp >> 16 & 0xFFFFFFFF
            dlsr = int((now - self._report_at) * 65536) & 0xFFFFFFFF
        return ReceptionReport(
            ssrc, fraction, expected - received, self.highest & 0xFFFFFFFF, int(self._jitter), lsr, dlsr
        )
