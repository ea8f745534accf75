"""Scenario time while a scenario is played: the start plus wall time times the speed, whatever stalls."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class FeedClock:
    """The feed's clock: it stands at `start` until `run()`, then follows the wall, `speed` times as fast.

    It never waits for the system that is being fed: what a stall costs is seen in scenario time.
    """

    def __init__(self, start: datetime, speed: float) -> None:
        if speed <= 0:
            raise ValueError("a scenario is played at a speed above 0")
        self.start = start
        self.speed = speed
        self._began_s: float | None = None

    def run(self) -> None:
        """Let it go; a second call changes nothing."""
        if self._began_s is None:
            self._began_s = time.monotonic()

    @property
    def wall_s(self) -> float:
        """Wall seconds since `run()`."""
        return 0.0 if self._began_s is None else time.monotonic() - self._began_s

    def now(self) -> datetime:
        """The scenario's time at this moment."""
        return self.start + timedelta(seconds=self.wall_s * self.speed)

    def wall_s_until(self, moment: datetime) -> float:
        """Wall seconds from now until the scenario reaches this moment; 0 where it has."""
        return max((moment - self.now()).total_seconds() / self.speed, 0.0)
