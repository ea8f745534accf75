"""The ladder goes down by what the link bears and up with patience."""

from __future__ import annotations

import pytest

from services.assist.ladder import LadderTerms, Level, Link, Rung, climbed

GOOD = Link(0.0, None)


def played(rung: Rung, link: Link, begin_s: float, length_s: float) -> list[tuple[float, Level]]:
    """The changes of level while the link stays so, heard of each half second."""
    changes, level = [], rung.level
    for step in range(int(length_s * 2) + 1):
        now = begin_s + step / 2
        rung = climbed(rung, link, now)
        if rung.level != level:
            level = rung.level
            changes.append((now - begin_s, level))
    return changes


@pytest.mark.parametrize(
    ("link", "level"),
    [
        (Link(0.10, 400_000), Level.VIDEO),
        (Link(0.02, 120_000), Level.SLOW),
        (Link(0.10, 64_000), Level.STILLS),
        (Link(0.05, 30_000), Level.SOUND),
        (Link(0.05, 9_000), Level.TEXT),
        (Link(0.30, None), Level.STILLS),
        (Link(0.60, None), Level.TEXT),
    ],
)
def test_a_link_leads_to_the_level_that_it_bears(link: Link, level: Level) -> None:
    """In one step, two seconds after it became so bad; 64 kbit/s with 10 % loss still carries stills."""
    changes = played(Rung(), link, 100.0, 3.0)
    assert changes == ([(2.0, level)] if level != Level.VIDEO else [])


def test_a_short_disturbance_changes_nothing() -> None:
    """One second of a dead link is no reason to take the picture away."""
    rung = climbed(Rung(), Link(0.9, 1000), 10.0)
    rung = climbed(rung, Link(0.9, 1000), 11.0)
    rung = climbed(rung, GOOD, 11.5)
    assert climbed(rung, Link(0.9, 1000), 12.5).level == Level.VIDEO


def heard_each_second(*rates_bps: int, loss: float = 0.05) -> list[tuple[int, Level]]:
    """The changes of level where the estimate of a link is so, from second to second."""
    changes, rung = [], Rung()
    for second, bps in enumerate(rates_bps):
        before, rung = rung.level, climbed(rung, Link(loss, bps), 100.0 + second)
        if rung.level != before:
            changes.append((second, rung.level))
    return changes


def test_an_estimate_that_rises_again_takes_no_picture_away() -> None:
    """A machine that stood still for a moment looks like a narrow link until the estimate has grown back."""
    assert heard_each_second(128_000, 136_000, 148_000, 159_000) == []
    assert heard_each_second(95_000, 107_000, 107_000, 120_000, 133_000, 146_000, 158_000) == []


def test_a_link_that_is_too_small_is_found_out_by_the_next_cut() -> None:
    """It rises until packets queue, is cut, rises: two seconds after its highest the picture is slowed."""
    assert heard_each_second(102_000, 118_000, 102_000, 118_000, 102_000) == [(3, Level.SLOW)]
    assert heard_each_second(60_000, 50_000, 45_000) == [(2, Level.STILLS)]


def test_a_rise_is_awaited_for_a_while_and_never_beside_loss() -> None:
    """One that takes longer than eight seconds is a narrow link; packets that are lost are no guess."""
    slow = [100_000 + 1_000 * second for second in range(12)]
    assert heard_each_second(*slow) == [(8, Level.SLOW)]
    assert heard_each_second(*slow, loss=0.23) == [(2, Level.SLOW)]


def test_it_climbs_one_level_at_a_time() -> None:
    """Each after five good seconds."""
    changes = played(Rung(Level.TEXT), GOOD, 50.0, 25.0)
    assert [level for _, level in changes] == [Level.SOUND, Level.STILLS, Level.SLOW, Level.VIDEO]
    assert changes[0][0] == 5.0


def test_it_does_not_climb_on_a_link_that_only_just_bears_more() -> None:
    """Up needs a quarter more than staying: no swinging at the edge."""
    assert played(Rung(Level.SLOW), Link(0.0, 160_000), 50.0, 60.0) == []
    assert played(Rung(Level.SLOW), Link(0.0, 190_000), 50.0, 6.0) == [(5.0, Level.VIDEO)]


def test_a_climb_that_fails_makes_the_next_one_wait_longer() -> None:
    """A link that looks free until it is used is tried less and less often, at most each minute."""
    rung, waits, since = Rung(Level.STILLS, 1.0), [], 1.0
    for step in range(1, 1200):
        now = 1.0 + step / 2
        before = rung.level
        rung = climbed(rung, Link(0.0, 60_000) if rung.level > Level.STILLS else GOOD, now)
        if rung.level > before:
            waits.append(now - since)
        elif rung.level < before:
            since = now
    assert waits[:4] == pytest.approx([5, 10, 20, 40], abs=0.6)
    assert max(waits) <= LadderTerms().up_after_most_s + 1


def test_each_step_says_why() -> None:
    """Both sides read the reason beside the level."""
    rung = climbed(climbed(Rung(), Link(0.4, None), 1.0), Link(0.4, None), 3.0)
    assert rung.reason == "40% of the packets are lost"
    rung = climbed(climbed(Rung(), Link(0.0, 50_000), 1.0), Link(0.0, 50_000), 3.0)
    assert rung.reason == "the link carries 50 kbit/s"
    assert Level.SLOW.words == "1 frame/s"
