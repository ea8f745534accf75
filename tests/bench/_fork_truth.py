"""Scenarios forked as they are replayed, beside what then came and what the rollout makes of just that.

Replays are without lending, so that what came is what a fork without a move speaks of. For the bias the
rollout is given the true reports and the true work: it then differs from `step` in its dispatching alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from schemas.base import TIERS
from schemas.decisions import Decision
from schemas.plans import MovePlan
from services.dispatch.fold import PartitionFold, UnexplainedFold
from services.dispatch.geometry import unit_vector
from services.dispatch.moments import minutes_ms, to_ms
from services.dispatch.needs import FOREVER
from services.simulation.replay import Replay
from services.simulation.scenarios import Scenario, read_scenario
from services.whatif.columns import NOBODY
from services.whatif.fork import HORIZON_MIN, Fork, fork_of
from services.whatif.futures import Future
from services.whatif.outcomes import outcomes_of
from services.whatif.rollout import Run
from services.whatif.spreads import quantile
from services.whatif.work import columns_of

HOUR = timedelta(hours=1)


class Fared(NamedTuple):
    """One region from an hour on: its mean waiting (min) as the fork said, as it came, as it was rolled."""

    scenario: str
    hour: int
    region: str
    low: float
    high: float
    came: float
    rolled: float

    @property
    def covered(self) -> bool:
        """Whether the 80 % interval held what came."""
        return self.low <= self.came <= self.high


class Question(NamedTuple):
    """A scenario to be forked every so many hours."""

    folder: Path
    every: int
    futures: int


def fared(question: Question) -> list[Fared]:
    """Replay a scenario, fork it as it goes, and look afterwards what came."""
    scenario = read_scenario(question.folder)
    replay = Replay(scenario)
    first, last = scenario.reports[0].reported_at, scenario.reports[-1].reported_at
    hour, moment, asked = 0, first.replace(minute=0, second=0, microsecond=0), []
    while (moment := moment + HOUR) <= last - timedelta(minutes=HORIZON_MIN):
        hour += 1
        folds = replay.play_until(moment)
        if hour % question.every == 0:
            asked.append((hour, moment, *_told(_at(folds, moment), scenario, question.futures)))
    arrivals = _arrivals(replay.run().decisions)
    return [
        Fared(scenario.name, hour, region, low, high, _came(scenario, arrivals, region, moment), rolled)
        for hour, moment, intervals, made in asked
        for region, (low, high), rolled in zip(intervals, intervals.values(), made, strict=True)
    ]


def _at(folds: list[PartitionFold], moment: datetime) -> list[PartitionFold]:
    """Copies whose clocks stand at the moment, also where nothing has ticked for a while."""
    copies = [UnexplainedFold.restore(fold.snapshot()) for fold in folds]
    for copy in copies:
        copy.now = moment
    return copies


def _told(
    folds: list[PartitionFold], scenario: Scenario, futures: int
) -> tuple[dict[str, tuple[float, float]], list[float]]:
    """By region the 80 % interval of the mean waiting, and what the rollout makes of the true future."""
    fork = fork_of(folds, MovePlan())
    pairs = [fork.pair(number) for number in range(futures)]
    intervals = {}
    for at, name in enumerate(fork.country.regions):
        waited = sorted(pair.without[at].waited_min for pair in pairs)
        intervals[name] = quantile(waited, 0.1), quantile(waited, 0.9)
    run = Run(fork.country, _true_future(fork, scenario), (), range(len(fork.country.regions)))
    jobs = run.play(fork.until)
    made = outcomes_of(jobs, run.engineers, len(fork.country.regions), fork.country.now, fork.until)
    return intervals, [outcome.waited_min for outcome in made]


def _true_future(fork: Fork, scenario: Scenario) -> Future:
    """What will be reported, and how long all work will take."""
    country = fork.country
    rows: list[dict[str, Any]] = []
    for report in scenario.reports:
        reported = to_ms(report.reported_at)
        if country.now <= reported < fork.until and report.region is not None:
            at, tier = country.regions.index(report.region), TIERS.index(report.tier)
            rows.append(
                {
                    "region": at,
                    "place": unit_vector(report.place.lat, report.place.lon),
                    "tier": tier,
                    "weight": int(country.weights[at, tier]),
                    "reported": reported,
                    "promised": reported + int(country.promises[at, tier]),
                    "expected": max(1, minutes_ms(report.expected_service_min or 60.0)),
                    "product": country.products[report.product],
                    "level": report.level,
                    "opens": 0,
                    "not_before": 0,
                    "closes": FOREVER,
                    "head": len(rows),
                    "holder": NOBODY,
                    "arrived": FOREVER,
                    "work": minutes_ms(scenario.service_min[report.incident_id]),
                }
            )
    known, ends = country.jobs.copy(), country.engineers.ends.copy()
    known.work = np.array([minutes_ms(scenario.service_min[name]) for name in country.incidents], np.int64)
    for job in np.flatnonzero((known.arrived < FOREVER) & (known.holder != NOBODY)).tolist():
        ends[known.holder[job]] = max(country.now + 1, int(known.arrived[job] + known.work[job]))
    return Future(known.joined(columns_of(rows)), ends)


def _arrivals(decisions: list[Decision]) -> dict[str, datetime]:
    """When somebody first came to each incident."""
    arrived: dict[str, datetime] = {}
    for decision in decisions:
        if decision.kind == "on_site" and decision.incident_id is not None:
            arrived.setdefault(decision.incident_id, decision.occurred_at or decision.decided_at)
    return arrived


def _came(scenario: Scenario, arrived: dict[str, datetime], region: str, now: datetime) -> float:
    """The mean waiting (min) within the horizon, as a fork counts it."""
    until = now + timedelta(minutes=HORIZON_MIN)
    waited = [
        (min(arrived.get(report.incident_id, until), until) - report.reported_at).total_seconds() / 60
        for report in scenario.reports
        if report.region == region and report.reported_at < until
        and arrived.get(report.incident_id, until) > now
    ]  # fmt: skip
    return fmean(waited) if waited else 0.0
