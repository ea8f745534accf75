"""The smallest change that would have led to another posting: found by weighing every move again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from schemas.base import Place
from schemas.postings import PostingChange, PostingFlip
from services.dispatch.flips import FARTHEST_MS, least_that_flips
from services.dispatch.moves import Round

STEPS = 100
"""Prices and reports are tried in hundredths."""
HIGHEST_PRICE = 10_000
"""As high as a policy may set it."""
MOST_REPORTS = 10
"""So many times what is expected."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One number that may be another: `at` so many steps; `whole` is how many would double or undo it."""

    change: PostingChange
    unit: Literal["weighted_min_per_km", "per_hour", "s"]
    at: Callable[[int], Round]
    most: int
    whole: float
    amount: Callable[[int], float]
    line: int | None = None

    def leads_elsewhere_than(self, best: tuple[int, int]) -> Callable[[int], bool]:
        """Whether so many steps lead to another posting."""
        return lambda steps: self.at(steps).best() != best


def flips_of(
    weighed: Round,
    best: tuple[int, int],
    engineer: Callable[[int], str],
    place: Callable[[int], Place],
    most: int,
) -> list[PostingFlip]:
    """The changes that lead to another posting, the smallest beside what is changed first.

    The worth of a move is linear in each number or falls with it, so what has flipped does not flip back:
    halving the span finds the least step, and each is proved by weighing all moves again.
    """
    found: list[tuple[float, PostingFlip]] = []
    for change in _changes(weighed, best):
        steps = least_that_flips(change.leads_elsewhere_than(best), change.most // 2, change.most)
        if steps is None:
            continue
        then = change.at(steps).best()
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
    yield _travel(weighed, best, "farther", 1, FARTHEST_MS)
    for line, place in enumerate(weighed.worth().argmax(axis=1).tolist()):
        if line != best[0]:
            yield _travel(weighed, (line, place), "nearer", -1, int(weighed.travel_ms[line, place]))


def _number(
    weighed: Round, name: Literal["price_per_km", "per_hour"], change: PostingChange, sign: int, most: int
) -> _Change:
    value = getattr(weighed, name)

    def changed(steps: int) -> Any:
        return max(0.0, value + sign * steps / STEPS)

    return _Change(
        change=change,
        unit="per_hour" if name == "per_hour" else "weighted_min_per_km",
        at=lambda steps: replace(weighed, **{name: changed(steps)}),
        most=most,
        whole=max(1.0, value * STEPS),
        # The last number that does not flip it is the one to name: above it, or below it, it flips.
        amount=lambda steps: changed(steps - 1),
    )


def _travel(weighed: Round, move: tuple[int, int], change: PostingChange, sign: int, most_ms: int) -> _Change:
    def at(ms: int) -> Round:
        took = weighed.travel_ms.copy()
        took[move] += sign * ms
        return replace(weighed, travel_ms=took)

    whole = max(1.0, float(weighed.travel_ms[move]))
    return _Change(change, "s", at, most_ms, whole, lambda ms: ms / 1000, move[0])
