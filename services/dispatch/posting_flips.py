"""The smallest change that would have led to another posting: found by weighing every move again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from schemas.base import Place
from schemas.postings import PostingChange, PostingFlip
from services.dispatch.flips import FARTHEST_MS, least_that_flips
from services.dispatch.moves import Round
from services.dispatch.warm import Floats

STEPS = 100
"""Prices and reports are tried in hundredths."""
HIGHEST_PRICE = 10_000
"""As high as a policy may set it."""
MOST_REPORTS = 10
"""So many times what is expected."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One number that may be another: the best move `best_at` so many steps of it.

    `whole`: how many steps would double it or undo it.
    """

    change: PostingChange
    unit: Literal["weighted_min_per_km", "per_hour", "s"]
    best_at: Callable[[int], tuple[int, int] | None]
    most: int
    whole: float
    amount: Callable[[int], float]
    line: int | None = None

    def leads_elsewhere_than(self, best: tuple[int, int]) -> Callable[[int], bool]:
        """Whether so many steps lead to another posting."""
        return lambda steps: self.best_at(steps) != best


def flips_of(
    weighed: Round,
    best: tuple[int, int],
    engineer: Callable[[int], str],
    place: Callable[[int], Place],
    most: int,
) -> list[PostingFlip]:
    """The changes that lead to another posting, the smallest beside what is changed first.

    The worth of a move is linear in each number or falls with it, so what has flipped does not flip back:
    halving the span finds the least step, and each is proved by weighing the moves again.
    """
    found: list[tuple[float, PostingFlip]] = []
    for change in _changes(weighed, best):
        steps = least_that_flips(change.leads_elsewhere_than(best), change.most // 2, change.most)
        if steps is None:
            continue
        then = change.best_at(steps)
        flip = PostingFlip(
            change=change.change,
            amount=round(change.amount(steps), 6),
            unit=change.unit,
            engineer_id=None if change.line is None else engineer(change.line),
            then_engineer_id=None if then is None else engineer(then[0]),
            then_place=None if then is None else place(then[1]),
        )
        found.append((steps / change.whole, flip))
    found.sort(key=lambda one: one[0])
    return [flip for _, flip in found[:most]]


def _changes(weighed: Round, best: tuple[int, int]) -> Iterator[_Change]:
    dearest = round((HIGHEST_PRICE - weighed.price_per_km) * STEPS)
    many = round((MOST_REPORTS - 1) * weighed.per_hour * STEPS)
    yield _number(weighed, "price_per_km", "road_price_above", 1, dearest)
    yield _number(weighed, "price_per_km", "road_price_below", -1, round(weighed.price_per_km * STEPS))
    yield _number(weighed, "per_hour", "reports_above", 1, many)
    yield _number(weighed, "per_hour", "reports_below", -1, round(weighed.per_hour * STEPS))
    worth = weighed.worth()
    yield _travel(weighed, worth, best, "farther", 1, FARTHEST_MS)
    for line, place in enumerate(worth.argmax(axis=1).tolist()):
        if line != best[0]:
            most_ms = int(weighed.travel_ms[line, place])
            yield _travel(weighed, worth, (line, place), "nearer", -1, most_ms)


def _number(
    weighed: Round, name: Literal["price_per_km", "per_hour"], change: PostingChange, sign: int, most: int
) -> _Change:
    value = getattr(weighed, name)

    def changed(steps: int) -> Any:
        return max(0.0, value + sign * steps / STEPS)

    return _Change(
        change=change,
        unit="per_hour" if name == "per_hour" else "weighted_min_per_km",
        best_at=lambda steps: replace(weighed, **{name: changed(steps)}).best(),
        most=most,
        whole=max(1.0, value * STEPS),
        # The last number that does not flip it is the one to name: above it, or below it, it flips.
        amount=lambda steps: changed(steps - 1),
    )


def _travel(
    weighed: Round,
    worth: Floats,
    move: tuple[int, int],
    change: PostingChange,
    sign: int,
    most_ms: int,
) -> _Change:
    """Another travel of one move alone: the others stay worth what they are, so their best is found once."""
    took_ms = int(weighed.travel_ms[move])
    others = worth.copy()
    others[move] = -np.inf
    rival = weighed.first_of(others)
    rivals = float(others[rival])

    def best_at(ms: int) -> tuple[int, int] | None:
        own = weighed.worth_at(*move, took_ms + sign * ms)
        first = move if own > rivals or (own == rivals and move < rival) else rival
        return first if max(own, rivals) > weighed.least else None

    return _Change(change, "s", best_at, most_ms, max(1.0, float(took_ms)), lambda ms: ms / 1000, move[0])
