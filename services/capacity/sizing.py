"""From a demand to a count: out soon, in late, never to and fro."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and patience for one kind of process.

    `fill` is the share of one process that is planned with; a process is taken away only where the rest
    would stay `slack` below that. Between the two lies the band in which nothing changes, so that a load
    that wavers by less than `slack` changes nothing. Times in seconds.
    """

    least: int
    most: int
    fill: float = 0.5
    slack: float = 0.25
    out_after_s: float = 3.0
    """How long more must be wanted before more are started: a single burst is worked off."""
    in_after_s: float = 60.0
    """How quiet it must have been before one is taken away, and again before the next."""
    settle_s: float = 15.0
    """After a change nothing is added for so long: what a rebalance does to the figures is no demand."""

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most:
            raise ValueError(f"least {self.least} to most {self.most}: least must not be above most")
        if not (0 < self.fill <= 1 and 0 < self.slack < 1):
            raise ValueError(f"fill {self.fill} and slack {self.slack} must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for, in processes that do nothing else; `drained` says that nothing old waits."""

    processes: float
    drained: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """The count that is wanted now, and since when it has been too small or too large."""

    count: int
    changed_at_s: float = -math.inf
    short_since_s: float | None = None
    short_by: int = 0
    """The least count that was enough at every moment since `short_since_s`."""
    ample_since_s: float | None = None


def wanted(demand: Demand, fill: float, rules: Rules) -> int:
    """How many processes keep each within `fill`, within the limits."""
    share = demand.processes / fill
    if share >= rules.most:
        return rules.most
    return max(rules.least, math.ceil(share - 1e-9))


def next_standing(standing: Standing, demand: Demand | None, now_s: float, rules: Rules) -> Standing:
    """What is wanted at `now_s` (any clock that does not step back); None is a load that nobody knows.

    Several may be added at once, for each rebalance costs the same; one is taken away at a time. What is not
    known changes nothing, and is no quiet time either.
    """
    within = min(max(standing.count, rules.least), rules.most)
    if within != standing.count:
        standing = Standing(within, now_s)
    if demand is None:
        return replace(standing, short_since_s=None, short_by=0, ample_since_s=None)
    more = wanted(demand, rules.fill, rules)
    if more > standing.count:
        return _short(standing, more, now_s, rules)
    standing = replace(standing, short_since_s=None, short_by=0)
    enough = wanted(demand, rules.fill * (1 - rules.slack), rules)
    if enough < standing.count and demand.drained:
        return _ample(standing, now_s, rules)
    return replace(standing, ample_since_s=None)


def _short(standing: Standing, more: int, now_s: float, rules: Rules) -> Standing:
    since = now_s if standing.short_since_s is None else standing.short_since_s
    by = more if standing.short_since_s is None else min(more, standing.short_by)
    if now_s - since >= rules.out_after_s and now_s - standing.changed_at_s >= rules.settle_s:
        return Standing(by, now_s)
    return Standing(standing.count, standing.changed_at_s, since, by)


def _ample(standing: Standing, now_s: float, rules: Rules) -> Standing:
    since = now_s if standing.ample_since_s is None else standing.ample_since_s
    quiet_s = now_s - max(since, standing.changed_at_s)
    if quiet_s >= rules.in_after_s:
        return Standing(standing.count - 1, now_s)
    return replace(standing, ample_since_s=since)
