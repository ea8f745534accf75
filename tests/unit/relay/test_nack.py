"""What is missing is asked for with a timer and a limit; key frames are asked for without nagging."""

from __future__ import annotations

from itertools import pairwise

from services.relay.nack import Gaps, KeyFrameRequests


def asked(gaps: Gaps, until_s: float, step_s: float = 0.01) -> tuple[list[float], float | None]:
    """When something was asked for, and when it was given up, on a clock of small steps."""
    times, given_up = [], None
    for step in range(int(until_s / step_s) + 1):
        now = step * step_s
        sequences, lost = gaps.due(now)
        times += [now] if sequences else []
        given_up = now if lost and given_up is None else given_up
    return times, given_up


def test_a_gap_is_asked_for_at_once_and_again_each_round_trip() -> None:
    """Not only once: the answer may be lost as the packet was."""
    gaps = Gaps()
    gaps.rtt_s = 0.04
    gaps.loss(0.0)
    gaps.tries = 3
    assert gaps.opened(5, 6, 0.0)
    times, _ = asked(gaps, 0.2)
    assert times[0] == 0.0
    assert all(0.04 < later - before < 0.07 for before, later in pairwise(times))
    assert len(times) == 3


def test_where_much_is_lost_each_request_is_sent_twice_and_five_are_made() -> None:
    """A tenth lost each way fails one request in five: two lost in a row must not cost a key frame."""
    gaps = Gaps()
    gaps.rtt_s = 0.1
    gaps.loss(0.1)
    gaps.opened(5, 5, 0.0)
    times, given_up = asked(gaps, 1.5)
    begun, echoed = times[::2], times[1::2]
    assert len(begun) == len(echoed) == 5
    assert all(0.0 < echo - first < 0.05 for first, echo in zip(begun, echoed, strict=True))
    assert all(0.1 <= later - before < 0.15 for before, later in pairwise(begun))
    assert given_up is not None
    assert given_up < 0.7


def test_one_quiet_second_makes_no_clean_link() -> None:
    """The loss of the last seconds counts, not of the last one."""
    gaps = Gaps()
    gaps.loss(0.1)
    gaps.loss(0.0)
    assert gaps.lossy
    gaps.loss(0.0)
    assert not gaps.lossy


def test_what_never_comes_is_given_up_within_a_quarter_second_on_a_short_way() -> None:
    """Then a key frame is asked for, which is what heals the picture."""
    gaps = Gaps()
    gaps.rtt_s = 0.03
    gaps.opened(5, 5, 0.0)
    _, given_up = asked(gaps, 1.5)
    assert given_up is not None
    assert 0.13 <= given_up <= 0.2
    assert not gaps


def test_a_clean_link_that_fails_twice_is_given_no_third_try() -> None:
    """There a packet that does not come is lost for good: the key frame is asked for sooner."""
    gaps = Gaps()
    gaps.rtt_s = 0.06
    gaps.loss(0.01)
    gaps.opened(5, 5, 0.0)
    times, given_up = asked(gaps, 1.0)
    assert len(times) == 2
    assert given_up is not None
    assert given_up <= 0.17


def test_a_long_way_is_given_few_tries_and_never_more_than_a_second() -> None:
    """A round trip of 400 ms leaves time for two, each sent twice."""
    gaps = Gaps()
    gaps.rtt_s = 0.4
    gaps.opened(5, 5, 0.0)
    times, given_up = asked(gaps, 2.0)
    assert len(times) == 4
    assert given_up == 1.0


def test_what_is_given_up_before_a_newer_key_frame_needs_no_other() -> None:
    """The picture has begun anew behind it."""
    gaps = Gaps()
    gaps.rtt_s = 0.03
    gaps.opened(5, 5, 0.0)
    gaps.key_frame_came(8)
    _, given_up = asked(gaps, 1.0)
    assert given_up is None
    assert not gaps


def test_what_arrives_is_not_asked_for_again_and_measures_the_way() -> None:
    """The answer to a single request is one round trip."""
    gaps = Gaps()
    gaps.opened(5, 6, 0.0)
    assert gaps.due(0.0) == ([5, 6], False)
    assert gaps.arrived(5, 0.2)
    assert gaps.rtt_s > 0.1
    assert not gaps.arrived(5, 0.2)
    assert gaps.due(0.2)[0] == [6]


def test_a_guess_of_the_way_that_is_too_short_is_mended() -> None:
    """Each answer comes after the second request then: whose it is is unknown, but it took that long."""
    gaps, way_s = Gaps(), 0.2
    for number in range(30):
        begin = float(number)
        gaps.opened(number, number, begin)
        gaps.due(begin)
        for step in range(1, int(way_s * 100)):
            gaps.due(begin + step * 0.01)
        gaps.arrived(number, begin + way_s)
    assert 0.15 < gaps.rtt_s < 0.25


def test_a_jump_over_hundreds_of_packets_is_no_gap() -> None:
    """Asking for more than the limit again would flood the link: a key frame is cheaper."""
    gaps = Gaps()
    assert not gaps.opened(0, 5000, 0.0)
    assert not gaps


def test_many_requests_for_a_key_frame_are_one_until_it_comes() -> None:
    """One at once, then one each 0.3 s while none comes, none after it came."""
    requests = KeyFrameRequests()
    sent = []
    for step in range(100):
        now = step * 0.01
        requests.ask(now)
        if requests.due(now):
            sent.append(round(now, 2))
    assert sent == [0.0, 0.3, 0.6, 0.9]
    requests.came()
    assert not requests.due(5.0)


def test_where_much_is_lost_a_key_frame_is_asked_for_twice_in_a_row() -> None:
    """A lost request would cost the viewers 0.3 s; a publisher answers both with one key frame."""
    requests = KeyFrameRequests()
    requests.lossy = True
    requests.ask(0.0)
    sent = [round(step * 0.01, 2) for step in range(65) if requests.due(step * 0.01)]
    assert sent == [0.0, 0.02, 0.3, 0.32, 0.6, 0.62]


def test_a_publisher_that_never_sends_one_is_asked_each_second_only() -> None:
    """It is broken: more requests would not mend it."""
    requests = KeyFrameRequests()
    requests.ask(0.0)
    sent = [step * 0.1 for step in range(200) if requests.due(step * 0.1)]
    late = [now for now in sent if now > 5]
    assert len(late) <= 16
