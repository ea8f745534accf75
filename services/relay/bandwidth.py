"""What links carry: the publisher's as received, a viewer's as it reports, and the rate to ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

SOUND_BPS = 40_000
VIDEO_LEAST_BPS = 150_000
VIDEO_MOST_BPS = 4_000_000
HEADROOM = 1.3
LOSS_HIGH, LOSS_LOW = 0.2, 0.02
SMOOTHING, SAMPLE_PACKETS = 0.3, 40
RATE_LEAST_BPS = 32_000
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
        self._delay_bps: int | None = None
        self.losses = LossLimit()

    @property
    def bps(self) -> int | None:
        """What delay and loss leave; None where nothing is known yet."""
        return min((bps for bps in (self._delay_bps, self.losses.bps) if bps is not None), default=None)

    def frame_arrived(self, ssrc: int, send_time: int, octets: int, now_s: float) -> None:
        """A frame of `octets` left at `send_time` (24-bit abs-send-time) and is complete now."""
        estimated = self._estimator.add(int(now_s * 1000), send_time, octets, ssrc)
        if estimated is not None:
            self._delay_bps = int(estimated[0])


@dataclass(slots=True)
class LossLimit:
    """The rate that loss leaves; `bps` is None while it suggests none.

    As GCC's loss-based controller (draft-ietf-rmcat-gcc-02 section 6), but a tenth lost at random is borne:
    repair makes it good, and a queue that fills shows in the delay. `loss` (0..1) is before any repair.
    """

    loss: float = 0.0
    bps: int | None = None

    def reported(self, fraction: float, packets: int, rate_bps: int) -> None:
        """Of so many packets this share was lost, at this rate; few packets say little."""
        self.loss += (fraction - self.loss) * SMOOTHING * min(1.0, packets / SAMPLE_PACKETS)
        if self.loss > LOSS_HIGH:
            # a rate that just stood still, for instance while a key frame is waited for, says nothing
            base = min(self.bps or VIDEO_MOST_BPS, max(rate_bps, VIDEO_LEAST_BPS))
            self.bps = max(RATE_LEAST_BPS, int(base * (1 - 0.5 * self.loss)))
        elif self.bps is not None:
            self.bps = int(self.bps * (1.08 if self.loss < LOSS_LOW else 1.03)) + 1000
            if self.bps > max(VIDEO_LEAST_BPS, HEADROOM * rate_bps):
                self.bps = None

    def idle(self) -> None:
        """Nothing flowed for a second: after some of them nothing speaks against trying again."""
        self.loss *= 0.8


class DownlinkEstimate:
    """A viewer's link from its REMB and its loss."""

    def __init__(self) -> None:
        self.losses = LossLimit()
        self._remb_bps: int | None = None
        self._remb_at = 0.0

    def remb_arrived(self, bps: int, now: float) -> None:
        """The viewer's own estimate."""
        self._remb_bps, self._remb_at = bps, now

    def limit_bps(self, sent_bps: int, now: float) -> int | None:
        """The rate that the link bears; None where it bears what is sent now with room to spare.

        A receiver's estimate follows what it receives, at most 1.5 times: only one near or below that is a
        limit.
        """
        limits = [self.losses.bps] if self.losses.bps is not None else []
        if self._remb_bps is not None and now - self._remb_at < FORGET_S:
            limits += [self._remb_bps] if self._remb_bps < HEADROOM * sent_bps else []
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
