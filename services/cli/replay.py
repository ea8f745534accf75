"""`muster replay`: a scenario against the dispatcher's own fold, without a broker."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.dispatch.policy import DispatchPolicy
    from services.simulation.profiles import PhoneProfile
    from services.simulation.scenarios import Scenario
    from services.surge.policy import LendingPolicy

MISTAKE = 2
LENDING = ("on", "off", "careful", "all-out")


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    scenario: Annotated[
        Path, typer.Argument(help="A scenario in the yardstick's format.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option(help="Where legs.csv, decisions.jsonl and summary.json go; made when missing.")
    ],
    policy: Annotated[
        str, typer.Option(help="A shipped policy (default, calm) or a policy file.")
    ] = "default",
    phones: Annotated[str, typer.Option(help="What the phones are like: steady or rough.")] = "steady",
    seed: Annotated[int, typer.Option(help="The seed of the phones' chance.")] = 0,
    lending: Annotated[str, typer.Option(help="on or off: may regions lend engineers to each other.")] = "on",
) -> None:
    """Replay a scenario in virtual time; write its legs, its decisions and a summary."""
    from services.simulation.policy_files import PolicyError, policy_named
    from services.simulation.profiles import PROFILES
    from services.simulation.scenario_errors import ScenarioError
    from services.simulation.scenarios import read_scenario

    if phones not in PROFILES:
        _fail(f"--phones {phones}: the kinds of phones are {', '.join(sorted(PROFILES))}")
    if lending not in LENDING:
        _fail(f"--lending {lending}: it is on (the default policy), off, careful or all-out")
    began = time.perf_counter()
    try:
        chosen = policy_named(policy)
        found = read_scenario(scenario)
        out.mkdir(parents=True, exist_ok=True)
        summary = _run(found, chosen, PROFILES[phones], seed, out, began, _willing(lending))
    except PolicyError as error:
        _fail(f"--policy: {error}")
    except ScenarioError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"--out {out}: {error.strerror}")
    _show(found.name, summary)


def _willing(lending: str) -> LendingPolicy | None:
    """How readily regions lend; None: not at all."""
    from services.surge.policy import shipped_lending_policy

    return None if lending == "off" else shipped_lending_policy("default" if lending == "on" else lending)


def _run(
    scenario: Scenario,
    policy: DispatchPolicy,
    profile: PhoneProfile,
    seed: int,
    out: Path,
    began: float,
    lending: LendingPolicy | None,
) -> dict[str, Any]:
    from services.simulation.journeys import write_legs
    from services.simulation.replay import Replay
    from services.simulation.written import summary_of, write_decisions, write_summary

    with _progress(scenario.name, len(scenario.reports)) as closed:
        outcome = Replay(scenario, policy, profile, seed, progress=closed, lending=lending).run()
    write_legs(out / "legs.csv", outcome.legs)
    decision_hash = write_decisions(out / "decisions.jsonl", outcome.decisions)
    summary = summary_of(outcome, decision_hash, time.perf_counter() - began)
    summary |= {"policy": policy.name, "phones": profile.name, "seed": seed}
    write_summary(out / "summary.json", summary)
    return summary


@contextmanager
def _progress(name: str, incidents: int) -> Iterator[Callable[[int], None] | None]:
    """A progress bar of closed incidents on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=incidents)
        yield lambda closed: bar.update(task, completed=closed)


def _show(name: str, summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=name or None, show_header=False)
    for figure, value in summary.items():
        shown = len(value) if isinstance(value, list) else value
        table.add_row(figure, str(shown))
    Console().print(table)


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(MISTAKE)
