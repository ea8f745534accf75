"""`muster scenario make`: write an invented scenario in the yardstick's format."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

MISTAKE = 2


class KindOption(StrEnum):
    """The kinds of scenario there are."""

    DAY = "day"
    STORM = "storm"
    AID = "aid"


def attach(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Make scenarios in the yardstick's format.", no_args_is_help=True)
    group.callback()(_group)
    group.command("make")(make)
    app.add_typer(group, name="scenario")


def _group() -> None:
    """Make scenarios in the yardstick's format."""


def make(
    kind: Annotated[
        KindOption, typer.Option(help="An ordinary day, a storm, or a storm beside three helpers.")
    ],
    out: Annotated[Path, typer.Option(help="The directory to write; made when missing.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
) -> None:
    """Write an invented scenario around real cities."""
    from rich.console import Console

    from services.simulation.making import make_scenario
    from services.simulation.scenarios import read_scenario

    try:
        make_scenario(kind.value, seed, out)
    except OSError as error:
        print(f"--out {out}: {error.strerror}", file=sys.stderr)
        raise typer.Exit(MISTAKE) from error
    made = read_scenario(out)
    Console(soft_wrap=True).print(
        f"{made.name}: {len(made.reports)} incidents, {len(made.engineers)} engineers, "
        f"{len(made.regions)} region(s) in {out}",
        highlight=False,
    )
