"""The count of processes under any load: within its limits, enough, and never to and fro."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.capacity.sizing import Demand, Rules, Standing, next_standing, wanted

RULES = Rules(least=1, most=12, in_after_s=10, settle_s=4, out_after_s=2)
LOADS = st.floats(0, 20, allow_nan=False)
DEMANDS = st.one_of(st.none(), st.builds(Demand, LOADS, st.booleans()))


def counts(demands: Sequence[Demand | None], rules: Rules = RULES, start: int = 1) -> list[Standing]:
    """The standing after each second's demand."""
    standing, found = Standing(start), []
    for second, demand in enumerate(demands):
        standing = next_standing(standing, demand, float(second), rules)
        found.append(standing)
    return found


def changes(found: list[Standing], start: int = 1) -> list[tuple[int, int]]:
    """(second, difference) of each change of the count."""
    before = [start, *(one.count for one in found)]
    return [
        (second, now.count - then)
        for second, (then, now) in enumerate(zip(before, found, strict=False))
        if now.count != then
    ]


@given(st.lists(DEMANDS, max_size=60), st.integers(0, 30))
def test_the_count_stays_within_its_limits(demands: list[Demand | None], start: int) -> None:
    """Never fewer than `least`, never more than `most` (a log has no more partitions), whatever comes."""
    assert all(RULES.least <= one.count <= RULES.most for one in counts(demands, start=start))


@given(LOADS, st.integers(1, 12))
def test_a_steady_load_is_answered_once_and_for_all(load: float, start: int) -> None:
    """Under a load that does not change the count goes one way, ends where it is enough, and stays."""
    found = counts([Demand(load)] * 150, start=start)
    steps = [difference for _, difference in changes(found, start)]
    assert all(step > 0 for step in steps) or all(step < 0 for step in steps)
    assert found[-1].count >= min(RULES.most, load / RULES.fill - 1e-6)
    assert not changes(found[135:], found[134].count)


@given(LOADS, st.lists(st.floats(-0.12, 0.12), min_size=50, max_size=50))
def test_a_load_that_wavers_does_not_make_the_count_waver(load: float, noise: list[float]) -> None:
    """Around any level, +-12 % changes the count in one direction alone: the band between is wider."""
    found = counts([Demand(load * (1 + part)) for part in noise])
    assert all(difference > 0 for _, difference in changes(found))


@given(st.lists(DEMANDS, min_size=1, max_size=90))
def test_nothing_is_taken_away_before_it_was_quiet(demands: list[Demand | None]) -> None:
    """One at a time, each after `in_after_s` without any change, any unknown load and any backlog."""
    found = counts(demands)
    made = changes(found)
    for second, difference in made:
        if difference < 0:
            assert difference == -1
            quiet = demands[second - int(RULES.in_after_s) : second + 1]
            assert len(quiet) > RULES.in_after_s
            assert all(demand is not None and demand.drained for demand in quiet)
            assert not [at for at, _ in made if 0 < second - at < RULES.in_after_s]


@given(st.lists(DEMANDS, min_size=1, max_size=60))
def test_nothing_is_added_for_a_burst(demands: list[Demand | None]) -> None:
    """More are started only when more were wanted for `out_after_s`, and not while a change settles."""
    found = counts(demands)
    made = changes(found)
    for index, (second, difference) in enumerate(made):
        if difference > 0:
            before = found[second].count - difference
            asked = demands[second - int(RULES.out_after_s) : second + 1]
            assert all(one is not None and wanted(one, RULES.fill, RULES) > before for one in asked)
            assert index == 0 or second - made[index - 1][0] >= RULES.settle_s


@given(LOADS, LOADS)
def test_more_load_never_wants_fewer(one: float, other: float) -> None:
    """The size grows with the demand."""
    low, high = sorted((one, other))
    assert wanted(Demand(low), RULES.fill, RULES) <= wanted(Demand(high), RULES.fill, RULES)


def test_five_times_the_load_for_two_minutes_adds_workers_and_takes_them_away_again() -> None:
    """A worker that is filled to 20 % becomes two within seconds of 5 x, and one a quiet minute after it."""
    demands = [Demand(0.2)] * 60 + [Demand(1.0)] * 120 + [Demand(0.2)] * 120
    assert changes(counts(demands, Rules(least=1, most=12))) == [(63, 1), (240, -1)]


def test_what_is_not_known_is_no_quiet_time() -> None:
    """A fleet that gives no figures keeps its size: silence is no reason to take a worker away."""
    assert changes(counts([None] * 60, start=3), start=3) == []


@pytest.mark.parametrize("bad", [{"least": 3, "most": 2}, {"fill": 0.0}, {"slack": 1.0}])
def test_rules_that_contradict_themselves_are_refused(bad: dict[str, float]) -> None:
    """A lower limit above the upper one, or shares outside 0 to 1, say so at once."""
    with pytest.raises(ValueError, match=r"must"):
        Rules(**{"least": 1, "most": 2, **bad})  # type: ignore[arg-type]


def test_an_endless_demand_is_the_most() -> None:
    """A demand without bound asks for `most`."""
    assert wanted(Demand(math.inf), RULES.fill, RULES) == RULES.most
