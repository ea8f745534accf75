"""How well the shipped policies decide, beside reference F, and what each ingredient brings (issue 4)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import SHIPPED, shipped_policy
from tests.bench._frontier import Point, draw
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench._runs import Kind, against, alone, scores

KINDS = ("day", "storm")
J_AT_MOST = {"default": (0.92, 0.95), "calm": (0.96, 0.99)}
CHURN_AT_MOST = {"default": 0.26, "calm": 0.13}
KM_AT_MOST = {"default": 1.3, "calm": 1.1}
MEANS = {
    "breach_points": 0.3,
    "worst_breach_points": 2.0,
    "platinum_points": 1.5,
    "worst_platinum_points": 5.0,
}
AREA_AT_MOST = 1.15
WITHOUT: dict[str, dict[str, Any]] = {
    "no posting": {"posting_horizon_min": 0.0},
    "all of the time to free counted": {"soon_free_permille": 1000},
    "neither of the two": {"posting_horizon_min": 0.0, "soon_free_permille": 1000},
    "engineers at work are not counted on": {"soon_free_permille": 100_000},
    "nobody is turned under way": {"churn_price_weighted_min": 10_000.0},
    "an engineer's time costs nothing": {"backlog_share": 0.0},
}
"""The default policy, each time with one ingredient taken out."""
CHURN_PRICES = (6.0, 30.0, 60.0)
POSTING_PRICES = (0.3, 3.0)
"""The frontier: the default at other prices of churn, and of the road to a post."""

Measured = dict[str, tuple[DispatchPolicy, dict[str, Kind]]]


def variants(arguments: argparse.Namespace) -> dict[str, DispatchPolicy]:
    """Every policy to measure, by name; the shipped ones first."""
    default = shipped_policy("default")
    found = {name: shipped_policy(name) for name in SHIPPED}
    if arguments.ablate:
        found |= {name: default.model_copy(update=change) for name, change in WITHOUT.items()}
    if arguments.frontier:
        prices = [("churn_price_weighted_min", price) for price in CHURN_PRICES]
        prices += [("posting_price_weighted_min_per_km", price) for price in POSTING_PRICES]
        found |= {
            f"{field.split('_')[0]} price {price:g}": default.model_copy(update={field: price})
            for field, price in prices
        }
    return found


def measure(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Replay every scenario, shifted by each seed, under every policy."""
    folders, reference = _scenarios(arguments.scenarios, arguments.reference)
    seeds = _seeds(arguments.seeds)
    missing = [f"{f.name}~{seed}" for f in folders for seed in seeds if f"{f.name}~{seed}" not in reference]
    if missing:
        raise CouldNotMeasure(f"the reference has no figures of {missing[0]}")
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    policies = variants(arguments)
    measured: Measured = {}
    with (
        ProcessPoolExecutor(arguments.processes, initializer=alone) as pool,
        steps.stage("replaying", len(policies) * len(folders) * len(seeds)) as advance,
    ):
        for name, policy in policies.items():
            found = scores(policy, folders, seeds, arguments.keep, pool, advance)
            measured[name] = (policy, _by_kind(found, reference))
    report = report_of(measured, seeds)
    if arguments.frontier:
        draw(_points(measured), Path(arguments.frontier))
        report.notes["frontier"] = arguments.frontier
    return report


def _by_kind(found: Any, reference: Any) -> dict[str, Kind]:
    kinds = {kind: [name for name in found if name.startswith(kind)] for kind in KINDS}
    return {kind: against(found, reference, names) for kind, names in kinds.items() if names}


def _scenarios(folder: Path | None, reference: Path | None) -> tuple[list[Path], Any]:
    if folder is None:
        raise CouldNotMeasure("say with --scenarios where the scenarios are")
    found = [path for path in sorted(folder.glob("*")) if path.name.startswith(KINDS) and path.is_dir()]
    if not found:
        raise CouldNotMeasure(f"{folder} has no folder day-* or storm-*")
    reference = reference or folder.parent / "reference_jitter.json"
    try:
        figures = json.loads(reference.read_text())
    except OSError as error:
        raise CouldNotMeasure(f"the reference's figures {reference} can not be read") from error
    return found, {name: by_way["F"] for name, by_way in figures.items()}


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    try:
        return list(range(int(first), int(last or first) + 1))
    except ValueError as error:
        raise CouldNotMeasure(f"--seeds {text!r} is no number and no range such as 1-5") from error


def report_of(measured: Measured, seeds: Sequence[int]) -> Report:
    """The shipped policies with their bounds, the others without."""
    report = Report("policy", notes={"seeds": list(seeds)})
    for name, (_, kinds) in measured.items():
        for number, (kind, figures) in enumerate(kinds.items()):
            bounded = name in SHIPPED
            _add(report, f"{name}, {kind}s", figures, name if bounded else None, number)
    return report


def _add(report: Report, where: str, figures: Kind, bounds_of: str | None, number: int) -> None:
    def bound(value: float) -> dict[str, float]:
        return {} if bounds_of is None else {"bound": value}

    name = bounds_of or "default"
    report.add(f"{where}: J", figures.j_over_f, "x F", **bound(J_AT_MOST[name][number]))
    report.add(f"{where}: churn", figures.churn, "per incident", **bound(CHURN_AT_MOST[name]))
    report.add(f"{where}: km", figures.km_over_f, "x F", **bound(KM_AT_MOST[name]))
    if bounds_of is None:
        return
    for measure_name, most in MEANS.items():
        words = measure_name.replace("_points", " over F").replace("_", " ")
        report.add(f"{where}: {words}", getattr(figures, measure_name), "points", bound=most)
    report.add(f"{where}: worst over best area", figures.area_over_f, "x F", bound=AREA_AT_MOST)


def _points(measured: Measured) -> dict[str, list[Point]]:
    """By kind: every measured policy that lies on the frontier's lines, the shipped ones named."""
    points: dict[str, list[Point]] = {}
    for name, (_, kinds) in measured.items():
        for kind, figures in kinds.items():
            if name in SHIPPED or " price " in name:
                point = Point(name, figures.churn, figures.km_over_f, figures.j_over_f, name in SHIPPED)
                points.setdefault(kind, []).append(point)
    return points


def main(argv: list[str]) -> int:
    """`muster bench policy`."""
    parser = argparse.ArgumentParser(description=__doc__)
    to_path: Callable[[str], Path] = Path
    parser.add_argument("--scenarios", type=to_path, help="folder with day-* and storm-*")
    parser.add_argument("--reference", type=to_path, help="F's figures; beside the scenarios where not said")
    parser.add_argument("--seeds", default="1-5", help="how places are shifted: 1-5, or one number")
    parser.add_argument(
        "--ablate", action="store_true", help="also the default with each ingredient taken out"
    )
    parser.add_argument("--frontier", metavar="OUT.svg", help="also other prices, and a picture of them")
    parser.add_argument("--keep", type=to_path, help="folder that keeps each run: go on where it stopped")
    parser.add_argument("--processes", type=int, default=1, help="replays at a time")
    return run("policy", parser, measure, argv)
