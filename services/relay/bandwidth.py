"""What links carry: the publisher's as received, a viewer's as it reports, and the rate to ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

SOUND_BPS = 40_000
VIDEO_LEAST_BPS = 150_000
VIDEO_MOST_BPS = 4_000_000
HEADROOM = 1.3
LOSS_HIGH, LOSS_LOW = 0.10, 0.02
FORGET_S = 5.0


class Estimator(Protocol):
    """aiortc's receive-side estimator (draft-ietf-rmcat-gcc-02 section 5)."""

    def add(
        self, arrival_time_ms: int, abs_send_time: int, payload_size: int, ssrc: int
    ) -> tuple[int, list[int]] | None:
        """Feed one arrival; an estimate in bits per second now and then."""


class UplinkEstimate:
    """The rate that a publisher's link carries. Fed once a frame: a call costs as much as forwarding."""

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator
        self.bps: int | None = None

    def frame_arrived(self, ssrc: int, send_time: int, octets: int, now_s: float) -> None:
        """A frame of `octets` left at `send_time` (24-bit abs-send-time) and is complete now."""
        estimated = self._estimator.add(int(now_s * 1000), send_time, octets, ssrc)
        if estimated is not None:
            self.bps = int(estimated[0])


@dataclass(slots=True)
class DownlinkEstimate:
    """A viewer's link from its REMB and its loss; `bps` is None while nothing suggests a limit."""

    remb_bps: int | None = None
    remb_at: float = 0.0
    loss: float = 0.0
    loss_bps: int | None = None

    def remb_arrived(self, bps: int, now: float) -> None:
        """The viewer's own estimate."""
        self.remb_bps, self.remb_at = bps, now

    def loss_reported(self, fraction: float, sent_bps: int) -> None:
        """A reception report: much loss lowers the rate, none raises it (GCC's loss-based controller)."""
        self.loss += (fraction - self.loss) * 0.4
        if self.loss > LOSS_HIGH * 1.5:
            base = min(self.loss_bps or sent_bps, sent_bps)
            self.loss_bps = max(32_000, int(base * (1 - 0.5 * self.loss)))
        elif self.loss < LOSS_LOW and self.loss_bps is not None:
            self.loss_bps = int(self.loss_bps * 1.08) + 1000
            if self.loss_bps > max(VIDEO_LEAST_BPS, HEADROOM * sent_bps):
                self.loss_bps = None

    def limit_bps(self, sent_bps: int, now: float) -> int | None:
        """The rate that the link bears; None where it bears what is sent now with room to spare.

        A receiver's estimate follows what it receives, at most 1.5 times: only one near or below that is a
        limit.
        """
        limits = [self.loss_bps] if self.loss_bps is not None else []
        fresh = self.remb_bps is not None and now - self.remb_at < FORGET_S
        if fresh and self.remb_bps is not None and self.remb_bps < HEADROOM * sent_bps:
            limits.append(self.remb_bps)
        return min(limits) if limits else None


def publisher_bps(uplink_bps: int | None, needed_bps: list[int | None]) -> int:
    """What to tell a publisher: its own link, and the worst of the links that need its video.

    `needed_bps` has an entry for each viewer at the level video; None bears anything. A viewer below what
    video needs is on a lower level, so it holds nobody else down.
    """
    limits = [VIDEO_MOST_BPS, *(bps for bps in needed_bps if bps is not None)]
    if uplink_bps is not None:
        limits.append(uplink_bps)
    return max(VIDEO_LEAST_BPS, min(limits))
