"""`muster bench NAME`: runs one measurement of tests/bench and says whether it met its bounds."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]
BENCHES = ROOT / "tests" / "bench"
NOT_MEASURED = 2


def attach(app: typer.Typer) -> None:
    """Add `muster bench`."""
    app.command("bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(bench)


def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="fold, stream, locations ... : a file of tests/bench")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object alone on stdout.")] = False,
) -> None:
    """Measure: 0 where every bound is met, 1 where one is not, 2 where it could not be measured.

    Further arguments go to the bench itself: `muster bench fold --help` names them.
    """
    found, name = bench_names(), name.replace("-", "_")
    if not found:
        _not_measured(f"the benches are in the source tree's tests/bench, and {BENCHES} is not there")
    if name not in found:
        _not_measured(f"no bench is called {name!r}; there are: {', '.join(found)}")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    measure = importlib.import_module(f"tests.bench.{name}").main
    raise typer.Exit(measure([*context.args, *(["--json"] if as_json else [])]))


def bench_names() -> list[str]:
    """The benches of this source tree; none where Muster is installed without its tests."""
    return sorted(path.stem for path in BENCHES.glob("*.py") if not path.stem.startswith(("_", "test_")))


def _not_measured(reason: str) -> None:
    typer.echo(f"could not be measured: {reason}", err=True)
    raise typer.Exit(NOT_MEASURED)
