"""A region's next day as a fluid: work flows in, whoever is on duty works it off, the rest waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.dispatch.moments import minutes_ms

SLOT_MS = minutes_ms(30)
SLOTS = 48
HOURS2 = 4000
"""(Engineers x 1000) x slots x slots of one engineer's hour of work that waits for an hour."""


def slots_of(span_ms: int) -> int:
    """Whole slots that cover a span (ms)."""
    return -(-span_ms // SLOT_MS)


@dataclass(frozen=True, slots=True)
class Course:
    """What flows in and who is there, by slot of half an hour, in engineers x 1000 of work."""

    inflow: Sequence[int]
    on_duty: Sequence[int]
    waiting: int = 0
    """What waits at the beginning: (engineers x 1000) x slots."""
    doubts: Sequence[int] = (1000,)
    """The inflow may be so many thousandths of what is expected, each as likely as the others."""

    def with_more(self, engineers: int, since: int, until: int = SLOTS) -> Course:
        """The same day with so many more (or fewer) engineers in these slots."""
        told = [n + 1000 * engineers * (since <= slot < until) for slot, n in enumerate(self.on_duty)]
        return replace(self, on_duty=told)

    def waits(self) -> int:
        """What waits over the day, in (engineers x 1000) x slots x slots; the mean over the doubts."""
        return sum(sum(self._queue(doubt)) for doubt in self.doubts) // len(self.doubts)

    def clear_at(self) -> int:
        """The slot from which nothing waits any more, if all comes as expected."""
        queue = self._queue(1000)
        return next((slot + 1 for slot in range(SLOTS - 1, -1, -1) if queue[slot] > 0), 0)

    def _queue(self, doubt: int) -> list[int]:
        queue, waits = [], self.waiting
        for came, there in zip(self.inflow, self.on_duty, strict=True):
            waits = max(0, waits + came * doubt // 1000 - there)
            queue.append(waits)
        return queue
