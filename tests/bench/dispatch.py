"""Our policies and other dispatchers on the same days, in one simulator, by the same measures (issue 4)."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from schemas.decisions import Decision
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.shipped import SHIPPED, shipped_policy
from services.simulation.replay import Replay
from services.simulation.scenario_errors import ScenarioError
from services.simulation.scenarios import read_scenario
from services.simulation.written import percentile
from tests.bench._dispatch_picture import MEASURES, Bars, draw
from tests.bench._peers import ready
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench._runs import alone
from tests.bench._yardstick import score

SEED = 0
PROCESSES_MOST = 2


class Day(NamedTuple):
    """One dispatcher on one scenario; km and churn are per incident.

    `p99` is one event's CPU time in ms, with our receipts and without a peer's.
    """

    J: float
    breach: float
    km: float
    churn: float
    p99: float


Days = dict[str, dict[str, Day]]
"""By dispatcher and scenario."""


def scenarios_in(folder: Path) -> list[Path]:
    """The scenarios in a folder, or the folder itself; CouldNotMeasure: there is none, or one is broken."""
    found = sorted(file.parent for file in folder.glob("*/scenario.json"))
    if (folder / "scenario.json").is_file():
        found = [folder]
    if not found:
        raise CouldNotMeasure(f"no scenario.json in {folder} or a folder in it")
    try:
        for one in found:
            read_scenario(one)
    except ScenarioError as error:
        raise CouldNotMeasure(str(error)) from error
    return found


def kind_of(name: str) -> str:
    """`day` of `day-1`: scenarios of one kind are averaged together."""
    return name.rpartition("-")[0] or name


def clocked(fold: type[PartitionFold], took_ms: list[float]) -> type[PartitionFold]:
    """The same fold; it also keeps what each step took, in ms of the process: a solver may use threads."""

    def step(self: PartitionFold, logged: Logged) -> list[Decision]:
        began = time.process_time_ns()
        decided = fold.step(self, logged)
        took_ms.append((time.process_time_ns() - began) / 1e6)
        return decided

    return type("Clocked", (fold,), {"step": step})


def play(name: str, folder: Path) -> Day:
    """Replay a scenario under a shipped policy or a peer, and measure."""
    policy, fold = (shipped_policy(name), PartitionFold) if name in SHIPPED else (None, ready(name))
    took_ms: list[float] = []
    scenario = read_scenario(folder)
    legs = Replay(scenario, policy, seed=SEED, fold=clocked(fold, took_ms)).run().legs
    scored = score(scenario, legs)
    p99 = percentile(sorted(took_ms), 99)
    return Day(scored.J, scored.breach_pct, scored.km_per_incident, scored.churn, p99)


def play_all(
    names: Sequence[str], scenarios: Sequence[Path], processes: int, advance: Callable[[int], None]
) -> Days:
    """Every dispatcher on every scenario, a few at a time."""
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=alone) as pool:
        asked: dict[Future[Day], tuple[str, str]] = {
            pool.submit(play, name, folder): (name, folder.name) for folder in scenarios for name in names
        }
        for done in as_completed(asked):
            done.result()
            advance(1)
    days: Days = {name: {} for name in names}
    for done, (name, folder) in asked.items():
        days[name][folder] = done.result()
    return days


def means(days: Mapping[str, Mapping[str, Day]]) -> Bars:
    """By kind of scenario, measure and dispatcher: the mean over the scenarios of the kind."""
    kinds = sorted({kind_of(scenario) for of in days.values() for scenario in of})
    return {
        kind: {
            measured: {
                name: fmean(getattr(day, measured) for s, day in of.items() if kind_of(s) == kind)
                for name, of in days.items()
            }
            for measured, _ in MEASURES
        }
        for kind in kinds
    }


def measure(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Every dispatcher on every scenario."""
    against = [name for name in arguments.against.split(",") if name]
    for name in against:
        ready(name)
    names = [*SHIPPED, *against]
    scenarios = scenarios_in(arguments.scenarios)
    processes = max(1, min(arguments.processes, PROCESSES_MOST))
    with steps.stage("replaying", len(scenarios) * len(names)) as advance:
        days = play_all(names, scenarios, processes, advance)
    bars = means(days)
    draw(bars, SHIPPED, arguments.plot)
    report = Report("dispatch", notes={"plot": str(arguments.plot), "phones": f"steady, seed {SEED}"})
    for kind, of_kind in bars.items():
        for measured, unit in MEASURES:
            for name, mean in of_kind[measured].items():
                report.add(f"{kind}, {name}: {measured}, mean", mean, unit)
    for folder in scenarios:
        for name in names:
            report.add(f"{folder.name}, {name}: J", days[name][folder.name].J, "min")
    return report


def main(argv: list[str]) -> int:
    """`muster bench dispatch`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=Path, required=True, help="a scenario, or a folder of scenarios")
    parser.add_argument(
        "--against", default="greedy,matching", help="of greedy, matching, vroom; with commas"
    )
    parser.add_argument("--plot", type=Path, default=Path("muster-dispatch.svg"), help="the picture to write")
    parser.add_argument(
        "--processes", type=int, default=PROCESSES_MOST, help=f"replays at a time, {PROCESSES_MOST} at most"
    )
    return run("dispatch", parser, measure, argv)
