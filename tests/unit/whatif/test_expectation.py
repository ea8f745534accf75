"""What a region is taken to expect: the level of demand from the reports it has had."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean

import numpy as np

from services.whatif.expectation import HOUR_MS, LEVELS, Expectation, expected_from

NOW = 100 * HOUR_MS


def steady(_: int) -> float:
    """Every hour is as busy as any other."""
    return 1.0


def every(minutes: float, since: int, until: int) -> list[int]:
    """Reports at so many minutes' distance."""
    step = int(minutes * HOUR_MS / 60)
    return list(range(since, until, step))


def level(expectation: Expectation) -> float:
    """The mean level believed in."""
    return float(np.dot(expectation.belief, LEVELS))


def counts(reports: Sequence[int], hours: int = 3, futures: int = 200) -> list[int]:
    """How many reports each future brings."""
    expectation = expected_from(reports, steady, NOW)
    return [
        len(expectation.arrivals(random.Random(number), NOW + hours * HOUR_MS)) for number in range(futures)
    ]


def test_what_has_always_come_is_expected_to_come() -> None:
    """Ten reports an hour for a day: about thirty are expected in three hours."""
    assert 25 < fmean(counts(every(6, NOW - 24 * HOUR_MS, NOW))) < 36


def test_a_surge_is_expected_to_go_on_for_a_while_and_then_to_fall_back() -> None:
    """Four times as much for the last hour: the next is expected near that, the sixth well below."""
    reports = [*every(6, NOW - 24 * HOUR_MS, NOW - HOUR_MS), *every(1.5, NOW - HOUR_MS, NOW)]
    first = fmean(counts(reports, 1))
    sixth = fmean(counts(reports, 6)) - fmean(counts(reports, 5))
    assert 25 < first < 45
    assert sixth < 0.75 * first
    assert level(expected_from(reports, steady, NOW)) > 2.5


def test_a_surge_is_no_usual_hour() -> None:
    """The usual rate is that of the middle hour: three busy hours in a day do not raise it."""
    calm = every(6, NOW - 24 * HOUR_MS, NOW - 3 * HOUR_MS)
    assert expected_from([*calm, *every(1, NOW - 3 * HOUR_MS, NOW)], steady, NOW).usual < 11


def test_the_doubt_is_more_than_chance_alone_would_make() -> None:
    """The level itself is not known: counts vary more than those of a known rate would."""
    found = counts(every(6, NOW - 24 * HOUR_MS, NOW))
    assert np.var(found) > 2 * fmean(found)


def test_the_same_chance_gives_the_same_future() -> None:
    """Futures are a function of their seed."""
    reports = every(6, NOW - 24 * HOUR_MS, NOW)
    assert counts(reports) == counts(reports)


def test_what_lies_after_the_moment_is_not_looked_at() -> None:
    """Reports from the moment on change nothing: nothing peeks."""
    past = every(6, NOW - 24 * HOUR_MS, NOW)
    later = every(0.5, NOW, NOW + 3 * HOUR_MS)
    assert expected_from(past, steady, NOW) == expected_from([*past, *later], steady, NOW)


def test_a_region_without_a_past_expects_little_and_doubts_much() -> None:
    """Nothing was ever reported: the futures go from nothing to a few."""
    found = counts([])
    assert min(found) == 0
    assert fmean(found) < 5
