"""Our policies and other dispatchers on the same days, in one simulator, by the same measures (issue 4)."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from services.dispatch.fold import PartitionFold
from services.dispatch.shipped import SHIPPED, shipped_policy
from services.simulation.replay import Replay
from services.simulation.scenario_errors import ScenarioError
from services.simulation.scenarios import Scenario, read_scenario
from services.simulation.written import percentile
from tests.bench._peers import ready
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench._yardstick import score

MEASURES = (("J", "min"), ("breach", "%"), ("km", "km"), ("churn", ""), ("p99", "ms"))
"""km and churn are per incident; p99 is one event's, with our receipts and without a peer's."""
SEED = 0


class Day(NamedTuple):
    """One dispatcher on one scenario."""

    J: float
    breach: float
    km: float
    churn: float
    p99: float


def scenarios_in(folder: Path) -> list[Path]:
    """The scenarios in a folder, or the folder itself where it is one. CouldNotMeasure: there is none."""
    found = sorted(file.parent for file in folder.glob("*/scenario.json"))
    if (folder / "scenario.json").is_file():
        found = [folder]
    if not found:
        raise CouldNotMeasure(f"no scenario.json in {folder} or a folder in it")
    return found


def dispatchers(against: Sequence[str]) -> dict[str, Callable[[Scenario], Replay]]:
    """How each is replayed, by name: what ships first."""

    def ours(name: str) -> Callable[[Scenario], Replay]:
        return lambda scenario: Replay(scenario, shipped_policy(name), seed=SEED)

    def peers(fold: type[PartitionFold]) -> Callable[[Scenario], Replay]:
        return lambda scenario: Replay(scenario, seed=SEED, fold=fold)

    return {name: ours(name) for name in SHIPPED} | {name: peers(ready(name)) for name in against}


def played(scenario: Scenario, replay: Replay) -> Day:
    """One replay and its measures."""
    outcome = replay.run()
    scored = score(scenario, outcome.legs)
    milliseconds = sorted(ns / 1e6 for ns in outcome.step_ns)
    return Day(
        scored.J, scored.breach_pct, scored.km_per_incident, scored.churn, percentile(milliseconds, 99)
    )


def measure(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Every dispatcher on every scenario."""
    against = [name for name in arguments.against.split(",") if name]
    chosen = dispatchers(against)
    days: dict[str, dict[str, Day]] = {name: {} for name in chosen}
    folders = scenarios_in(arguments.scenarios)
    with steps.stage("replaying", len(folders) * len(chosen)) as advance:
        for folder in folders:
            try:
                scenario = read_scenario(folder)
            except ScenarioError as error:
                raise CouldNotMeasure(str(error)) from error
            for name, replay in chosen.items():
                days[name][folder.name] = played(scenario, replay(scenario))
                advance(1)
    draw(days, arguments.plot)
    report = Report("dispatch", notes={"plot": str(arguments.plot), "phones": f"steady, seed {SEED}"})
    for name, of in days.items():
        for measured, unit in MEASURES:
            report.add(
                f"{name}: {measured}, mean", fmean(getattr(day, measured) for day in of.values()), unit
            )
    for folder in folders:
        for name in chosen:
            report.add(f"{folder.name}, {name}: J", days[name][folder.name].J, "min")
    return report


WIDTH, ROW, GAP, LABEL = 190, 18, 46, 120
INK, OURS, THEIRS = "#333", "#0b6bcb", "#9aa7b3"


def draw(days: Mapping[str, Mapping[str, Day]], out: Path) -> None:
    """Five panels of bars, the mean of each measure; what ships is blue."""
    names = list(days)
    height = GAP + ROW * len(names) + 14
    body = []
    for panel, (measured, unit) in enumerate(MEASURES):
        left = LABEL + panel * (WIDTH + 30)
        means = [fmean(getattr(day, measured) for day in days[name].values()) for name in names]
        longest = max(means) or 1.0
        body.append(f'<text x="{left}" y="26" font-weight="bold">{measured} {unit and f"({unit})"}</text>')
        for line, (name, mean) in enumerate(zip(names, means, strict=True)):
            y = GAP + line * ROW
            colour = OURS if name in SHIPPED else THEIRS
            bar = f'width="{max(1.0, mean / longest * (WIDTH - 50)):.1f}" height="{ROW - 5}" fill="{colour}"'
            body.append(f'<rect x="{left}" y="{y}" {bar}/>')
            body.append(
                f'<text x="{left + mean / longest * (WIDTH - 50) + 5:.1f}" y="{y + 11}">{mean:.3g}</text>'
            )
    for line, name in enumerate(names):
        body.append(f'<text x="{LABEL - 10}" y="{GAP + line * ROW + 11}" text-anchor="end">{name}</text>')
    whole = LABEL + len(MEASURES) * (WIDTH + 30)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{height}" '
        f'viewBox="0 0 {whole} {height}" font-family="sans-serif" font-size="12" fill="{INK}">'
        '<rect width="100%" height="100%" fill="#fff"/>'
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join([head, *body, "</svg>"]) + "\n", encoding="utf-8")


def main(argv: list[str]) -> int:
    """`muster bench dispatch`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=Path, required=True, help="a scenario, or a folder of scenarios")
    parser.add_argument(
        "--against", default="greedy,matching", help="of greedy, matching, vroom; with commas"
    )
    parser.add_argument("--plot", type=Path, default=Path("muster-dispatch.svg"), help="the picture to write")
    return run("dispatch", parser, measure, argv)
