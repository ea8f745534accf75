"""One region's plan in a run: the costs and the matching of the dispatcher, over a whole grid step at once.

What it leaves out of `services.dispatch.plan`: posts, crews formed as a whole, what phones estimate, modes
other than automatic, and the prices that ship at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.dispatch.moments import minutes_ms
from services.dispatch.remaining_work import remaining_ms
from services.dispatch.solver import linear_sum_assignment
from services.dispatch.travel import travel_ms_between
from services.dispatch.warm import ABSENT, IDLE, JOINING, UNDER_WAY, WORKING, Flags, Floats, Ints
from services.whatif.columns import NOBODY, Engineers, Jobs
from services.whatif.country import Country


class Choice(NamedTuple):
    """Who is sent where now (job and engineer), and which jobs are taken back from who was under way."""

    sent: list[tuple[int, int]]
    left: list[int]


@dataclass(frozen=True, slots=True)
class Table:
    """The jobs (`slots`, down) and the engineers (`rows`, across) of one region's plan at `now` (ms)."""

    country: Country
    region: int
    engineers: Engineers
    jobs: Jobs
    now: int
    slots: Ints
    rows: Ints
    backlog_permille: int
    """The waiting weight for each engineer, x 1000."""

    def supply(self) -> tuple[Ints, Floats]:
        """In how many ms each engineer will be free, and where."""
        e, rows = self.engineers, self.rows
        phase, places = e.phase[rows], e.places_at(rows, self.now)
        ready = np.zeros(len(rows), np.int64)
        joining = phase == JOINING
        ready[joining] = np.maximum(e.leg_to[rows[joining]] - self.now, 0)
        places[:, joining] = e.end[:, rows[joining]]
        working = np.flatnonzero(phase == WORKING)
        if len(working):
            who = rows[working]
            line = self.jobs.product[e.held[who]]
            tables = self.country.remaining[self.region]
            left = remaining_ms(self.now - e.began[who], e.expected[who], tables, line)
            ready[working] = left * self.country.policy.soon_free_permille // 1000
        return ready, places

    def allowed(self, arrives: Ints, stays: Flags) -> Flags:
        """Which pairs break no hard rule."""
        e, jobs, slots, rows = self.engineers, self.jobs, self.slots, self.rows
        qualified = e.levels[jobs.product[slots]][:, rows] >= jobs.level[slots][:, None]
        ends = arrives + jobs.expected[slots][:, None]
        in_time = (ends <= e.works_until[rows][None, :]) & (arrives <= jobs.closes[slots][:, None])
        allowed: Flags = qualified & (in_time | stays)
        if self.country.fit:
            for at, slot in enumerate(slots.tolist()):
                fit = self.country.fit.get(slot)
                if fit is not None:
                    allowed[at] &= fit[rows]
        return allowed

    def costs(self, wait: Ints, took: Ints, turnable: Flags) -> Ints:
        """Weight x (wait, and the penalty where the promise would break), the time, less the churn.

        As `services.dispatch.cost`; `turnable`: pairs of those under way with what they are under way to.
        """
        jobs, slots, policy = self.jobs, self.slots, self.country.policy
        postponed = minutes_ms(policy.postpone_min)
        spare = (jobs.promised[slots] - self.now)[:, None]
        breaks = ((spare >= 0) & (wait > spare)).astype(np.int64)
        breaks -= (spare >= 0) & (postponed > spare)
        price = round(policy.backlog_share * self.backlog_permille)
        cost: Ints = price * (took + jobs.expected[slots][:, None]) // 1000
        penalty = int(self.country.penalties[self.region])
        cost += jobs.weight[slots][:, None] * (wait - postponed + penalty * breaks)
        cost -= np.where(turnable, self._churn(), 0)
        return cost

    def _churn(self) -> int:
        """The price of turning an engineer away."""
        policy = self.country.policy
        price = round(minutes_ms(policy.churn_price_weighted_min) * float(self.country.units[self.region]))
        return price + minutes_ms(policy.churn_price_per_backlog_min) * self.backlog_permille // 1000


def choose(
    country: Country, region: int, engineers: Engineers, jobs: Jobs, waiting: Ints, now: int
) -> Choice:
    """Match what waits, and what could be turned, with the region's engineers, as `plan` does."""
    rows = np.flatnonzero((engineers.region == region) & (engineers.phase != ABSENT))
    rows = rows[(engineers.loan_ends[rows] > now) | (engineers.phase[rows] == JOINING)]
    if not len(rows):
        return Choice([], [])
    phase = engineers.phase[rows]
    slots = np.concatenate([waiting, np.sort(engineers.held[rows[phase == UNDER_WAY]])])
    backlog = round(1000 * int(jobs.weight[waiting].sum()) / len(rows))
    table = Table(country, region, engineers, jobs, now, slots, rows, backlog)
    ready, places = table.supply()
    took = travel_ms_between(places[:, None, :], jobs.place[:, slots][:, :, None], country.per_radian[region])
    wait = np.maximum(took + ready, (jobs.opens[slots] - now)[:, None])
    stays = engineers.held[rows][None, :] == slots[:, None]
    cost = table.costs(wait, took, stays & (phase == UNDER_WAY))
    given = _matched(cost, table.allowed(now + wait, stays))
    early = now + took < jobs.not_before[slots][:, None]
    at_once = ((phase == IDLE) | (phase == UNDER_WAY))[None, :] & ~early
    return _carried_out(table, given, at_once)


def _matched(cost: Ints, allowed: Flags) -> Ints:
    """As many as can be served, at the least cost together: each job's column, NOBODY for none."""
    given = np.full(len(cost), NOBODY, np.int64)
    if not allowed.any():
        return given
    worth = np.where(allowed, cost[allowed].max() + 1 - cost, 0).astype(np.float64)
    lines, columns = linear_sum_assignment(worth, maximize=True)
    served = worth[lines, columns] > 0
    given[lines[served]] = columns[served]
    return given


def _carried_out(table: Table, given: Ints, at_once: Flags) -> Choice:
    sent, left = [], []
    who = np.where(given == NOBODY, NOBODY, table.rows[given])
    for at in np.flatnonzero(who != table.jobs.holder[table.slots]).tolist():
        slot, row = int(table.slots[at]), int(who[at])
        if table.jobs.holder[slot] != NOBODY:
            left.append(slot)
        if row != NOBODY and at_once[at, given[at]]:
            sent.append((slot, row))
    return Choice(sent, left)
