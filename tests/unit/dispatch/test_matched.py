"""What another choice would cost the whole plan, against solving it again with that choice."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.cost import Pairs, Supply
from services.dispatch.matched import Matched
from services.dispatch.matching import cheapest_matching

NONE = np.zeros(0, np.int64)


@st.composite
def problems(draw: st.DrawFn) -> Matched:
    """Up to 7 incidents and 6 engineers, some pairs of them, costs with many ties."""
    rows, columns = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    cells = draw(st.lists(st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)), unique=True))
    cells.sort()
    costs = draw(st.lists(st.integers(-9, 9), min_size=len(cells), max_size=len(cells)))
    slot = np.array([row for row, _ in cells], np.int64)
    column = np.array([column for _, column in cells], np.int64)
    supply = Supply(np.arange(columns), np.zeros((3, columns)), NONE, NONE, NONE)
    at_once = np.ones(len(cells), np.bool_)
    pairs = Pairs(slot, column, supply, at_once)
    return Matched.solve(np.arange(rows), pairs, np.array(costs, np.int64))


def worth(matched: Matched, given_: np.ndarray, allowed: np.ndarray) -> int:
    """What a matching of the allowed pairs is worth in the plan's own numbers."""
    worths = matched.cost.max() + 1 - matched.cost
    return int(worths[allowed & (given_[matched.place] == matched.pairs.column)].sum())


def best_of(matched: Matched, allowed: np.ndarray) -> int:
    """The worth of the best matching of some pairs, solved anew."""
    shape = (len(matched.slots), len(matched.pairs.supply.rows))
    place, column = matched.place[allowed], matched.pairs.column[allowed]
    found = cheapest_matching(place, column, matched.cost[allowed], shape, dearest=int(matched.cost.max()))
    return worth(matched, found, allowed)


@given(problems(), st.integers(0, 6))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_what_another_choice_costs_is_what_solving_again_says(matched: Matched, number: int) -> None:
    """Rule: exact for every pair of an incident and for leaving it to nobody, whatever it displaces."""
    at = number % len(matched.slots)
    found = matched.alternatives(at)
    if not len(matched.cost):
        assert not len(found.pairs)
        return
    plan = worth(matched, matched.given, np.ones(len(matched.cost), np.bool_))
    worths = matched.cost.max() + 1 - matched.cost
    for pair, dearer in zip(found.pairs.tolist(), found.dearer.tolist(), strict=True):
        others = (matched.place != at) & (matched.pairs.column != matched.pairs.column[pair])
        assert dearer == plan - int(worths[pair]) - best_of(matched, others)
    if len(found.pairs):
        assert found.with_nobody == plan - best_of(matched, matched.place != at)
