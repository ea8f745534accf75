"""A region in an overload: much waits for a scarce skill whose holders are all sent or at work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from schemas.decisions import Decision
from schemas.events import RegionEvent
from services.dispatch.inquiry import STORED
from tests.bench._region import COMMON, END, LIFE, RARE, RARE_SHARE, RegionAtWork

WAITING_SHARE = 0.4
UNDER_WAY_SHARE = 0.4
"""Of the open incidents so many wait; of those in hand so many are under way, and can be turned."""
UNDER_WAY = LIFE[:-1]
HIGHEST_LEVEL = 3


class Overload(RegionAtWork):
    """`open_incidents` with `engineers`: each step of a cycle is one event, told through `fold_one`."""

    def __init__(self, open_incidents: int, engineers: int, seed: int) -> None:
        super().__init__(engineers, seed)
        self.open_incidents = open_incidents
        self.on_site: deque[Decision] = deque()

    def fill(self, advance: Callable[[int], None]) -> None:
        """Bring the region to its load, without receipts: first who has it in hand, then what waits."""
        self.fold.detail = None
        waiting = int(self.open_incidents * WAITING_SHARE)
        rare = int(self.size * RARE_SHARE)
        for number in range(self.open_incidents):
            in_hand = number < self.open_incidents - waiting
            product = RARE if number < rare or not in_hand else self.chance.choice(COMMON)
            decided = self.tell(self.report(product, self.chance.randint(1, HIGHEST_LEVEL)))
            if in_hand:
                self.answer(decided, self._how_far())
            if number % 50 == 0:
                self.tick(1)
            advance(1)
        self.tick(30)
        self.fold.detail = STORED

    def _how_far(self) -> tuple[str, ...]:
        return UNDER_WAY if self.chance.random() < UNDER_WAY_SHARE else LIFE

    def answer(self, decided: Iterable[Decision], said: tuple[str, ...]) -> None:
        """Whoever was sent says these things, untimed."""
        for sent in [one for one in decided if one.kind == "assigned"]:
            for status in said:
                self.tell(self.status(sent, status))  # type: ignore[arg-type]
            if said == LIFE:
                self.on_site.append(sent)

    def cycle(self, fold_one: Callable[[str, RegionEvent], list[Decision]]) -> None:
        """A job ends, something scarce and something common are reported, people move, a second passes."""
        sent = self._ended(fold_one)
        sent += fold_one("report, scarce skill", self.report(RARE, self.chance.randint(1, HIGHEST_LEVEL)))
        sent += fold_one("report, common skill", self.report(self.chance.choice(COMMON)))
        for one in [one for one in sent if one.kind == "assigned"]:
            for status in LIFE:
                fold_one(f"status {status}", self.status(one, status))
            self.on_site.append(one)
        fold_one("positions of 50", self.moves())

    def _ended(self, fold_one: Callable[[str, RegionEvent], list[Decision]]) -> list[Decision]:
        """Two jobs end, so that as many are open as before."""
        sent: list[Decision] = []
        for _ in range(2):
            done = self.on_site.popleft()
            for status in END:
                sent += fold_one(f"status {status}", self.status(done, status))
        return sent
