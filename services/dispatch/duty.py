"""How long somebody may still work: daily rest, breaks and the week, as the region's rules have them.

Whoever is on shift and not on a break works, also while waiting for a job: they are at the employer's
disposal (Directive 2003/88/EC article 2). Spans are elapsed time, so a clock change neither gives nor takes
an hour; the week begins on Monday 00:00 by the region's own clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.regions import RegionRules
from services.dispatch.moments import minutes_ms, to_moment, to_ms

DAY_MS = 24 * 60 * 60 * 1000
WEEK = timedelta(days=7)


class WorkingTime(NamedTuple):
    """A region's rules in milliseconds, and its time zone."""

    zone: str
    daily_rest_ms: int
    break_after_ms: int
    break_ms: int
    week_max_ms: int


@lru_cache(maxsize=1024)
def working_time(rules: RegionRules, zone: str) -> WorkingTime:
    """The rules as whole numbers."""
    minutes = (rules.daily_rest_min, rules.break_after_min, rules.break_min, rules.week_max_min)
    return WorkingTime(zone, *(minutes_ms(number) for number in minutes))


@dataclass(slots=True)
class Duty:
    """What is counted of one engineer; times and spans in milliseconds."""

    carried_ms: int = 0
    """Worked without a break before the registered start; counts once."""
    began_at: int | None = None
    """When the duty began that no daily rest has ended."""
    unbroken_since: int | None = None
    counted_from: int | None = None
    """Works since then, not yet in `week_ms`; None: off shift or on a break."""
    paused_at: int | None = None
    off_since: int | None = None
    week_from: int = 0
    week_ms: int = 0
    break_ends_at: int | None = None
    """When a break that the rule ordered is over."""

    def go_on(self, at: int, rules: WorkingTime) -> None:
        """Work begins or goes on: after a daily rest all counts anew, after a whole break only the break."""
        rested = self.off_since is not None and at - self.off_since >= rules.daily_rest_ms
        carried, self.carried_ms = self.carried_ms, 0
        if self.began_at is None or rested:
            self.began_at = self.unbroken_since = at - carried
        elif self.paused_at is not None and at - self.paused_at >= rules.break_ms:
            self.unbroken_since = at
        self._turn_week(at, rules)
        self.counted_from = at
        self.paused_at = self.off_since = self.break_ends_at = None

    def pause(self, at: int, rules: WorkingTime, *, off_shift: bool) -> None:
        """A break begins, or the shift ends."""
        if self.counted_from is not None:
            self._turn_week(at, rules)
            self.week_ms += at - self.counted_from
            self.counted_from = None
        if self.paused_at is None:
            self.paused_at = at
        if off_shift:
            self.off_since, self.break_ends_at = at, None

    def _turn_week(self, at: int, rules: WorkingTime) -> None:
        """Start a new week's count where a Monday has passed since the last one."""
        monday = week_start(at, rules.zone)
        if monday > self.week_from:
            self.week_from, self.week_ms = monday, 0
            if self.counted_from is not None:
                self.counted_from = max(self.counted_from, monday)

    def limits(self, rules: WorkingTime) -> dict[str, int]:
        """Until when (ms) each rule lets them work, by its word; empty while nothing is counted."""
        if self.counted_from is None or self.began_at is None or self.unbroken_since is None:
            return {}
        return {
            "rest": self.began_at + DAY_MS - rules.daily_rest_ms,
            "break": self.unbroken_since + rules.break_after_ms,
            "week": self._week_limit(self.counted_from, rules),
        }

    def _week_limit(self, counted_from: int, rules: WorkingTime) -> int:
        """What is left of this week's hours; where Monday comes before they are used up, the next week's."""
        limit = counted_from + max(0, rules.week_max_ms - self.week_ms)
        monday = next_week(self.week_from, rules.zone)
        return limit if limit <= monday else monday + rules.week_max_ms


def week_start(at: int, zone: str) -> int:
    """The Monday 00:00 (ms) of the week that `at` lies in, by the zone's clocks."""
    there = to_moment(at).astimezone(ZoneInfo(zone))
    return _midnight(there - timedelta(days=there.weekday()), zone)


@lru_cache(maxsize=1024)
def next_week(monday: int, zone: str) -> int:
    """The Monday after: 167 or 169 hours later where the clocks change."""
    return _midnight(to_moment(monday).astimezone(ZoneInfo(zone)) + WEEK, zone)


def _midnight(day: datetime, zone: str) -> int:
    return to_ms(datetime.combine(day.date(), time(), ZoneInfo(zone)))
