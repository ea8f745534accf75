"""How fast a fork is, whether its intervals hold what then happened, and how its rollout differs from `step`.

Coverage and bias are taken from replays without lending, forked every hour: what then happened is known. What
is drawn was tuned on one half of the scenarios; the other half is told beside the pool.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev

from schemas.whatif import RolloutBias
from services.simulation.replay import Replay
from services.simulation.scenarios import read_scenario
from services.whatif.bias import BANDS_MIN, MeasuredBias, bias_at
from services.whatif.spreads import quantile
from tests.bench._fork_truth import Fared, Question, fared
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench._runs import ROOT, alone

FIRST_WITHIN_S, ALL_WITHIN_S = 2.0, 10.0
COVERED = (0.70, 0.90)
TUNED = ("storm-1", "storm-3", "aid-1")
"""On these what is drawn was tuned; the others were looked at afterwards."""
BUSY_AFTER = timedelta(hours=14)
MOVED, FUTURES = 10, 20
SAME_WITHIN_MIN = 0.5
"""What is shipped and what is measured now may differ by so much, or by three standard errors."""


def _speed(folder: Path, report: Report) -> None:
    """A process of its own that forks as the command does, from the start of its interpreter on."""
    scenario = read_scenario(folder)
    midnight = scenario.reports[0].reported_at.replace(hour=0, minute=0, second=0, microsecond=0)
    folds = Replay(scenario).play_until(midnight + BUSY_AFTER)
    struck = max((r for fold in folds for r in fold.regions.values()), key=lambda r: len(r.incidents)).region
    with tempfile.TemporaryDirectory() as name:
        for number, fold in enumerate(folds):
            (Path(name) / f"{number:03}").write_bytes(fold.snapshot())
        command = [sys.executable, "-m", "tests.bench._fork_child", name, struck, str(MOVED)]
        subprocess.run([*command, "1"], cwd=ROOT, env=_compiling(), check=True, capture_output=True)
        _timed([*command, str(FUTURES)], folder.name, report)


def _compiling() -> dict[str, str]:
    """Modules are compiled once and then read, as those of an installed program are."""
    found = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(ROOT / ".muster" / "pycache"), **found}


def _timed(command: list[str], name: str, report: Report) -> None:
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=_compiling(), stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [(time.perf_counter() - began, json.loads(line)) for line in child.stdout]
    if child.returncode != 0 or len(told) != FUTURES + 1:
        raise CouldNotMeasure(f"the fork of {name} ended with {child.returncode}")
    last = told[-1][1]
    report.add(f"{name}: first future, from the start of python", told[0][0], "s", bound=FIRST_WITHIN_S)
    report.add(f"{name}: twenty futures, the same", told[FUTURES - 1][0], "s", bound=ALL_WITHIN_S)
    report.add(f"{name}: a future, both arms", last["each"], "CPU s")
    report.add(
        f"{name}: all of it, over {last['cores']} cores",
        last["cpu_s"] / last["cores"],
        "CPU s each",
        bound=ALL_WITHIN_S,
    )
    report.notes["load while timed"] = f"{os.getloadavg()[0]:.1f} on {last['cores']} cores"


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
    if not found:
        raise CouldNotMeasure(f"nothing could be forked in {arguments.scenarios}")
    judge(report, found)
    if arguments.write_bias is not None:
        arguments.write_bias.write_text(_made(found, folders).model_dump_json(indent=1) + "\n")
    return report


def _each(questions: list[Question], processes: int) -> Iterator[list[Fared]]:
    with ProcessPoolExecutor(processes, initializer=alone) as pool:
        yield from pool.map(fared, questions)


def judge(report: Report, found: Sequence[Fared]) -> None:
    """What the forks said beside what came: coverage of all and of parts, and the bias by band."""
    covered = _share(one.covered for one in found)
    pooled = f"of {len(found)}"
    report.add(
        "80 % intervals that held the mean waiting", covered, pooled, bound=COVERED[0], sense="at least"
    )
    report.add("the same, not too wide", covered, pooled, bound=COVERED[1])
    for title, some in _parts(found).items():
        if some:
            report.add(f"held, {title}", _share(one.covered for one in some), f"of {len(some)}")
    report.add("came above the interval", _share(one.came > one.high for one in found), pooled)
    report.add("came below the interval", _share(one.came < one.low for one in found), pooled)
    both = [one for one in found if one.came > 0 and one.rolled > 0]
    ratio = math.exp(fmean(math.log(one.rolled / one.came) for one in both)) if both else math.nan
    report.add("rollout over step on the true future", ratio, "x mean waiting")
    _judge_bias(report, found)


def _parts(found: Sequence[Fared]) -> dict[str, list[Fared]]:
    parts = {
        "tuned on these": [one for one in found if one.scenario in TUNED],
        "not tuned on": [one for one in found if one.scenario not in TUNED],
    }
    for name in sorted({one.scenario for one in found}):
        parts[name] = [one for one in found if one.scenario == name]
    parts["mean waiting under 20 min"] = [one for one in found if one.came < 20]
    return parts


def _judge_bias(report: Report, found: Sequence[Fared]) -> None:
    """Rollout less step, in minutes, by band; and whether what is shipped says the same."""
    off = 0.0
    for band, some in _bands(found):
        up_to = "more" if band.up_to_min is None else f"up to {band.up_to_min:g} min"
        unit = f"min of {band.n} ({band.p10:+.1f} to {band.p90:+.1f})"
        report.add(f"rollout less step where they wait {up_to}", band.waited_min, unit)
        allowed = max(SAME_WITHIN_MIN, 3 * _error(some))
        shipped = bias_at(math.inf if band.up_to_min is None else band.up_to_min)
        off = max(off, abs(shipped.waited_min - band.waited_min) / allowed)
    report.add("shipped bias, off from this", off, "of what chance allows", bound=1.0)


def _bands(found: Sequence[Fared]) -> Iterator[tuple[RolloutBias, list[float]]]:
    """The differences by band of the mean waiting that the rollout came to, which is what a fork knows."""
    for above, up_to in pairwise((-1.0, *BANDS_MIN, math.inf)):
        some = sorted(one.rolled - one.came for one in found if above < one.rolled <= up_to)
        if not some:
            continue
        band = RolloutBias(
            up_to_min=None if math.isinf(up_to) else up_to,
            waited_min=round(fmean(some), 2),
            p10=round(quantile(some, 0.1), 2),
            p90=round(quantile(some, 0.9), 2),
            n=len(some),
        )
        yield band, some


def _error(values: Sequence[float]) -> float:
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf


def _made(found: Sequence[Fared], folders: Sequence[Path]) -> MeasuredBias:
    names = ", ".join(folder.name for folder in folders)
    made = f"muster bench fork --write-bias: hourly forks of replays without lending ({names})"
    return MeasuredBias(made=made, bands=[band for band, _ in _bands(found)])


def _share(held: Iterable[bool]) -> float:
    return fmean(held)


def main(argv: list[str]) -> int:
    """`muster bench fork`."""
    parser = argparse.ArgumentParser(description=__doc__)
    to_path: Callable[[str], Path] = Path
    parser.add_argument("--scenarios", type=to_path, help="folder with storm-* and aid-*")
    parser.add_argument("--every", type=int, default=1, help="fork every so many hours")
    parser.add_argument("--futures", type=int, default=20, help="of each fork")
    parser.add_argument("--processes", type=int, default=1, help="scenarios at a time")
    parser.add_argument("--write-bias", type=to_path, help="write the measured bias here, as it ships")
    return run("fork", parser, measure, argv)
