"""The smallest change that would flip a decision: guessed from the costs, then proved by solving again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from schemas.receipts import Flip
from services.dispatch.inquiry import Inquiry
from services.dispatch.moments import MINUTE_MS
from services.dispatch.warm import TURNABLE, WORKING, Ints

FARTHEST_MS = 24 * 60 * MINUTE_MS
PRICE_STEPS = 10
"""Churn prices are tried in tenths of a weighted minute."""
HIGHEST_PRICE = 10_000
"""As high as a policy may set it."""
SOLVES_A_FLIP = 5
SOLVES_A_PRICE = 20

Given = Callable[[int], Ints]
"""A change of so many steps to the matching it leads to."""


def travel_flips(inquiry: Inquiry, at: int, rivals: Ints) -> Iterator[Flip]:
    """How much nearer (or sooner free) each of the `rivals` must be, how much farther the chosen one."""
    matched, supply = inquiry.matched, inquiry.matched.pairs.supply
    chosen = int(matched.given[at])
    for pair in rivals.tolist():
        if not inquiry.may_solve(SOLVES_A_FLIP):
            return
        column = int(matched.pairs.column[pair])
        found = _nearer(inquiry, at, pair)
        if found is None and supply.standing[column] == WORKING:
            found = _sooner(inquiry, at, column)
        if found is not None:
            yield found
    if chosen >= 0 and inquiry.may_solve(SOLVES_A_FLIP):
        farther = _farther(inquiry, at, matched.pair_of(at, chosen))
        if farther is not None:
            yield farther


def _nearer(inquiry: Inquiry, at: int, pair: int) -> Flip | None:
    travel = int(inquiry.travel_ms(np.array([pair]))[0])
    saved = inquiry.matched.dearer_with(pair)

    def given(nearer: int) -> Ints:
        return inquiry.given_at_travel(pair, travel - nearer)

    guess = _change_for(inquiry, pair, travel, -1, travel, saved)
    return None if guess is None else _flip(inquiry, at, "nearer", pair, given, guess, travel)


def _farther(inquiry: Inquiry, at: int, pair: int) -> Flip | None:
    travel = int(inquiry.travel_ms(np.array([pair]))[0])
    lost = inquiry.matched.dearer_without(pair)

    def given(farther: int) -> Ints:
        return inquiry.given_at_travel(pair, travel + farther)

    guess = _change_for(inquiry, pair, travel, 1, FARTHEST_MS, lost)
    return None if guess is None else _flip(inquiry, at, "farther", pair, given, guess, FARTHEST_MS)


def _sooner(inquiry: Inquiry, at: int, column: int) -> Flip | None:
    ready = int(inquiry.matched.pairs.supply.ready[column])
    pair = inquiry.matched.pair_of(at, column)
    if not inquiry.may_solve(SOLVES_A_PRICE):
        return None

    def given(sooner: int) -> Ints:
        return inquiry.given_when_free(column, ready - sooner * 1000)

    return _flip(inquiry, at, "free_sooner", pair, given, ready // 2000, ready // 1000, step_ms=1000)


def _flip(
    inquiry: Inquiry, at: int, change: str, pair: int, given: Given, guess: int, most: int, step_ms: int = 1
) -> Flip | None:
    matched = inquiry.matched
    steps = least_that_flips(lambda n: given(n)[at] != matched.given[at], guess, most)
    if steps is None:
        return None
    supply = matched.pairs.supply
    row = int(supply.rows[matched.pairs.column[pair]])
    return Flip.model_validate(
        {
            "change": change,
            "amount": steps * step_ms / 1000,
            "unit": "s",
            "engineer_id": inquiry.region.by_row[row].engineer_id,
            "then_engineer_id": _who(inquiry, int(given(steps)[at])),
        }
    )


def price_flip(inquiry: Inquiry, at: int, *, dearer: bool) -> Flip | None:
    """The churn price above (`dearer`) or below which another decision would have been made."""
    matched, price = inquiry.matched, inquiry.policy.churn_price_weighted_min
    if not inquiry.may_solve(SOLVES_A_PRICE):
        return None
    most = round((HIGHEST_PRICE if dearer else price) * PRICE_STEPS)
    sign = 1 if dearer else -1

    def given(steps: int) -> Ints:
        return inquiry.given_at_churn_price(max(0.0, price + sign * steps / PRICE_STEPS))

    steps = least_that_flips(lambda n: given(n)[at] != matched.given[at], max(1, most // 50), most)
    if steps is None:
        return None
    # The last price that does not flip it is the one to name: above it, or below it, it flips.
    return Flip(
        change="churn_price_above" if dearer else "churn_price_below",
        amount=round(max(0.0, price + sign * (steps - 1) / PRICE_STEPS), 6),
        unit="weighted_min",
        then_engineer_id=_who(inquiry, int(given(steps)[at])),
    )


def turning_is_a_choice(inquiry: Inquiry, at: int) -> bool:
    """Whether somebody under way to another incident of the plan could be turned to this one."""
    held = inquiry.matched.pairs.supply.held_slot[inquiry.matched.pairs.column[inquiry.matched.pairs_of(at)]]
    held = held[(held >= 0) & (held != inquiry.matched.slots[at])]
    return bool((inquiry.region.warm.incidents.standing[held] == TURNABLE).any())


def least_that_flips(flips: Callable[[int], bool], guess: int, most: int) -> int | None:
    """The least whole number from 1 to `most` at which it flips and just below which it does not."""
    if most < 1:
        return None
    below, above = 0, min(max(guess, 1), most)
    if not flips(above):
        below, above = above, above + 1
        if above > most:
            return None
        if not flips(above):
            below, above = above, most
            if not flips(above):
                return None
    elif above > 1 and not flips(above - 1):
        return above
    while above - below > 1:
        middle = (below + above) // 2
        if flips(middle):
            above = middle
        else:
            below = middle
    return above


def _change_for(
    inquiry: Inquiry, pair: int, travel: int, sign: int, most: int, difference: int
) -> int | None:
    """The least change of a pair's travel (ms) that changes its cost by `difference`; None: none does."""
    cost = int(inquiry.matched.cost[pair])
    below, above = 0, most
    while above > below:
        tried = np.unique(np.linspace(below, above, 64).astype(np.int64))
        enough = np.abs(inquiry.cost_at(pair, travel + sign * tried) - cost) >= difference
        if not enough.any():
            return None
        first = int(np.argmax(enough))
        above = int(tried[first])
        if first == 0 or tried[first - 1] + 1 >= above:
            break
        below = int(tried[first - 1]) + 1
    return above


def _who(inquiry: Inquiry, column: int) -> str | None:
    if column < 0:
        return None
    return inquiry.region.by_row[int(inquiry.matched.pairs.supply.rows[column])].engineer_id
