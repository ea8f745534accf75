"""What lending between regions brings, setting by setting, beside reference F of regions alone (issue 6)."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from services.simulation.journeys import Leg, write_legs
from services.simulation.replay import Replay
from services.simulation.scenarios import Scenario, read_scenario
from services.surge.policy import SHIPPED, shipped_lending_policy
from tests.bench._lending_picture import Point, draw
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench._runs import ROOT, alone
from tests.bench._yardstick import area_j, score, shifted

J_AT_MOST = {"aid-1": 0.62, "aid-2": 0.70}
DONOR_AT_MOST = 1.25
FALSE_ALARM_AT_MOST = 1.03
SEEDS = range(1, 6)
STORM_AFTER = timedelta(hours=10)
"""The yardstick's storms strike the first region so long after the first day's midnight."""


class Job(NamedTuple):
    """One replay; `thinned`: with the storm taken out, under this seed; seed 0 is the scenario as it is."""

    folder: Path
    setting: str
    seed: int = 0
    thinned: bool = False
    kept_in: Path | None = None


class Result(NamedTuple):
    """What came of it; `impossible`: journeys, by the yardstick's own scorer (0 where it was not asked)."""

    j: float
    by_area: dict[str, float]
    worst_over_best_area: float
    lent: int
    impossible: int


def play(job: Job) -> Result:
    """Replay under one setting ("off": no lending) and measure, or read what was kept of the same."""
    kept = None if job.kept_in is None else job.kept_in / f"{_seal(job)}.json"
    if kept is not None and kept.is_file():
        return Result(**json.loads(kept.read_text()))
    result = _played(job)
    if kept is not None:
        kept.write_text(json.dumps(result._asdict()))
    return result


def _seal(job: Job) -> str:
    """Everything that decides a result: the sources, the policy, the scenario and the job."""
    seal = hashlib.sha256(repr((job.folder.name, job.setting, job.seed, job.thinned)).encode())
    sources = [ROOT / name for name in ("schemas", "services/dispatch", "services/simulation")]
    if job.setting != "off":
        sources.append(ROOT / "services" / "surge")
    files = [
        file for folder in sources for file in sorted(folder.rglob("*.py")) + sorted(folder.rglob("*.json"))
    ]
    for file in [*files, *sorted(job.folder.glob("*.*"))]:
        seal.update(file.read_bytes())
    return seal.hexdigest()[:24]


def _played(job: Job) -> Result:
    scenario = read_scenario(job.folder)
    if job.thinned:
        scenario = without_storm(scenario, job.seed)
    if job.seed:
        scenario = shifted(scenario, job.seed)
    lending = None if job.setting == "off" else shipped_lending_policy(job.setting)
    outcome = Replay(scenario, lending=lending).run()
    whole = score(scenario, outcome.legs)
    return Result(
        whole.J,
        area_j(scenario, outcome.legs),
        whole.worst_over_best_area,
        sum(decision.kind == "lending_committed" for decision in outcome.decisions),
        0 if job.seed or job.thinned else _impossible(job.folder, outcome.legs),
    )


def _impossible(folder: Path, legs: list[Leg]) -> int:
    """How many journeys the yardstick's scorer calls impossible."""
    scorer = folder.parents[1] / "score.py"
    if not scorer.is_file():
        raise CouldNotMeasure(f"{scorer} is not there: it says whether every journey is possible")
    with tempfile.TemporaryDirectory(prefix="muster-legs-") as name:
        write_legs(Path(name) / "legs.csv", legs)
        command = [sys.executable, str(scorer), str(folder), str(Path(name) / "legs.csv")]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return int(json.loads(said)["fault_count"])


def without_storm(scenario: Scenario, seed: int) -> Scenario:
    """The first region's reports after the storm begins, thinned to the rate it had before."""
    struck = scenario.regions[0].region
    midnight = scenario.reports[0].reported_at.replace(hour=0, minute=0, second=0, microsecond=0)
    begins, ends = midnight + STORM_AFTER, scenario.reports[-1].reported_at
    mine = [report for report in scenario.reports if report.region == struck]
    before = sum(report.reported_at < begins for report in mine)
    share = before / STORM_AFTER.total_seconds() * (ends - begins).total_seconds() / (len(mine) - before)

    def kept(name: str, region: str | None, at: datetime) -> bool:
        drawn = int.from_bytes(hashlib.sha256(f"thin/{seed}/{name}".encode()).digest()[:4], "big") / 2**32
        return region != struck or at < begins or drawn < share

    reports = [r for r in scenario.reports if kept(r.incident_id, r.region, r.reported_at)]
    return replace(scenario, reports=tuple(reports))


def measure(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Every aid-* scenario under every setting; `--thinned`: also without its storm, on shifted places."""
    folders, reference = _scenarios(arguments.scenarios)
    kept = arguments.kept_in
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    jobs = [Job(folder, setting, kept_in=kept) for folder in folders for setting in ("off", *SHIPPED)]
    if arguments.thinned:
        ways = [(folder, way) for folder in folders for way in ("off", "default")]
        jobs += [Job(folder, way, seed, True, kept) for folder, way in ways for seed in SEEDS]
    with (
        ProcessPoolExecutor(arguments.processes, initializer=alone) as pool,
        steps.stage("replaying", len(jobs)) as advance,
    ):
        results = {}
        for job, result in zip(jobs, pool.map(play, jobs), strict=True):
            results[job] = result
            advance(1)
    report = Report("lending")
    points = [_add(report, job, result, reference) for job, result in results.items() if not job.thinned]
    for folder in folders if arguments.thinned else []:
        on, off = (
            fmean(r.j for job, r in results.items() if job[:2] == (folder, way) and job.thinned)
            for way in ("default", "off")
        )
        name = f"{folder.name} without its storm: J"
        report.add(name, on / off, "x regions alone", bound=FALSE_ALARM_AT_MOST)
    if arguments.picture:
        draw(points, DONOR_AT_MOST, Path(arguments.picture))
        report.notes["picture"] = arguments.picture
    return report


def _add(report: Report, job: Job, result: Result, reference: Any) -> Point:
    """One line of the table; only the default setting has bounds."""
    name, theirs = job.folder.name, reference[job.folder.name]
    struck = max(theirs["J_by_area"], key=theirs["J_by_area"].get)
    donors = [j / theirs["J_by_area"][area] for area, j in result.by_area.items() if area != struck]
    bounds = job.setting == "default"
    j_bound = {"bound": J_AT_MOST[name]} if bounds and name in J_AT_MOST else {}
    report.add(f"{name}, {job.setting}: J", result.j / theirs["J"], "x F", **j_bound)
    donor_bound = {"bound": DONOR_AT_MOST} if bounds else {}
    report.add(f"{name}, {job.setting}: worst other region", max(donors), "x its F", **donor_bound)
    report.add(f"{name}, {job.setting}: worst over best area", result.worst_over_best_area, "")
    report.add(f"{name}, {job.setting}: engineers lent", result.lent, "")
    report.add(f"{name}, {job.setting}: impossible journeys", result.impossible, "", bound=0)
    return Point(name, job.setting, result.j / theirs["J"], max(donors))


def _scenarios(folder: Path | None) -> tuple[list[Path], Any]:
    if folder is None:
        raise CouldNotMeasure("say with --scenarios where the scenarios are")
    found = sorted(path for path in folder.glob("aid-*") if path.is_dir())
    if not found:
        raise CouldNotMeasure(f"{folder} has no folder aid-*")
    try:
        figures = json.loads((folder.parent / "reference.json").read_text())
    except OSError as error:
        raise CouldNotMeasure("reference.json is not beside the scenarios") from error
    return found, {name: by_way["F"] for name, by_way in figures.items()}


def main(argv: list[str]) -> int:
    """`muster bench lending`."""
    parser = argparse.ArgumentParser(description=__doc__)
    to_path: Callable[[str], Path] = Path
    parser.add_argument("--scenarios", type=to_path, help="folder with aid-*")
    parser.add_argument("--thinned", action="store_true", help="also what a false alarm would cost")
    parser.add_argument("--picture", metavar="OUT.svg", help="draw total against the worst other region")
    parser.add_argument("--kept-in", type=to_path, metavar="DIR", help="keep each replay's result there")
    parser.add_argument("--processes", type=int, default=1, help="replays at a time")
    return run("lending", parser, measure, argv)
