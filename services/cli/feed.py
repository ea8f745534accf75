"""`muster feed`: play a scenario through the public API alone, and measure from report to assignment."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from services.simulation.feed import Feed
    from services.simulation.scenarios import Scenario

MISTAKE, FAILED, STOPPED = 2, 1, 130


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(feed)


def feed(
    scenario: Annotated[
        Path, typer.Argument(help="A scenario in the yardstick's format.", show_default=False)
    ],
    gateway: Annotated[str, typer.Option(help="The gateway's address.")] = "http://127.0.0.1:8080",
    token: Annotated[
        str,
        typer.Option(
            envvar="MUSTER_TOKEN", help="A token of role service (muster token --role service ...)."
        ),
    ] = "",
    speed: Annotated[float, typer.Option(min=0.1, max=10_000, help="Scenario seconds a wall second.")] = 60.0,
    out: Annotated[Path, typer.Option(help="Where legs.csv and summary.json go.")] = Path("feed"),
    phones: Annotated[str, typer.Option(help="What the phones are like: steady or rough.")] = "steady",
    seed: Annotated[int, typer.Option(help="The seed of the phones' chance.")] = 0,
) -> None:
    """Play incidents and phones through the public API; write legs.csv and summary.json."""
    from services.simulation.profiles import PROFILES
    from services.simulation.scenario_errors import ScenarioError
    from services.simulation.scenarios import read_scenario

    if not token:
        _fail(
            MISTAKE,
            "a token is needed: --token, or MUSTER_TOKEN (muster token --role service --subject feed)",
        )
    if phones not in PROFILES:
        _fail(MISTAKE, f"--phones {phones}: the kinds of phones are {', '.join(sorted(PROFILES))}")
    try:
        found = read_scenario(scenario)
        out.mkdir(parents=True, exist_ok=True)
    except ScenarioError as error:
        _fail(MISTAKE, str(error))
    except OSError as error:
        _fail(MISTAKE, f"--out {out}: {error.strerror}")
    raise typer.Exit(asyncio.run(_feed(found, gateway, token, speed, out, phones, seed)))


def _fail(status: int, line: str) -> NoReturn:
    print(f"muster feed: {line}", file=sys.stderr, flush=True)
    raise typer.Exit(status)


async def _feed(
    scenario: Scenario, url: str, token: str, speed: float, out: Path, phones: str, seed: int
) -> int:
    """Play until the end, SIGINT or SIGTERM; what has happened is written. Return the exit status."""
    from services.simulation.feed import Feed, FeedOptions
    from services.simulation.feed_errors import FeedError, FeedMistake, cause
    from services.simulation.feed_gateway import GatewayClient
    from services.simulation.profiles import PROFILES

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        options = FeedOptions(speed, PROFILES[phones], seed)
        async with GatewayClient(url, token) as client:
            played = Feed(scenario, client, options)
            status = await _until_stopped(played, stop)
    except (FeedError, ExceptionGroup) as group:
        error = cause(group)
        if not isinstance(error, FeedError):
            raise
        print(f"muster feed: {error}", file=sys.stderr, flush=True)
        if isinstance(error, FeedMistake):
            return MISTAKE
        status = FAILED
    _write(played, out)
    return status


async def _until_stopped(played: Feed, stop: asyncio.Event) -> int:
    from services.cli._feed_progress import show_progress

    began = asyncio.Event()
    work = asyncio.create_task(played.run(began.set))
    shown = asyncio.create_task(show_progress(played, began))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopped, work, shown):
        task.cancel()
    ends = await asyncio.gather(work, shown, stopped, return_exceptions=True)
    if isinstance(ends[0], Exception):
        raise ends[0]
    return STOPPED if stop.is_set() else 0


def _write(played: Feed, out: Path) -> None:
    """Write legs.csv and summary.json, and say in one line how it went."""
    from services.simulation.journeys import write_legs

    write_legs(out / "legs.csv", played.legs())
    summary = played.summary()
    (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    p50, p99 = summary["report_to_assignment_ms_p50"], summary["report_to_assignment_ms_p99"]
    print(
        f"feed: {'played to the end' if played.complete else 'stopped'}: {summary['resolved']} of "
        f"{summary['incidents']} resolved, {summary['unserved']} unserved; report to assignment "
        f"p50 {p50} ms, p99 {p99} ms ({summary['report_to_assignment_count']} assigned at once); "
        f"written to {out}",
        flush=True,
    )
