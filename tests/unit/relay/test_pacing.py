"""A slow link gets its packets at its own pace from a queue that is never long."""

from __future__ import annotations

import pytest

from services.relay.bandwidth import VIDEO_LEAST_BPS, DownlinkEstimate, LossLimit, publisher_bps
from services.relay.pacing import Pacer, Verdict
from services.relay.reception import ViewerLoss
from services.relay.rtcp import ReceptionReport


def test_without_a_rate_nothing_waits() -> None:
    """The usual link costs nothing."""
    pacer: Pacer[int] = Pacer()
    assert pacer.offer(1, 1200, 0.0) is Verdict.SEND
    assert not len(pacer)


def test_packets_leave_in_order_at_the_rate() -> None:
    """A burst of 96 kbit on 960 kbit/s takes a tenth of a second."""
    pacer: Pacer[int] = Pacer()
    pacer.limit(960_000, 0.0)
    left = [(n, 0.1) for n in range(10) if pacer.offer(n, 1200, 0.1) is Verdict.SEND]
    for step in range(1, 30):
        now = 0.1 + step * 0.01
        left += [(number, now) for number in pacer.due(now)]
    assert [number for number, _ in left] == list(range(10))
    assert 0.17 <= left[-1][1] <= 0.22


def test_a_full_queue_says_so_and_stays_short() -> None:
    """It holds 0.4 s at the rate: later packets would be too late."""
    pacer: Pacer[int] = Pacer()
    pacer.limit(400_000, 0.0)
    verdicts = [pacer.offer(number, 1000, 0.0) for number in range(30)]
    assert verdicts.count(Verdict.HELD) == 20
    assert verdicts[-1] is Verdict.FULL
    pacer.clear()
    assert not len(pacer)


def test_a_key_frame_fits_into_the_queue_of_any_link() -> None:
    """Of twelve thousand octets at 100 kbit/s none is refused: the next key frame would be no smaller."""
    pacer: Pacer[int] = Pacer()
    pacer.limit(100_000, 0.0)
    assert [pacer.offer(number, 1000, 0.0) for number in range(12)] == [Verdict.HELD] * 12
    assert pacer.offer(12, 1000, 0.0) is Verdict.FULL


def test_a_receivers_estimate_limits_only_near_what_it_is_sent() -> None:
    """An estimate follows what is received: 1.5 times it is no sign of a limit, less is."""
    link = DownlinkEstimate()
    link.remb_arrived(450_000, 1.0)
    assert link.limit_bps(300_000, 1.5) is None
    assert link.limit_bps(1_500_000, 1.5) == 450_000
    assert link.limit_bps(1_500_000, 30.0) is None


def test_heavy_loss_lowers_the_rate_and_none_lets_it_go() -> None:
    """Ten percent is repaired and borne, thirty are not."""
    link = DownlinkEstimate()
    for _ in range(20):
        link.losses.reported(0.10, 100, 1_000_000)
    assert link.limit_bps(1_000_000, 0.0) is None
    for _ in range(5):
        link.losses.reported(0.4, 100, 1_000_000)
    lowered = link.limit_bps(1_000_000, 0.0)
    assert lowered is not None
    assert lowered < 700_000
    for _ in range(60):
        link.losses.reported(0.0, 100, 400_000)
    assert link.limit_bps(400_000, 0.0) is None


def test_a_few_lost_packets_are_no_heavy_loss() -> None:
    """Two of the first three packets say nothing of a link."""
    losses = LossLimit()
    losses.reported(0.66, 3, 300_000)
    assert losses.loss < 0.03
    assert losses.bps is None


def test_a_rate_that_stands_still_does_not_become_the_limit() -> None:
    """While a key frame is waited for nearly nothing is sent; heavy loss then leaves what a picture needs."""
    losses = LossLimit()
    for _ in range(10):
        losses.reported(0.3, 100, 1_000_000)
    losses.reported(0.3, 100, 5_000)
    assert losses.bps is not None
    assert losses.bps >= VIDEO_LEAST_BPS * 0.8


def test_a_limit_that_a_lossy_link_got_is_lifted_while_it_loses_no_more_than_a_tenth() -> None:
    """It would stay for ever otherwise, and fall with every bad second."""
    losses = LossLimit()
    for _ in range(10):
        losses.reported(0.4, 100, 500_000)
    lowest = losses.bps
    assert lowest is not None
    for _ in range(100):
        losses.reported(0.1, 100, 500_000)
    assert losses.bps is None


def test_where_nothing_flows_any_more_the_loss_is_forgotten() -> None:
    """Otherwise a link that was once too bad for anything would never be tried again."""
    losses = LossLimit()
    for _ in range(20):
        losses.reported(0.6, 100, 500_000)
    assert losses.loss > 0.5
    for _ in range(6):
        losses.idle()
    assert losses.loss < 0.2


def test_a_viewer_that_gets_nothing_at_all_loses_everything() -> None:
    """Its reports count no new packets, so they show no loss."""
    lost = ViewerLoss()
    lost.reported(told(0, 100), sent=100, numbered=70_100)
    assert lost.reported(told(0, 100), sent=400, numbered=70_400) == (1.0, 300)


def test_what_never_reached_the_relay_is_not_the_viewers_loss() -> None:
    """A tenth is missing already in what is sent: a report of a tenth means a link that loses nothing."""
    lost = ViewerLoss()
    lost.reported(told(0, 0), sent=0, numbered=70_000)
    share, packets = lost.reported(told(26, 100), sent=90, numbered=70_100)
    assert packets == 100
    assert share == pytest.approx(0.0, abs=0.01)
    assert lost.reported(told(49, 200), sent=180, numbered=70_200)[0] == pytest.approx(0.1, abs=0.01)
    assert lost.reported(told(26, 300), sent=280, numbered=70_300)[0] == pytest.approx(0.1, abs=0.01)


def told(fraction_lost: int, highest: int) -> ReceptionReport:
    """A viewer's report."""
    return ReceptionReport(1, fraction_lost, 0, highest, 0, 0, 0)


def test_a_publisher_follows_its_own_link_and_the_worst_that_needs_it() -> None:
    """And never goes below what video needs: who can not take that is on a lower level."""
    assert publisher_bps(2_000_000, [None, 700_000, 900_000]) == 700_000
    assert publisher_bps(500_000, [None]) == 500_000
    assert publisher_bps(None, []) == 4_000_000
    assert publisher_bps(90_000, [50_000]) == VIDEO_LEAST_BPS
