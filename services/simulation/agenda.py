"""What somebody simulated means to do and when: reminders in order of time, then of setting."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Owner = TypeVar("Owner")


class Agenda(Generic[Owner]):
    """Reminders, each for an owner or for nobody; those of an owner go when the owner does."""

    def __init__(self) -> None:
        self._reminders: list[tuple[datetime, int, Callable[[datetime], None], Owner | None]] = []
        self._set = 0

    def after(
        self, at: datetime, seconds: float, act: Callable[[datetime], None], owner: Owner | None = None
    ) -> datetime:
        """Do `act` the given seconds after `at`, rounded up to whole milliseconds as logs have them."""
        when = at + timedelta(milliseconds=math.ceil(seconds * 1000))
        self._set += 1
        heapq.heappush(self._reminders, (when, self._set, act, owner))
        return when

    def forget(self, owner: Owner) -> None:
        """Drop everything of an owner."""
        self._reminders = [reminder for reminder in self._reminders if reminder[3] is not owner]
        heapq.heapify(self._reminders)

    def due(self) -> datetime | None:
        """When the first reminder is due."""
        return self._reminders[0][0] if self._reminders else None

    def run(self, now: datetime) -> None:
        """Do everything due up to `now`, each at its own moment; what is done may set more."""
        while self._reminders and self._reminders[0][0] <= now:
            when, _, act, _ = heapq.heappop(self._reminders)
            act(when)
