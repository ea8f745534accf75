"""How many go from where to where, and who had better be at home: the least waiting over the country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.surge.course import HOURS2, SLOTS, Course
from services.surge.policy import LendingPolicy

MOST_MOVES = 200


@dataclass(slots=True)
class Gain:
    """What one way's moves are expected to save there and to cost here, in the unit of `Course.waits`."""

    count: int = 0
    saved: int = 0
    cost: int = 0


@dataclass(slots=True)
class Balance:
    """Every region's day as it is expected, changed move by move.

    `travel`: slots from one region to another, by (from, to). `whole`: each home's day had it lent nobody.
    `strength`: how many engineers each has of its own.
    """

    policy: LendingPolicy
    courses: dict[str, Course]
    travel: Mapping[tuple[str, str], int]
    whole: Mapping[str, Course]
    strength: Mapping[str, int]
    closed: frozenset[tuple[str, str]] = frozenset()
    """Ways that a border closes."""

    def sent(self, room: Mapping[str, int], needy: list[str]) -> dict[tuple[str, str], Gain]:
        """How many each donor sends to each region in need, the best move first, while one is worth it."""
        left, moves = dict(room), dict[tuple[str, str], Gain]()
        for _ in range(MOST_MOVES):
            options = [
                (self._worth_of_going(home, to), home, to)
                for home in sorted(left)
                for to in needy
                if left[home] > 0 and (home, to) not in self.closed
            ]
            worth, home, to = max(options, default=(0, "", ""))
            if worth <= 0:
                break
            gain = moves.setdefault((home, to), Gain())
            gain.count, gain.saved = gain.count + 1, gain.saved + self._saved(home, to)
            gain.cost += self._cost(home, to)
            self._go(home, to)
            left[home] -= 1
        return moves

    def recalled(self, lent: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        """How many of those lent, by (home, to), had better go home now, the least needed first.

        Where one of the two has fallen silent nobody can say: they stay until their loan ends.
        """
        left = {way: count for way, count in lent.items() if way in self.travel}
        moves = dict[tuple[str, str], int]()
        for _ in range(MOST_MOVES):
            options = [(self._worth_of_staying(*way), *way) for way in sorted(left) if left[way] > 0]
            worth, home, to = min(options, default=(0, "", ""))
            if worth >= 0:
                break
            self._come_home(home, to)
            left[home, to] -= 1
            moves[home, to] = moves.get((home, to), 0) + 1
        return moves

    def _worth_of_going(self, home: str, to: str) -> int:
        """What the receiver saves, less what the donor loses at its price and what any move must save."""
        saved, cost = self._saved(home, to), self._cost(home, to)
        after = self.courses[home].waits() + cost
        bearable = round(self.policy.donor_loses_h * self.strength[home] * HOURS2)
        if after - self.whole[home].waits() > bearable:
            return -1
        price, least = self.policy.donor_price_permille, round(self.policy.least_saved_h * HOURS2)
        return saved - cost * price // 1000 - least

    def _saved(self, home: str, to: str) -> int:
        """What one more waits less there."""
        there = self.courses[to]
        return there.waits() - there.with_more(1, self.travel[home, to]).waits()

    def _cost(self, home: str, to: str) -> int:
        """What waits more here without one of them until they are back."""
        here = self.courses[home]
        return here.with_more(-1, 0, self._back_at(home, to)).waits() - here.waits()

    def _worth_of_staying(self, home: str, to: str) -> int:
        """What the receiver would lose, less what home would win at its price; half a move's worth holds."""
        there = self.courses[to]
        lost = there.with_more(-1, 0).waits() - there.waits()
        here = self.courses[home]
        won = here.waits() - here.with_more(1, self.travel[home, to], self._back_at(home, to)).waits()
        price = self.policy.donor_price_permille // 2
        return lost - won * price // 1000 - round(self.policy.least_saved_h * HOURS2 / 8)

    def _back_at(self, home: str, to: str) -> int:
        """When whoever is lent will be home again: after what waits there is done, and the journey."""
        journey = self.travel[home, to]
        return min(SLOTS, max(self.courses[to].clear_at(), journey) + journey)

    def _go(self, home: str, to: str) -> None:
        self.courses[home] = self.courses[home].with_more(-1, 0, self._back_at(home, to))
        self.courses[to] = self.courses[to].with_more(1, self.travel[home, to])

    def _come_home(self, home: str, to: str) -> None:
        back = self._back_at(home, to)
        self.courses[home] = self.courses[home].with_more(1, self.travel[home, to], back)
        self.courses[to] = self.courses[to].with_more(-1, 0)
