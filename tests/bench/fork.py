"""How fast a fork is, whether its intervals hold what then happened, and how its rollout differs from `step`.

Coverage and bias are taken from replays without lending, forked every hour: what then happened is known. For
the bias the rollout is given the true reports and the true work, so that only its dispatching differs from
`step`.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from schemas.base import TIERS
from schemas.decisions import Decision
from schemas.plans import MovePlan
from services.cli._fork_pool import play_all
from services.dispatch.fold import PartitionFold, UnexplainedFold
from services.dispatch.geometry import unit_vector
from services.dispatch.moments import minutes_ms, to_ms
from services.dispatch.needs import FOREVER
from services.simulation.replay import Replay
from services.simulation.scenarios import Scenario, read_scenario
from services.surge.policy import shipped_lending_policy
from services.whatif.columns import NOBODY
from services.whatif.fork import HORIZON_MIN, Fork, fork_of
from services.whatif.futures import Future
from services.whatif.outcomes import outcomes_of
from services.whatif.plans import wanted
from services.whatif.rollout import Run
from services.whatif.spreads import quantile
from services.whatif.work import columns_of
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench._runs import alone

FIRST_WITHIN_S, ALL_WITHIN_S = 2.0, 10.0
COVERED = (0.70, 0.90)
BUSY_AFTER = timedelta(hours=14)
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
    replay = Replay(scenario, fold=UnexplainedFold)
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


def _speed(folder: Path, report: Report) -> None:
    """The first future and all twenty, both arms, from a state in hand; on as many cores as there are."""
    scenario = read_scenario(folder)
    midnight = scenario.reports[0].reported_at.replace(hour=0, minute=0, second=0, microsecond=0)
    folds = Replay(scenario, fold=UnexplainedFold).play_until(midnight + BUSY_AFTER)
    snapshots = [fold.snapshot() for fold in folds]
    began = time.perf_counter()
    folds = [UnexplainedFold.restore(snapshot) for snapshot in snapshots]
    struck = max((r for fold in folds for r in fold.regions.values()), key=lambda r: len(r.incidents)).region
    fork = fork_of(folds, wanted(folds, struck, 10, shipped_lending_policy(), 360.0))
    first_s, cpu = 0.0, []
    for played in play_all(fork, 20):
        first_s = first_s or time.perf_counter() - began
        cpu.append(played.cpu_s)
    report.add(f"{folder.name}: first future", first_s, "s", bound=FIRST_WITHIN_S)
    report.add(f"{folder.name}: twenty futures", time.perf_counter() - began, "s", bound=ALL_WITHIN_S)
    report.add(f"{folder.name}: a future, both arms", fmean(cpu), "CPU s")


def measure(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Speed on aid-*, then coverage and bias over hourly forks of storm-* and aid-*."""
    if arguments.scenarios is None or not arguments.scenarios.is_dir():
        raise CouldNotMeasure("say with --scenarios where the scenarios are")
    report = Report("fork")
    aid = sorted(arguments.scenarios.glob("aid-*"))
    for folder in aid[:1]:
        _speed(folder, report)
    folders = [*sorted(arguments.scenarios.glob("storm-*")), *aid]
    questions = [Question(folder, arguments.every, arguments.futures) for folder in folders]
    found: list[Fared] = []
    with steps.stage("forking", len(questions)) as advance:
        for some in _each(questions, arguments.processes):
            found += some
            advance(1)
    _judge(report, found)
    return report


def _each(questions: list[Question], processes: int) -> Iterator[list[Fared]]:
    with ProcessPoolExecutor(processes, initializer=alone) as pool:
        yield from pool.map(fared, questions)


def _judge(report: Report, found: list[Fared]) -> None:
    covered = fmean(one.covered for one in found)
    report.add(
        "80 % intervals that held the mean waiting", covered, "of all", bound=COVERED[0], sense="at least"
    )
    report.add("the same, not too wide", covered, "of all", bound=COVERED[1])
    for kind in ("storm", "aid"):
        some = [one for one in found if one.scenario.startswith(kind)]
        report.add(f"{kind}-*: held", fmean(one.covered for one in some), f"of {len(some)}")
    report.add("came above the interval", fmean(one.came > one.high for one in found), "of all")
    report.add("came below the interval", fmean(one.came < one.low for one in found), "of all")
    for name, chosen in (("all", found), ("where they wait over 30 min", [o for o in found if o.came > 30])):
        pairs = [(one.rolled, one.came) for one in chosen if one.came > 0 and one.rolled > 0]
        logs = [math.log(rolled / came) for rolled, came in pairs]
        report.add(f"rollout over step on the true future, {name}", math.exp(fmean(logs)), "x mean waiting")


def main(argv: list[str]) -> int:
    """`muster bench fork`."""
    parser = argparse.ArgumentParser(description=__doc__)
    to_path: Callable[[str], Path] = Path
    parser.add_argument("--scenarios", type=to_path, help="folder with storm-* and aid-*")
    parser.add_argument("--every", type=int, default=1, help="fork every so many hours")
    parser.add_argument("--futures", type=int, default=20, help="of each fork")
    parser.add_argument("--processes", type=int, default=1, help="scenarios at a time")
    return run("fork", parser, measure, argv)
