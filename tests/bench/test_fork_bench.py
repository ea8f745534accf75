"""What the bench of the fork makes of its measurements: bounds, parts and the bias."""

from __future__ import annotations

import pytest

from services.whatif.bias import bias_at
from tests.bench._fork_truth import Fared
from tests.bench._report import MET, MISSED, Report
from tests.bench.fork import judge


def fared(number: int, came: float, off: float = 0.0) -> Fared:
    """A region of which the fork said 10 to 20 minutes; the rollout of the true future is off by so much."""
    return Fared("storm-1" if number % 2 else "storm-2", number, "R1", 10.0, 20.0, came, came + off)


def judged(held: int, missed: int, off: float | None = None) -> Report:
    """So many forks whose interval held what came, and so many it came above; the bias as shipped."""
    report = Report("fork")
    cames = [*(14.0 for _ in range(held)), *(25.0 for _ in range(missed))]
    judge(report, [fared(n, c, bias_at(c).waited_min if off is None else off) for n, c in enumerate(cames)])
    return report


@pytest.mark.parametrize(("held", "code"), [(13, MISSED), (14, MET), (16, MET), (18, MET), (19, MISSED)])
def test_intervals_that_hold_too_rarely_or_too_often_miss_their_bound(held: int, code: int) -> None:
    """Of twenty 80 % intervals 14 to 18 must hold; more means that they are too wide to tell anything."""
    assert judged(held, 20 - held).exit_code == code


def test_the_half_that_was_not_tuned_on_is_told_beside_the_pool() -> None:
    """Every share comes with how many forks it is of."""
    parts = {figure.name: figure for figure in judged(16, 4).figures}
    assert parts["held, tuned on these"].unit == "of 10"
    assert parts["held, not tuned on"].unit == "of 10"
    assert parts["came above the interval"].value == pytest.approx(0.2)


def test_a_bias_that_is_no_longer_the_shipped_one_misses_its_bound() -> None:
    """What is shown beside every fork must be what is measured."""
    assert judged(16, 4, off=5.0).exit_code == MISSED
