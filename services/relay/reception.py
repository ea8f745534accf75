"""What a receiver counts of one stream (RFC 3550 appendix A), and what a viewer's report says of its link."""

from __future__ import annotations

from services.relay.rtcp import ReceptionReport, SenderReport
from services.relay.rtp import unwrapped

ALL_LOST_PACKETS = 100
"""So many sent between two reports that count none: nothing arrives at all."""


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

    def repaired(self) -> None:
        """A missing packet came on the retransmission stream."""
        self.packets += 1

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


class ViewerLoss:
    """A viewer's loss without its publisher's: what never reached us is missing in what the viewer counts."""

    __slots__ = ("_highest", "_numbered", "_sent")

    def __init__(self) -> None:
        self._highest = -1
        self._sent = self._numbered = 0

    def reported(self, report: ReceptionReport, sent: int, numbered: int) -> tuple[float, int]:
        """The share (0..1) lost behind us, and of how many packets.

        `sent` counts the packets of the stream so far, `numbered` is the number that the next one gets.
        """
        known = self._highest >= 0
        packets = (report.highest - self._highest) & 0xFFFFFFFF if known else 0
        passed, given = sent - self._sent, numbered - self._numbered
        self._highest, self._sent, self._numbered = report.highest, sent, numbered
        if known and packets == 0 and passed >= ALL_LOST_PACKETS:
            return 1.0, passed
        there = min(1.0, passed / given) if given > 0 and passed > 0 else 1.0
        lost = 1 - (1 - report.fraction_lost / 256) / there
        return max(0.0, lost), packets if packets < 0x80000000 else 0
