"""How well the engineers of a region cover what is expected to be reported, and what a move would bring.

The cover is the time to a report's answer, averaged over the cells and kinds forecast with their weights, if
the soonest engineer who qualifies went: the idle from where they stand or are going, the others once they are
expected to be free. All sums are of whole numbers below 2**53, so the order of adding is free.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.dispatch.demand import Forecast
from services.dispatch.mirror import weight_unit
from services.dispatch.state import RegionState
from services.dispatch.travel import ms_per_radian, travel_ms_between
from services.dispatch.warm import Floats, Ints

WHOLE = 10_000
"""Shares are in 1/10,000."""
NEVER_MS = 12 * 3_600_000.0
"""Where nobody qualifies; the same whoever moves."""
POSTS_TRIED = 24
"""Cells looked at as posts: those that wait longest, by their share of the demand."""


class Cover:
    """Who answers which cell's reports of which kind how soon: the soonest and the second soonest.

    `soon` (cells x engineers): ms to the answer; `able` (kinds x engineers); shares in 1/10,000.
    """

    def __init__(
        self,
        kinds: Sequence[tuple[str, int]],
        soon: Floats,
        able: NDArray[np.bool_],
        kind_share: Floats,
        cell_share: Floats,
    ) -> None:
        self._kinds = kinds
        self._soon = soon
        self._able = able
        self._shares = kind_share[:, None] * cell_share[None]
        self._look()

    def _look(self) -> None:
        times = np.where(self._able[:, None, :], self._soon[None], NEVER_MS)
        self._holder = times.argmin(axis=2)
        at = self._holder[:, :, None]
        self._first: Floats = np.take_along_axis(times, at, 2)[:, :, 0]
        np.put_along_axis(times, at, NEVER_MS, 2)
        self._second: Floats = times.min(axis=2)

    def longest_waiting(self) -> Ints:
        """The cells to try as posts, the most time to be won first."""
        waits = (self._shares * self._first).sum(axis=0)
        cells: Ints = np.argsort(-waits, kind="stable")[:POSTS_TRIED]
        return cells

    def gains_ms(self, columns: Sequence[int], soon: Floats) -> Floats:
        """How much sooner a report would be answered with each engineer (lines) at each post.

        `soon`: cells x posts. Where somebody else is the soonest, who comes matters to no cell: that is added
        up once for all, and corrected where the engineer who goes away was the soonest.
        """
        nearer = np.maximum(self._first[:, :, None] - soon[None], 0.0)
        usual = np.einsum("kc,kcp->kp", self._shares, nearer)
        brought: Floats = self._able[:, columns].T.astype(np.float64) @ usual
        for line, column in enumerate(columns):
            kinds, cells = np.nonzero((self._holder == column) & self._able[:, [column]])
            first, second = self._first[kinds, cells, None], self._second[kinds, cells, None]
            change = first - np.minimum(second, soon[cells]) - nearer[kinds, cells]
            brought[line] += (self._shares[kinds, cells, None] * change).sum(axis=0)
        return brought / (WHOLE * WHOLE)

    def gains_by_kind_ms(self, column: int, soon: Floats) -> dict[str, float]:
        """What `gains_ms` is made of at one post, by "product/level"; `soon`: cells."""
        kinds = np.flatnonzero(self._able[:, column])
        first = self._first[kinds]
        without = np.where(self._holder[kinds] == column, self._second[kinds], first)
        gained = first - np.minimum(without, soon)
        brought = (self._shares[kinds] * gained).sum(axis=1) / (WHOLE * WHOLE)
        names = ["/".join(map(str, self._kinds[kind])) for kind in kinds.tolist()]
        return dict(zip(names, brought.tolist(), strict=True))

    def move(self, column: int, soon: Floats) -> None:
        """The engineer answers the cells in so many ms from now on."""
        self._soon[:, column] = soon
        self._look()


def cover_of(region: RegionState, seen: Forecast, rows: Ints, places: Floats, ready: Ints) -> Cover:
    """The cover by the engineers in `rows`, free at `places` (3 x rows) in `ready` ms."""
    kinds, weights = _kinds(region, seen)
    engineers = region.warm.engineers
    able = [engineers.levels_of(product)[rows] >= level for product, level in kinds]
    soon = travel_to_cells(region, seen, places) + ready
    return Cover(kinds, soon, np.array(able), _shares(weights), _shares(seen.share))


def travel_to_cells(region: RegionState, seen: Forecast, places: Floats) -> Floats:
    """Milliseconds of travel to each cell (line) from each of `places` (3 x columns)."""
    took = travel_ms_between(seen.places[:, :, None], places[:, None, :], ms_per_radian(region.terms))
    return took.astype(np.float64)


def _kinds(region: RegionState, seen: Forecast) -> tuple[list[tuple[str, int]], Ints]:
    """Products with levels, and the weight of what is reported of them."""
    unit = weight_unit(region.terms)
    weights: dict[tuple[str, int], int] = {}
    for (product, level, tier), count in zip(seen.kinds, seen.kind_share.tolist(), strict=True):
        heavy = count * max(1, round(region.terms.weight[tier] * unit))
        weights[product, level] = weights.get((product, level), 0) + heavy
    return list(weights), np.array(list(weights.values()), np.int64)


def _shares(counts: Ints) -> Floats:
    shares: Floats = (counts * WHOLE // max(1, int(counts.sum()))).astype(np.float64)
    return shares
