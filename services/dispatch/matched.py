"""One plan's matching as it was solved, and solved again with something changed, for receipts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.dispatch.cost import Pairs
from services.dispatch.matching import cheapest_matching
from services.dispatch.warm import Flags, Ints


@dataclass(frozen=True, slots=True)
class Alternatives:
    """How much dearer (weighted ms) the whole plan would be with each pair of one incident in it, or none."""

    pairs: Ints
    dearer: Ints
    with_nobody: int


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

    def alternatives(self, at: int) -> Alternatives:
        """What it would cost to serve the incident `slots[at]` by each of its pairs, or by nobody.

        Shortest paths (Bellman-Ford) over who would take whose place; exact, for costs are whole numbers and
        the matching is the cheapest, so that no round of changes gains anything.
        """
        if not len(self.pairs_of(at)):
            nothing = np.zeros(0, np.int64)
            return Alternatives(nothing, nothing, 0)
        worth = self.cost.max() + 1 - self.cost
        own = int(self.given[at])
        holder, held = self._holders(worth)
        own_worth = int(held[own]) if own >= 0 else 0
        starts = np.flatnonzero(np.r_[True, self.place[1:] != self.place[:-1]])
        matchable = self.place[starts]
        others = np.flatnonzero(np.arange(len(self.slots)) != at)
        own_of = np.where(self.given >= 0, held[self.given], 0)
        moved = np.zeros(len(self.slots), np.int64)
        for _ in range(len(self.slots) + 2):  # no chain of changes is longer
            # What it costs that somebody is left over, or nobody is: the end of every chain of changes.
            over = min(0, int((own_of[others] + moved[others]).min(initial=0)))
            freed = np.where(holder >= 0, held + moved[holder], over)
            if own >= 0:
                freed[own] = 0
            least = np.full(len(self.slots), over)
            best = np.minimum.reduceat(freed[self.pairs.column] - worth, starts)
            least[matchable] = np.minimum(best, over)
            if (least == moved).all():
                break
            moved = least
        pairs = self.pairs_of(at)
        dearer = own_worth - worth[pairs] + freed[self.pairs.column[pairs]]
        return Alternatives(pairs, dearer, own_worth + over)

    def _holders(self, worth: Ints) -> tuple[Ints, Ints]:
        """For each column the place of the incident that it is given to (-1: none), and that pair's worth."""
        chosen = np.flatnonzero(self.given[self.place] == self.pairs.column)
        holder = np.full(self._shape[1], -1, np.int64)
        held = np.zeros(self._shape[1], np.int64)
        holder[self.pairs.column[chosen]] = self.place[chosen]
        held[self.pairs.column[chosen]] = worth[chosen]
        return holder, held

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.slots), len(self.pairs.supply.rows)
