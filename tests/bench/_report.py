"""The frame of every bench: figures and bounds as a table or as JSON, and the exit code that they mean."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

MET, MISSED, NOT_MEASURED = 0, 1, 2


class CouldNotMeasure(RuntimeError):
    """Something that the measurement needs is missing or did not work; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; with a `bound` it is met or missed."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    sense: Literal["at most", "at least"] = "at most"

    @property
    def met(self) -> bool | None:
        """Whether the bound holds; None where there is none."""
        if self.bound is None:
            return None
        return self.value <= self.bound if self.sense == "at most" else self.value >= self.bound


@dataclass(slots=True)
class Report:
    """What a bench found; `notes` say under which circumstances."""

    bench: str
    figures: list[Figure] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: float, unit: str, **bound: Any) -> None:
        """One more figure."""
        self.figures.append(Figure(name, value, unit, **bound))

    @property
    def exit_code(self) -> int:
        """0 where every bound is met, else 1."""
        return MISSED if any(figure.met is False for figure in self.figures) else MET


Measure = Callable[[argparse.Namespace, "Steps"], Report]


class Steps:
    """Progress on stderr, so that stdout holds the result alone."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def stage(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar of `total` steps; the function moves it on by so many."""
        task = self._progress.add_task(what, total=total)
        yield lambda steps: self._progress.advance(task, steps)
        self._progress.update(task, completed=total)


def run(bench: str, parser: argparse.ArgumentParser, measure: Measure, argv: list[str]) -> int:
    """Measure, print, and return the exit code."""
    parser.prog = f"muster bench {bench}"
    parser.add_argument("--json", action="store_true", help="one JSON object alone on stdout")
    arguments = parser.parse_args(argv)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=arguments.json) as progress:
            report = measure(arguments, Steps(progress))
    except (CouldNotMeasure, ImportError) as error:
        return _say_not_measured(bench, str(error), as_json=arguments.json)
    if arguments.json:
        print(json.dumps(as_json(report), ensure_ascii=False))
    else:
        Console().print(as_table(report))
        for name, note in report.notes.items():
            print(f"{name}: {note}")
    return report.exit_code


def as_json(report: Report) -> dict[str, Any]:
    """The report as one object; a figure that is not finite is null (JSON has no infinity)."""
    return {
        "bench": report.bench,
        "met": report.exit_code == MET,
        "figures": [
            {
                "name": figure.name,
                "value": round(figure.value, 4) if abs(figure.value) != float("inf") else None,
                "unit": figure.unit,
                **({} if figure.bound is None else {figure.sense.replace(" ", "_"): figure.bound}),
                **({} if figure.met is None else {"met": figure.met}),
            }
            for figure in report.figures
        ],
        "notes": report.notes,
    }


def as_table(report: Report) -> Table:
    """The report for people; met and missed are words, not only colours."""
    table = Table(title=f"muster bench {report.bench}", title_justify="left")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("bound", justify="right")
    table.add_column("")
    for figure in report.figures:
        bound = "" if figure.bound is None else f"{figure.sense} {figure.bound:g} {figure.unit}"
        verdict = {None: "", True: "[green]met[/]", False: "[bold red]MISSED[/]"}[figure.met]
        table.add_row(figure.name, f"{_shown(figure.value)} {figure.unit}", bound, verdict)
    return table


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0..1) of the sorted values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 1).__trunc__() - 1))]


def _say_not_measured(bench: str, reason: str, *, as_json: bool) -> int:
    print(f"could not be measured: {reason}", file=sys.stderr)
    if as_json:
        print(json.dumps({"bench": bench, "met": None, "reason": reason}, ensure_ascii=False))
    return NOT_MEASURED
