"""The smallest change that would flip a decision: guessed from the costs, then proved by solving again."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from schemas.receipts import Flip, FlipChange
from services.dispatch.inquiry import Inquiry, TooMuchWork
from services.dispatch.moments import MINUTE_MS
from services.dispatch.warm import TURNABLE, WORKING, Ints

FARTHEST_MS = 4 * 60 * MINUTE_MS
PRICE_STEPS = 10
"""Churn prices are tried in tenths of a weighted minute."""
HIGHEST_PRICE = 10_000
"""As high as a policy may set it."""
TRIED_AT_ONCE = 2048

Given = Callable[[int], Ints]
"""A change of so many steps to the matching it leads to."""


def flips_of(inquiry: Inquiry, at: int, rivals: Ints, *, turned: bool) -> list[Flip]:
    """The smallest changes first: of somebody's travel, then of the churn price where turning was a choice.

    `rivals` are pairs that were not chosen, the likeliest first.
    """
    found: list[Flip] = []
    if not inquiry.can_prove:
        return found
    try:
        if turned:
            found += _price_flip(inquiry, at, dearer=True)
        for guess, change, pair in _guesses(inquiry, at, rivals):
            if len(found) >= inquiry.detail.flips + turned:
                break
            found += _travel_flip(inquiry, at, change, pair, guess)
        if inquiry.detail.only is not None:
            found += _more_flips(inquiry, at, rivals, turned=turned)
    except TooMuchWork:
        pass  # what is proved so far is told; the full receipt has more
    return sorted(found, key=lambda flip: (flip.unit, flip.amount))


def _guesses(inquiry: Inquiry, at: int, rivals: Ints) -> list[tuple[int, FlipChange, int]]:
    """Changes of travel (ms) that should flip it, the smallest first: a rival nearer, the chosen farther."""
    found: list[tuple[int, FlipChange, int]] = []
    for pair in rivals[: inquiry.detail.flips].tolist():
        travel = int(inquiry.travel_ms(np.array([pair]))[0])
        guess = _change_for(inquiry, pair, travel, -1, travel, inquiry.dearer_with(pair))
        if guess is not None:
            found.append((guess, "nearer", pair))
    chosen = int(inquiry.matched.given[at])
    if chosen >= 0:
        pair = inquiry.matched.pair_of(at, chosen)
        travel = int(inquiry.travel_ms(np.array([pair]))[0])
        guess = _change_for(inquiry, pair, travel, 1, FARTHEST_MS, inquiry.dearer_without(pair))
        if guess is not None:
            found.append((guess, "farther", pair))
    return sorted(found)


def _travel_flip(inquiry: Inquiry, at: int, change: FlipChange, pair: int, guess: int) -> list[Flip]:
    travel = int(inquiry.travel_ms(np.array([pair]))[0])
    sign, most = (-1, travel) if change == "nearer" else (1, FARTHEST_MS)

    def given(changed: int) -> Ints:
        return inquiry.given_at_travel(pair, travel + sign * changed)

    return _proved(inquiry, at, change, given, guess, most, pair)


def _more_flips(inquiry: Inquiry, at: int, rivals: Ints, *, turned: bool) -> list[Flip]:
    """For a full receipt: the churn price that would have turned somebody, and who is free sooner."""
    found = [] if turned or not _turning_is_a_choice(inquiry, at) else _price_flip(inquiry, at, dearer=False)
    columns = inquiry.matched.pairs.column[rivals]
    working = rivals[inquiry.matched.pairs.supply.standing[columns] == WORKING]
    for pair in working[: inquiry.detail.flips].tolist():
        found += _sooner(inquiry, at, pair)
    return found


def _sooner(inquiry: Inquiry, at: int, pair: int) -> list[Flip]:
    column = int(inquiry.matched.pairs.column[pair])
    ready = int(inquiry.matched.pairs.supply.ready[column])

    def given(sooner: int) -> Ints:
        return inquiry.given_when_free(column, ready - sooner * 1000)

    return _proved(inquiry, at, "free_sooner", given, ready // 2000, ready // 1000, pair, step_ms=1000)


def _price_flip(inquiry: Inquiry, at: int, *, dearer: bool) -> list[Flip]:
    """The churn price above (`dearer`) or below which another decision would have been made."""
    matched, price = inquiry.matched, inquiry.policy.churn_price_weighted_min
    most = round((HIGHEST_PRICE if dearer else price) * PRICE_STEPS)
    sign, guess = (1, 1) if dearer else (-1, max(1, most // 2))
    if dearer:
        lost = inquiry.weighted_min(inquiry.dearer_without(matched.pair_of(at, int(matched.given[at]))))
        guess = max(1, int(lost * PRICE_STEPS) + 1)

    def given(steps: int) -> Ints:
        return inquiry.given_at_churn_price(max(0.0, price + sign * steps / PRICE_STEPS))

    change: FlipChange = "churn_price_above" if dearer else "churn_price_below"
    found = _proved(inquiry, at, change, given, guess, most, None)
    # The last price that does not flip it is the one to name: above it, or below it, it flips.
    return [
        flip.model_copy(update={"amount": round(max(0.0, price + sign * (flip.amount - 1) / PRICE_STEPS), 6)})
        for flip in found
    ]


def _turning_is_a_choice(inquiry: Inquiry, at: int) -> bool:
    """Whether somebody under way to another incident of the plan could be turned to this one."""
    held = inquiry.matched.pairs.supply.held_slot[inquiry.matched.pairs.column[inquiry.matched.pairs_of(at)]]
    held = held[(held >= 0) & (held != inquiry.matched.slots[at])]
    return bool((inquiry.region.warm.incidents.standing[held] == TURNABLE).any())


def _proved(
    inquiry: Inquiry,
    at: int,
    change: FlipChange,
    given: Given,
    guess: int,
    most: int,
    pair: int | None,
    step_ms: int = 1,
) -> list[Flip]:
    """The least number of steps that flips it, by solving again; [] where none does."""
    matched = inquiry.matched
    solved = cache(lambda steps: int(given(steps)[at]))
    least = at_the_guess if inquiry.detail.only is None else least_that_flips
    steps = least(lambda n: solved(n) != matched.given[at], guess, most)
    if steps is None:
        return []
    who = None if pair is None else _name(inquiry, int(matched.pairs.column[pair]))
    then = _name(inquiry, solved(steps))
    if pair is None:
        return [Flip(change=change, amount=steps, unit="weighted_min", then_engineer_id=then)]
    amount = steps * step_ms / 1000
    return [Flip(change=change, amount=amount, unit="s", engineer_id=who, then_engineer_id=then)]


def at_the_guess(flips: Callable[[int], bool], guess: int, most: int) -> int | None:
    """The guess, or one more at a tie, where it flips there and not just below; else None."""
    for steps in (max(guess, 1), max(guess, 1) + 1):
        if steps > most:
            return None
        if flips(steps):
            return steps if steps == 1 or not flips(steps - 1) else None
    return None


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
        tried = np.linspace(below, above, TRIED_AT_ONCE).astype(np.int64)
        enough = np.abs(inquiry.cost_at(pair, travel + sign * tried) - cost) >= difference
        if not enough.any():
            return None
        first = int(np.argmax(enough))
        above = int(tried[first])
        if first == 0 or tried[first - 1] + 1 >= above:
            break
        below = int(tried[first - 1]) + 1
    return above


def _name(inquiry: Inquiry, column: int) -> str | None:
    if column < 0:
        return None
    return inquiry.region.by_row[int(inquiry.matched.pairs.supply.rows[column])].engineer_id
