"""What posting adds up quickly is what it would add up slowly, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from schemas.base import Place
from services.dispatch.cover import NEVER_MS, WHOLE, Cover
from services.dispatch.moves import Round
from services.dispatch.posting_flips import flips_of
from services.dispatch.warm import Floats

KINDS, CELLS, ENGINEERS, POSTS = 5, 17, 9, 4


def a_cover(chance: Generator) -> tuple[Cover, Floats, np.ndarray, Floats]:
    """Engineers at random, some of whom can do nothing, and one kind that nobody can do."""
    soon = chance.integers(0, 9_000_000, (CELLS, ENGINEERS)).astype(np.float64)
    able = chance.random((KINDS, ENGINEERS)) < 0.4
    able[2] = False
    kinds = [("core", level) for level in range(KINDS)]
    kind_share, cell_share = (
        chance.integers(0, WHOLE // count, count).astype(np.float64) for count in (KINDS, CELLS)
    )
    return Cover(kinds, soon, able, kind_share, cell_share), soon, able, kind_share[:, None] * cell_share


def answered_ms(soon: Floats, able: np.ndarray, shares: Floats) -> float:
    """The time to the soonest who can, over all cells and kinds with their shares."""
    times = np.where(able[:, None, :], soon[None], NEVER_MS)
    return float((shares * times.min(axis=2)).sum())


@pytest.mark.parametrize("seed", range(8))
def test_what_a_move_brings_is_the_difference_it_makes_to_the_whole_cover(seed: int) -> None:
    """Rule: with the engineer elsewhere everything is answered by so much sooner."""
    chance = default_rng(seed)
    cover, soon, able, shares = a_cover(chance)
    there = chance.integers(0, 9_000_000, (CELLS, POSTS)).astype(np.float64)
    gains = cover.gains_ms(range(ENGINEERS), there)
    before = answered_ms(soon, able, shares)
    for engineer in range(ENGINEERS):
        for post in range(POSTS):
            moved = soon.copy()
            moved[:, engineer] = there[:, post]
            assert gains[engineer, post] == (before - answered_ms(moved, able, shares)) / (WHOLE * WHOLE)
    some = cover.gains_ms([4, 1], there)
    assert (some == gains[[4, 1]]).all()


def a_round(chance: Generator) -> Round:
    """Moves at random; some are worth the same."""
    travel = chance.integers(0, 2_400_000, (ENGINEERS, POSTS))
    travel[3] = travel[5]
    sooner = chance.integers(0, 600_000, (ENGINEERS, POSTS)).astype(np.float64)
    sooner[3] = sooner[5]
    numbers = dict(zip(("per_hour", "mean_weight", "price_per_km"), chance.random(3) * 5, strict=True))
    return Round(
        columns=tuple(range(ENGINEERS)),
        posts=np.arange(POSTS),
        sooner_ms=sooner,
        travel_ms=travel,
        horizon_min=30.0,
        least=-1e6,
        ms_per_km=90_000.0,
        circuity=1.3,
        **numbers,
    )


@pytest.mark.parametrize("seed", range(8))
def test_one_moves_worth_is_its_place_in_the_worth_of_all(seed: int) -> None:
    """Rule: the same arithmetic, so that a flip is found where weighing all again would find it."""
    chance = default_rng(seed)
    weighed = a_round(chance)
    travel = chance.integers(0, 9_000_000, weighed.travel_ms.shape)
    worth = replace(weighed, travel_ms=travel).worth()
    for (line, place), ms in np.ndenumerate(travel):
        assert weighed.worth_at(line, place, int(ms)) == worth[line, place]


@pytest.mark.parametrize("seed", range(8))
def test_a_flip_of_travel_is_proved_by_weighing_all_moves_again(seed: int) -> None:
    """Rule: at the amount named the posting is another, and a millisecond before it is not."""
    weighed = a_round(default_rng(seed))
    best = weighed.best()
    assert best is not None
    flips = flips_of(weighed, best, str, lambda post: Place(lat=post, lon=0), 50)
    travels = [flip for flip in flips if flip.unit == "s"]
    assert travels
    likeliest = weighed.worth().argmax(axis=1)
    for flip in travels:
        line = int(flip.engineer_id or 0)
        move = (line, best[1] if flip.change == "farther" else int(likeliest[line]))
        sign, ms = (1 if flip.change == "farther" else -1), round(flip.amount * 1000)
        for steps, other in ((ms, True), (ms - 1, False)):
            travel = weighed.travel_ms.copy()
            travel[move] += sign * steps
            assert (replace(weighed, travel_ms=travel).best() != best) is other
