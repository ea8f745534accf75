"""One plan's matching as it was solved, and solved again with something changed, for receipts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.dispatch.cost import Pairs
from services.dispatch.matching import cheapest_matching
from services.dispatch.warm import Flags, Ints


@dataclass(frozen=True, slots=True)
class Matched:
    """Incidents (`slots`) and engineers (`pairs.supply`) of one plan; `given`: each incident's column, or -1.

    `place` is each pair's incident as its number among `slots`, `cost` what the pair costs (weighted ms).
    `at_once`: whether somebody goes to the incident now; False also where they are only planned for it.
    """

    slots: Ints
    pairs: Pairs
    place: Ints
    cost: Ints
    given: Ints
    at_once: Flags

    @classmethod
    def solve(cls, slots: Ints, pairs: Pairs, cost: Ints) -> Matched:
        """The cheapest matching of these pairs."""
        place = np.searchsorted(slots, pairs.slot)
        shape = (len(slots), len(pairs.supply.rows))
        given = cheapest_matching(place, pairs.column, cost, shape)
        at_once = np.zeros(len(slots), np.bool_)
        chosen = given[place] == pairs.column
        at_once[place[chosen]] = pairs.at_once[chosen]
        return cls(slots, pairs, place, cost, given, at_once)

    def again(self, cost: Ints) -> Ints:
        """What would be given at other costs."""
        return cheapest_matching(self.place, self.pairs.column, cost, self._shape)

    def pairs_of(self, at: int) -> Ints:
        """The numbers of the pairs of the incident `slots[at]`."""
        return np.flatnonzero(self.place == at)

    def pair_of(self, at: int, column: int) -> int:
        """The number of one pair; IndexError where it is not allowed."""
        return int(np.flatnonzero((self.place == at) & (self.pairs.column == column))[0])

    def row_given(self, at: int) -> int:
        """The engineer's row that the plan gives the incident `slots[at]`; -1 for nobody."""
        column = int(self.given[at])
        return int(self.pairs.supply.rows[column]) if column >= 0 else -1

    def slot_given(self, column: int) -> int:
        """The incident's slot that the plan gives the engineer in `column`; -1 for none."""
        at = np.flatnonzero(self.given == column)
        return int(self.slots[at[0]]) if len(at) else -1

    def dearer_with(self, pair: int) -> int:
        """How much dearer (weighted ms) the whole plan would be with this pair in it."""
        at, column = self.place[pair], self.pairs.column[pair]
        others = (self.place != at) & (self.pairs.column != column)
        return self._worth(self.given) - int(self._worths[pair]) - self._worth_of_best(others)

    def dearer_without(self, pair: int) -> int:
        """How much dearer the whole plan would be if this pair were not allowed."""
        others = np.ones(len(self.cost), np.bool_)
        others[pair] = False
        return self._worth(self.given) - self._worth_of_best(others)

    def cheapest_if_served(self, at: int, pairs: Ints) -> int:
        """Of the pairs of the unserved incident `slots[at]` the one that would burden the plan least."""
        cost = self.cost.copy()
        cost[pairs] -= (int(self.cost.max()) - int(self.cost.min()) + 1) * (len(self.slots) + 1)
        return self.pair_of(at, int(self.again(cost)[at]))

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.slots), len(self.pairs.supply.rows)

    @property
    def _worths(self) -> Ints:
        worths: Ints = self.cost.max() + 1 - self.cost
        return worths

    def _worth(self, given: Ints) -> int:
        return int(self._worths[given[self.place] == self.pairs.column].sum())

    def _worth_of_best(self, allowed: np.ndarray) -> int:
        """The worth of the best matching of some of the pairs."""
        given = cheapest_matching(
            self.place[allowed],
            self.pairs.column[allowed],
            self.cost[allowed],
            self._shape,
            dearest=int(self.cost.max()),
        )
        return self._worth(given)
