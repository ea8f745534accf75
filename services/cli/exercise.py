"""`muster exercise`: begin a drill on a copy of a region, and play a storm into it for a team to train."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from schemas.regions import EngineerRegistered, RegionDefined
    from services.simulation.drilling import Drilled
    from services.simulation.feed import Feed
    from services.simulation.feed_gateway import GatewayClient
    from services.simulation.scenarios import Scenario

MISTAKE, FAILED, STOPPED = 2, 1, 130
PAGE = 500
ANSWERS_WITHIN_S = 5.0
"""A gateway that has not answered by then is not there, or not at this address."""
LEAD_S = 2.0
"""Between the beginning and the first report, in the region's time."""


Beside = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="REGION",
        help="Drill in this region too, without a storm: its copies may be lent. Repeat it for more.",
        show_default=False,
    ),
]


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(exercise)


def exercise(
    region: Annotated[str, typer.Argument(help="The real region to copy.", show_default=False)],
    beside: Beside = None,
    scenario: Annotated[
        Path | None,
        typer.Option(help="A scenario to play; without one an invented storm.", show_default=False),
    ] = None,
    gateway: Annotated[str, typer.Option(help="The gateway's address.")] = "http://127.0.0.1:8080",
    token: Annotated[
        str,
        typer.Option(
            envvar="MUSTER_TOKEN", help="A token of role service (muster token --role service ...)."
        ),
    ] = "",
    speed: Annotated[
        float | None, typer.Option(min=0.1, max=10_000, help="As the gateway's clock runs; 1 on the wall's.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=48, help="So much of the scenario is played.")] = 4.0,
    strength: Annotated[
        float, typer.Option(min=0.1, max=20, help="Reports come so many times as fast as in the scenario.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The seed of the invented storm and of the phones' chance.")] = 0,
    phones: Annotated[bool, typer.Option(help="Let simulated phones answer for the engineers.")] = True,
    keep: Annotated[bool, typer.Option(help="Leave the drill running afterwards.")] = False,
) -> None:
    """Drill on a copy of a region: its engineers under names of their own, a storm, no real phone."""
    if not token:
        _fail(MISTAKE, "a token is needed: --token, or MUSTER_TOKEN (muster token --role service ...)")
    regions = list(dict.fromkeys([region, *(beside or [])]))

    def drill() -> int:
        storm = _storm(scenario, seed, strength)
        return asyncio.run(_drill(regions, storm, gateway, token, speed, hours, seed, phones, keep))

    raise typer.Exit(_status(drill))


def _status(drill: Callable[[], int]) -> int:
    """How it went; what somebody can mend ends the command with a sentence."""
    from services.simulation.feed_errors import FeedError, FeedMistake, cause
    from services.simulation.scenario_errors import ScenarioError

    try:
        return drill()
    except ScenarioError as error:
        _fail(MISTAKE, str(error))
    except (FeedError, ExceptionGroup) as group:
        error_found = cause(group)
        if not isinstance(error_found, FeedError):
            raise
        _fail(MISTAKE if isinstance(error_found, FeedMistake) else FAILED, str(error_found))


def _fail(status: int, line: str) -> NoReturn:
    print(f"muster exercise: {line}", file=sys.stderr, flush=True)
    raise typer.Exit(status)


def _storm(folder: Path | None, seed: int, strength: float) -> Scenario:
    from services.simulation.drilling import denser
    from services.simulation.making import make_scenario
    from services.simulation.scenarios import read_scenario

    if folder is not None:
        return denser(read_scenario(folder), strength)
    with tempfile.TemporaryDirectory() as made:
        make_scenario("storm", seed, Path(made) / "storm")
        return denser(read_scenario(Path(made) / "storm"), strength)


async def _drill(
    regions: list[str],
    storm: Scenario,
    url: str,
    token: str,
    speed: float | None,
    hours: float,
    seed: int,
    phones: bool,
    keep: bool,
) -> int:
    from services.simulation.drilling import accompanied, laid_over, within
    from services.simulation.feed import Feed, FeedOptions
    from services.simulation.feed_gateway import PATIENCE_S, GatewayClient
    from services.simulation.profiles import STEADY

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    run = secrets.token_hex(3)
    async with GatewayClient(url, token, patience_s=ANSWERS_WITHIN_S) as client:
        wall = (await client.send("GET", "/v1/me")).json()["clock"] == "wall"
        client.patience_s = PATIENCE_S  # a drill that runs outlives a gateway's restart
        try:
            (defined, engineers), *neighbours = [await _begin(client, region, run) for region in regions]
            pace = (1.0 if wall else 60.0) if speed is None else speed
            first = await _now(client, wall) + timedelta(seconds=LEAD_S * pace)
            played = within(laid_over(storm, defined, engineers, first, run), hours)
            print(
                f"exercise: {defined.region} has begun: {len(engineers)} engineers,"
                f" {len(played.reports)} reports to come{_beside(neighbours)}; nothing of it is real",
                flush=True,
            )
            options = FeedOptions(pace, STEADY, seed, drill=True, wall=wall, phones=phones)
            return await _play(Feed(accompanied(played, neighbours), client, options), stop)
        finally:
            await _end(client, [] if keep else regions, run)


async def _now(client: GatewayClient, wall: bool) -> datetime:
    said = (await client.send("GET", "/v1/me")).json().get("now")
    return datetime.now(UTC) if wall or not said else datetime.fromisoformat(said)


def _beside(neighbours: Sequence[Drilled]) -> str:
    said = ", ".join(f"{defined.region} ({len(engineers)})" for defined, engineers in neighbours)
    return f"; beside it {said}" if said else ""


async def _play(feed: Feed, stop: asyncio.Event) -> int:
    try:
        return await _until_stopped(feed, stop)
    finally:
        print(f"exercise: {_figures(feed.summary())}", flush=True)


async def _end(client: GatewayClient, regions: list[str], run: str) -> None:
    """Every drill is over, also where one of them can not be ended or had not begun."""
    from services.simulation.feed_errors import FeedError

    for region in regions:
        try:
            await client.send("DELETE", f"/v1/regions/{region}/exercise", key=f"drill-{run}-{region}-end")
            print(f"exercise: the drill of {region} is over", flush=True)
        except FeedError as error:
            print(f"exercise: the drill of {region} was not ended: {error}", file=sys.stderr, flush=True)


async def _begin(
    client: GatewayClient, region: str, run: str
) -> tuple[RegionDefined, list[EngineerRegistered]]:
    """Begin the drill; its definition, and its engineers on shift as the gateway shows them.

    Their shifts begin with the next tick of the clock after their registration.
    """
    from schemas.exercises import exercise_of
    from schemas.regions import EngineerRegistered, RegionDefined

    name = exercise_of(region)
    on_shift = sum(view["state"] != "off_shift" for view in await _engineers(client, region))
    await client.send("POST", f"/v1/regions/{region}/exercise", key=f"drill-{run}-{region}")
    placed: list[dict[str, Any]] = []
    for _ in range(100):
        placed = [view for view in await _engineers(client, name) if view.get("place")]
        if len(placed) >= on_shift:
            break
        await asyncio.sleep(0.2)
    defined = RegionDefined.model_validate((await client.send("GET", f"/v1/regions/{name}")).json())
    return defined, [
        EngineerRegistered(
            engineer_id=view["engineer_id"], region=name, home=view["place"], skills=view["skills"]
        )
        for view in placed
    ]


async def _engineers(client: GatewayClient, region: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = (await client.send("GET", f"/v1/engineers?region={region}&limit={PAGE}{more}")).json()
        found += page["items"]
        cursor = page.get("next_cursor") or ""
        if not cursor:
            return found


def _figures(summary: dict[str, Any]) -> str:
    return f"{summary['resolved']} of {summary['incidents']} resolved, {summary['unserved']} unserved"


async def _until_stopped(feed: Feed, stop: asyncio.Event) -> int:
    work, stopped = asyncio.create_task(feed.run()), asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopped, work):
        task.cancel()
    ends = await asyncio.gather(work, stopped, return_exceptions=True)
    if isinstance(ends[0], Exception):
        raise ends[0]
    return STOPPED if stop.is_set() else 0
