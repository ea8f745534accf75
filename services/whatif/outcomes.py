"""What one run came to, region by region."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from schemas.base import TIERS
from services.dispatch.moments import MINUTE_MS
from services.dispatch.needs import FOREVER
from services.dispatch.warm import ABSENT, Ints
from services.whatif.columns import Engineers, Jobs


class Outcome(NamedTuple):
    """One region in one run; see `schemas.whatif.RegionFuture` for what each figure means."""

    incidents: float
    waited_min: float
    broken_platinum: float
    broken_gold: float
    broken_silver: float
    left_waiting: float
    left_work_min: float
    stranded: float

    def less(self, other: Outcome) -> Outcome:
        """The difference, figure by figure."""
        return Outcome(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def outcomes_of(jobs: Jobs, engineers: Engineers, regions: int, now: int, until: int) -> list[Outcome]:
    """What happened between `now` and `until` (ms), by region."""
    arrived = whole_crews(jobs)
    heads = np.flatnonzero(jobs.head == np.arange(len(jobs.head)))
    heads = heads[(arrived[heads] > now) & (jobs.reported[heads] < until)]
    came = arrived[heads]
    waited = np.minimum(came, until) - jobs.reported[heads]
    promised = jobs.promised[heads]
    broken = (promised > now) & (promised <= until) & (came > promised)
    left = came > until
    left_rows = heads[left & (jobs.arrived[heads] > until)]
    nobody = np.zeros(len(jobs.head), np.bool_)
    nobody[left_rows] = ~_somebody(jobs, engineers, left_rows)
    broken_by_tier = np.zeros((regions, len(TIERS)), np.int64)
    np.add.at(broken_by_tier, (jobs.region[heads[broken]], jobs.tier[heads[broken]]), 1)
    broken_by = broken_by_tier.tolist()
    found = []
    for region in range(regions):
        mine = jobs.region[heads] == region
        count = int(mine.sum())
        found.append(
            Outcome(
                incidents=count,
                waited_min=float(waited[mine].sum()) / MINUTE_MS / max(1, count),
                broken_platinum=broken_by[region][0],
                broken_gold=broken_by[region][1],
                broken_silver=broken_by[region][2],
                left_waiting=int((left & mine).sum()),
                left_work_min=float(jobs.expected[heads][left & mine].sum()) / MINUTE_MS,
                stranded=int(nobody[heads[mine]].sum()),
            )
        )
    return found


def whole_crews(jobs: Jobs) -> Ints:
    """When each incident was answered (ms), at the row of its head: a crew is there with its last."""
    last = jobs.arrived.copy()
    np.maximum.at(last, jobs.head, jobs.arrived)
    return np.minimum(last, FOREVER)


def _somebody(jobs: Jobs, engineers: Engineers, rows: Ints) -> np.ndarray:
    """Whether anybody on duty in the region is qualified."""
    here = engineers.region[None, :] == jobs.region[rows][:, None]
    able = engineers.levels[jobs.product[rows]] >= jobs.level[rows][:, None]
    found: np.ndarray = (here & able & (engineers.phase != ABSENT)[None, :]).any(axis=1)
    return found
