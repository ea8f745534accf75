"""How much a region may expect: the level of demand as a Markov chain, filtered from the reports it has had.

The level is how much more is reported than in a usual hour of that time of day. The chain wanders, falls
back towards the usual and, rarely, jumps up. The same chain explains the past (forward filter over counts,
Poisson given the level) and makes the futures, so that their doubt about the level, and about whether it
grows or falls, is what the past leaves open. Source: the Poisson hidden Markov model (Zucchini and MacDonald,
Hidden Markov Models for Time Series, 2009, chapter 2).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np

from services.dispatch.moments import minutes_ms, to_moment
from services.dispatch.warm import Floats

BIN_MS = minutes_ms(10)
HOUR_MS = minutes_ms(60)
SEEN_MS = 24 * HOUR_MS
STEPS = 4
"""Levels to a doubling."""
LOWEST, HIGHEST = -3 * STEPS, 4 * STEPS
LEVELS = np.exp2(np.arange(LOWEST, HIGHEST + 1) / STEPS)
WANDERS = 0.4
"""Standard deviation of the level in an hour, in doublings."""
FALLS_BACK_H = 6.0
"""The time in which a level has lost 63 % of its distance to the usual."""
JUMPS_AN_HOUR = 0.01
"""A storm, a cut cable: the chance of a jump in an hour."""
JUMP_DOUBLINGS = 1.5
"""Its mean height."""
LEAST_HOURLY = 0.2
"""A region in which nothing was ever reported is taken to have so many reports in an hour."""

Profile = Callable[[int], float]
"""How busy the moment (ms) usually is, over the day's mean."""


def day_profile(day_permille: Sequence[int], time_zone: str) -> Profile:
    """The hours of the day by the region's clocks."""
    zone: tzinfo = ZoneInfo(time_zone)
    return lambda at: day_permille[to_moment(at).astimezone(zone).hour] / 1000


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected from `now` (ms) on: reports in a usual hour, and how likely each level is."""

    now: int
    usual: float
    seen: int
    """How many reports the usual hour is known from: so far off is each future's own (a Gamma posterior)."""
    belief: tuple[float, ...]
    profile: Profile

    def arrivals(self, chance: random.Random, until: int) -> list[int]:
        """When reports come in one future (ms), drawn level by level."""
        came: list[int] = []
        usual = self.usual * chance.gammavariate(1.0 + self.seen, 1.0 / (1.0 + self.seen))
        level = _pick(chance, np.cumsum(self.belief))
        begins = self.now
        while begins < until:
            ends = min(begins + BIN_MS, until)
            per_ms = usual * LEVELS[level] * self.profile(begins) / HOUR_MS
            at = begins + chance.expovariate(per_ms)
            while at < ends:
                came.append(int(at))
                at += chance.expovariate(per_ms)
            begins, level = ends, _pick(chance, _CHAIN_SUMS[level])
        return came


def expected_from(reports: Sequence[int], profile: Profile, now: int) -> Expectation:
    """Filter the level from when the last day's reports came (ms, sorted)."""
    first = max(reports[0] if reports else now, now - SEEN_MS)
    bins = max(0, (now - first) // BIN_MS)
    start = now - bins * BIN_MS
    counts = [0] * bins
    for at in reports:
        if start <= at < now:
            counts[(at - start) // BIN_MS] += 1
    usually = [profile(start + number * BIN_MS) for number in range(bins)]
    usual = _usual_hour(counts, usually)
    belief = _AT_REST
    for count, busy in zip(counts, usually, strict=True):
        expected = usual * busy * LEVELS * BIN_MS / HOUR_MS
        likely = count * np.log(expected) - expected
        belief = belief * np.exp(likely - likely.max())
        belief = belief / belief.sum() @ _CHAIN
    return Expectation(now, usual, sum(counts), tuple(belief.tolist()), profile)


def _usual_hour(counts: Sequence[int], usually: Sequence[float]) -> float:
    """Reports in an hour of the day's mean, from the middle of the hours seen: a storm is no usual hour."""
    each = HOUR_MS // BIN_MS
    hours = [
        sum(counts[at : at + each]) / max(0.1, sum(usually[at : at + each]) / each)
        for at in range(0, len(counts) - each + 1, each)
    ]
    return max(LEAST_HOURLY, median(hours) if len(hours) >= 3 else _mean(counts, usually))


def _mean(counts: Sequence[int], usually: Sequence[float]) -> float:
    return sum(counts) / max(1.0, sum(usually) * BIN_MS / HOUR_MS)


def _chain() -> Floats:
    """The chance to come from each level (down) to each (across) in one step of time."""
    hours = BIN_MS / HOUR_MS
    doublings = np.arange(LOWEST, HIGHEST + 1) / STEPS
    kept = math.exp(-hours / FALLS_BACK_H)
    apart = doublings[None, :] - kept * doublings[:, None]
    wandered = np.exp(-0.5 * (apart / (WANDERS * math.sqrt(hours))) ** 2)
    wandered /= wandered.sum(axis=1, keepdims=True)
    higher = doublings[None, :] - doublings[:, None]
    jumped = np.where(higher > 0, np.exp(-higher / JUMP_DOUBLINGS), 0.0)
    jumped[-1, -1] = 1.0
    jumped /= jumped.sum(axis=1, keepdims=True)
    jumps = JUMPS_AN_HOUR * hours
    chain: Floats = (1 - jumps) * wandered + jumps * jumped
    return chain


def _at_rest(chain: Floats) -> Floats:
    """How likely each level is where nothing has been seen."""
    belief = np.full(len(chain), 1 / len(chain))
    for _ in range(500):
        belief = belief @ chain
    return belief


def _pick(chance: random.Random, sums: Floats | Sequence[float]) -> int:
    return min(bisect_left(sums, chance.random()), len(LEVELS) - 1)


_CHAIN = _chain()
_CHAIN_SUMS = np.cumsum(_CHAIN, axis=1).tolist()
_AT_REST = _at_rest(_CHAIN)
