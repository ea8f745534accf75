"""A run: one future played for some hours by a coarser dispatcher, on a grid of two minutes.

Between two grid points engineers arrive, finish, come on and go off at their own moments; what they and the
reports of that time call for is decided at the grid point and dated back to the moment that called for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.dispatch.moments import minutes_ms
from services.dispatch.needs import FOREVER
from services.dispatch.travel import travel_ms_between
from services.dispatch.warm import ABSENT, IDLE, JOINING, UNDER_WAY, WORKING, Floats, Ints
from services.whatif.columns import NOBODY, Engineers, Jobs
from services.whatif.country import Country
from services.whatif.futures import Future
from services.whatif.planning import choose

GRID_MS = minutes_ms(2)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One engineer of a move: from when (ms) they are another region's, where they go, and until when."""

    engineer: int
    to_region: int
    departs_at: int
    until: int
    staging: Floats


class Run:
    """One arm of one future. `regions`: those that are played; the others stand still."""

    def __init__(
        self, country: Country, future: Future, transfers: Sequence[Transfer], regions: Sequence[int]
    ) -> None:
        self.country, self.regions = country, regions
        self.engineers: Engineers = country.engineers.copy()
        self.engineers.ends = future.ends.copy()
        self.jobs: Jobs = future.jobs.copy()
        self._due = sorted(transfers, key=lambda t: (t.departs_at, t.engineer))
        self._joins_before = minutes_ms(country.policy.lending_joins_min)
        self.now = self._planned_at = country.now
        self._waited = dict.fromkeys(regions, -1)

    def play(self, until: int) -> Jobs:
        """Play up to `until` (ms), on from where it stopped; the jobs as they then stand."""
        while True:
            now = self.now
            self._transfer(now)
            self._advance(now)
            if now >= until:
                return self.jobs
            for region in self.regions:
                self._plan(region, now)
            self._planned_at = now
            self.now = min(now + GRID_MS, until)

    def _advance(self, now: int) -> None:
        """Let happen what has come by `now`: arrivals, ends of work, shifts, ends of loans."""
        e = self.engineers
        arrived = np.flatnonzero((e.phase == UNDER_WAY) & (e.leg_to <= now))
        if len(arrived):
            held = e.held[arrived]
            at = np.maximum(e.leg_to[arrived], self.jobs.opens[held])
            self.jobs.arrived[held] = at
            e.phase[arrived], e.began[arrived] = WORKING, at
            e.expected[arrived], e.ends[arrived] = self.jobs.expected[held], at + self.jobs.work[held]
        done = np.flatnonzero((e.phase == WORKING) & (e.ends <= now))
        if len(done):
            e.phase[done], e.idle_since[done] = IDLE, e.ends[done]
            e.held[done], e.start[:, done] = NOBODY, e.end[:, done]
            e.leg_from[done] = e.leg_to[done] = e.ends[done]
        comes = np.flatnonzero(((e.phase == ABSENT) | (e.phase == JOINING)) & (e.comes_on <= now))
        if len(comes):
            e.phase[comes], e.idle_since[comes] = IDLE, e.comes_on[comes]
            e.comes_on[comes] = FOREVER
        for row in np.flatnonzero(
            (e.phase == IDLE) & (np.minimum(e.works_until, e.loan_ends) <= now)
        ).tolist():
            self._end(row, now)

    def _end(self, row: int, now: int) -> None:
        """The shift or the loan of somebody without work is over."""
        e = self.engineers
        home = int(e.home_region[row])
        if e.works_until[row] <= now or home == NOBODY:
            e.phase[row] = ABSENT
            return
        e.loan_ends[row] = FOREVER
        self._send_away(row, home, e.home[:, row], now)

    def _transfer(self, now: int) -> None:
        """Whose moment has come is the other region's; the work not yet begun goes back to the queue."""
        e = self.engineers
        while self._due and self._due[0].departs_at <= now:
            move = self._due.pop(0)
            row = move.engineer
            if e.phase[row] not in (IDLE, UNDER_WAY):
                continue
            if e.held[row] != NOBODY:
                self._take_back(int(e.held[row]))
            e.loan_ends[row] = move.until
            self._send_away(row, move.to_region, move.staging, now)

    def _send_away(self, row: int, region: int, end: Floats, now: int) -> None:
        e = self.engineers
        start = e.places_at(np.array([row]), now)[:, 0]
        took = self._travel(start, end, region)
        e.go(row, start, end, now, took)
        e.region[row], e.phase[row] = region, JOINING
        e.comes_on[row] = max(now, now + took - self._joins_before)

    def _take_back(self, job: int) -> int:
        """Nobody goes there any more; who did stands idle."""
        row = int(self.jobs.holder[job])
        self.jobs.holder[job] = NOBODY
        self.engineers.phase[row], self.engineers.held[row] = IDLE, NOBODY
        return row

    def _plan(self, region: int, now: int) -> None:
        """Who goes where in a region, where something waits and anything has changed."""
        e, jobs = self.engineers, self.jobs
        waiting = np.flatnonzero(jobs.waiting(now) & (jobs.region == region))
        idle = bool(((e.region == region) & (e.phase == IDLE)).any())
        last = int(waiting[-1]) if len(waiting) else -1
        if not len(waiting) or not (idle or last != self._waited[region]):
            return
        self._waited[region] = last
        choice = choose(self.country, region, e, jobs, waiting, now)
        turned = {self._take_back(job): self._planned_at for job in choice.left}
        for job, row in choice.sent:
            self._send(job, row, now, turned)

    def _send(self, job: int, row: int, now: int, turned: dict[int, int]) -> None:
        """They leave when the report came or they were free, whichever was later, within the last step."""
        e, jobs = self.engineers, self.jobs
        since = int(turned.get(row, e.idle_since[row]))
        at = min(now, max(since, int(jobs.reported[job]), self._planned_at))
        start = e.places_at(np.array([row]), at)[:, 0]
        e.go(row, start, jobs.place[:, job], at, self._travel(start, jobs.place[:, job], int(e.region[row])))
        e.phase[row], e.held[row] = UNDER_WAY, job
        jobs.holder[job] = row

    def _travel(self, start: Floats, end: Floats, region: int) -> int:
        took: Ints = travel_ms_between(start, end, self.country.per_radian[region])
        return int(took)
