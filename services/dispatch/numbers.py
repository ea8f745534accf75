"""Numbers for rows and slots: handed out, given back, the lowest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable


class FreeNumbers:
    """Hands out the lowest number that nobody has: the same one whether a region was restored or not."""

    def __init__(self, taken: Iterable[int]) -> None:
        used = set(taken)
        self._next = max(used, default=-1) + 1
        self._returned = [number for number in range(self._next) if number not in used]

    def take(self) -> int:
        """The lowest free number."""
        if self._returned:
            return heapq.heappop(self._returned)
        self._next += 1
        return self._next - 1

    def give_back(self, number: int) -> None:
        """Nobody has this number any more."""
        heapq.heappush(self._returned, number)
