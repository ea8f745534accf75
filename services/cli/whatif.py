"""`muster whatif`: the futures with and without a move, before anybody commits it. It writes to no log."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli._fork_plan import CAN_NOT, MISTAKE, Wish, fail, plan_wished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.whatif import ForkReport
    from services.cli._fork_pool import Played
    from services.dispatch.fold import PartitionFold
    from services.whatif.fork import Fork

EACH_UP_TO, THEN_EVERY = 20, 5
"""The first so many futures are each told as they come, the further ones some at a time."""


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(whatif)


def whatif(
    scenario: Annotated[Path | None, typer.Argument(help="A scenario, instead of the live log.")] = None,
    at: Annotated[str | None, typer.Option(help="Up to when it is replayed: 2026-03-16T12:00:00Z.")] = None,
    move: Annotated[list[str] | None, typer.Option(help="ENGINEER:REGION, once for each who goes.")] = None,
    to: Annotated[str | None, typer.Option(help="The region that --count engineers are to help.")] = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="From wherever they are missed least.")] = 5,
    plan: Annotated[Path | None, typer.Option(help="A plan as JSON, as --json shows it; - is stdin.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Look at these alone, once for each.")] = None,
    loan_min: Annotated[float, typer.Option(min=1, max=10_000, help="How long they are lent.")] = 360.0,
    hours: Annotated[float, typer.Option(min=0.25, max=12, help="How far the futures go.")] = 3.0,
    futures: Annotated[int, typer.Option(min=1, max=200, help="How many; more narrow the interval.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line, the last holds.")] = False,
) -> None:
    """Show the regions' futures with and without a move: waiting, broken promises, work left over."""
    from services.cli._fork_pool import play_all
    from services.whatif.fork import CannotFork, fork_of
    from services.whatif.plans import NoPlan

    folds = _live_folds() if scenario is None else _replayed_folds(scenario, at)
    try:
        wish = Wish(move or [], to, count, plan, loan_min, region)
        chosen = plan_wished(folds, wish)
        fork = fork_of(folds, chosen, hours * 60, region)
    except (CannotFork, NoPlan) as trouble:
        fail(str(trouble), CAN_NOT)
    reports = _reports(fork, play_all(fork, futures), futures)
    if as_json:
        for report in reports:
            typer.echo(report.model_dump_json(exclude_none=True))
        return
    from services.cli._fork_text import show_live

    show_live(reports, futures)


def _reports(fork: Fork, played: Iterator[Played], wanted: int) -> Iterator[ForkReport]:
    """What is known after each future, or after some more of them."""
    pairs, cpu_s = [], 0.0
    for one in played:
        pairs.append(one.pair)
        cpu_s += one.cpu_s
        done = len(pairs)
        if done <= EACH_UP_TO or done == wanted or done % THEN_EVERY == 0:
            each = round(cpu_s / done, 3)
            yield fork.report(pairs, wanted).model_copy(update={"cpu_s_per_future": each})


def _replayed_folds(folder: Path, at: str | None) -> list[PartitionFold]:
    from services.simulation.replay import Replay
    from services.simulation.scenario_errors import ScenarioError
    from services.simulation.scenarios import read_scenario

    try:
        scenario = read_scenario(folder)
    except ScenarioError as trouble:
        fail(str(trouble), MISTAKE)
    moment = _moment(at)
    if moment is None or not scenario.reports or moment <= scenario.reports[0].reported_at:
        fail(f"--at {at}: with a scenario a moment after its first report, as 2026-03-16T12:00:00Z", MISTAKE)
    return Replay(scenario).play_until(moment)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def _live_folds() -> list[PartitionFold]:
    from streams.kafka import AWAY
    from streams.logs import configure_logging
    from streams.settings import WorkerSettings
    from streams.whatif import CannotRead, present_folds

    configure_logging("error")
    try:
        return asyncio.run(present_folds(WorkerSettings()))
    except (CannotRead, *AWAY) as trouble:
        fail(f"whatif: {trouble}", CAN_NOT)
