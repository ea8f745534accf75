"""`muster up`: a whole installation on this machine, and a scenario played through it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from services.cli._installation import Wanted

DEFAULT_PORT = 8080
FAILED, MISTAKE = 1, 2


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(up)


def up(
    broker: Annotated[str, typer.Option(help="embedded, kafka (a real one here) or HOST:PORT.")] = "embedded",
    redis: Annotated[str, typer.Option(help="embedded or a redis:// URL.")] = "embedded",
    workers: Annotated[int, typer.Option(min=1, max=12, help="How many dispatch workers.")] = 2,
    scenario: Annotated[str, typer.Option(help="A scenario's directory, builtin or none.")] = "builtin",
    speed: Annotated[float, typer.Option(min=0.1, max=10_000, help="Scenario seconds a wall second.")] = 60.0,
    clock: Annotated[
        str, typer.Option(help="wall or feed: where time comes from; a played scenario is always feed.")
    ] = "wall",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help=f"The gateway's; 0: {DEFAULT_PORT} or the next free one.")
    ] = 0,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    tls: Annotated[bool, typer.Option("--tls", help="HTTPS with a self-made certificate.")] = False,
    relays: Annotated[int, typer.Option(min=0, max=16, help="How many relay nodes for remote assist.")] = 1,
    autoscale: Annotated[
        bool, typer.Option("--autoscale", help="Start and drain workers and relay nodes with the load.")
    ] = False,
    max_workers: Annotated[
        int, typer.Option(min=0, max=12, help="With --autoscale; 0: one a core, but one more than --workers.")
    ] = 0,
    max_relays: Annotated[
        int, typer.Option(min=0, max=16, help="With --autoscale; 0: one a core, but none without --relays.")
    ] = 0,
) -> None:
    """Start broker, Redis, workers, gateway and board, and play a storm: stop with Ctrl-C."""
    if clock not in {"wall", "feed"}:
        raise typer.BadParameter(f"{clock!r}: it is wall or feed", param_hint="--clock")
    _check_engines(broker, redis)
    from services.cli._installation import Wanted

    mode: Literal["wall", "feed"] = "feed" if scenario != "none" or clock == "feed" else "wall"
    most = _most(workers, max_workers, 12), _most(relays, max_relays, 16) if relays else 0
    wanted = Wanted(
        broker, redis, workers, _scenario(scenario), speed, mode, port, host, tls, relays, autoscale, *most
    )
    raise typer.Exit(asyncio.run(_until_stopped(wanted)))


def _most(least: int, wanted: int, limit: int) -> int:
    """The upper limit of a kind of process: as said, else the cores of this machine."""
    return min(limit, wanted or max(least + 1, os.cpu_count() or 1))


def _check_engines(broker: str, redis: str) -> None:
    name, _, number = broker.rpartition(":")
    if broker not in {"embedded", "kafka"} and not (name and number.isdecimal() and int(number) < 65_536):
        raise typer.BadParameter(f"{broker!r}: it is embedded, kafka or HOST:PORT", param_hint="--broker")
    if redis != "embedded" and not redis.startswith(("redis://", "rediss://")):
        raise typer.BadParameter(f"{redis!r}: it is embedded or a redis:// URL", param_hint="--redis")


def _scenario(named: str) -> str:
    """The scenario checked before anything starts: a broken one is named by file and line."""
    if named in {"builtin", "none"}:
        return named
    from services.simulation.scenario_errors import ScenarioError
    from services.simulation.scenarios import read_scenario

    try:
        read_scenario(Path(named))
    except ScenarioError as error:
        print(f"muster up: --scenario {named}: {error}", file=sys.stderr, flush=True)
        raise typer.Exit(MISTAKE) from error
    return str(Path(named).absolute())


def _say(line: str) -> None:
    """One line for a person, at once also into a file, never wrapped."""
    print(line, flush=True)


def _quiet_logs() -> None:
    """Only warnings of what this process does itself, and not among the lines for a person."""
    import structlog

    # A new topic has no leader for a moment: aiokafka tells of each try, and tries again.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def _until_stopped(wanted: Wanted) -> int:
    """Run until SIGINT or SIGTERM (also where they were ignored at the start); return the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    from services.cli._installation import bring_up

    _quiet_logs()
    work = asyncio.create_task(bring_up(wanted, _say))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        _say("muster up: stopping")
    work.cancel()
    stopped.cancel()
    (end, _) = await asyncio.gather(work, stopped, return_exceptions=True)
    return 0 if stop.is_set() else _failed(end)


def _failed(end: BaseException | None) -> int:
    """Say in one line why it ended by itself; what nobody expected keeps its traceback."""
    from deploy.local.errors import EngineError
    from services.cli._engines import EngineUnreachable
    from services.cli._own_secret import SecretUnusable
    from services.cli._stack import NotReady, PortTaken
    from services.cli._supervisor import ChildKeepsDying
    from services.simulation.feed_errors import cause

    error = cause(end) if end is not None else None
    if isinstance(error, PortTaken | SecretUnusable):
        print(f"muster up: {error}", file=sys.stderr, flush=True)
        return MISTAKE
    if isinstance(error, NotReady | ChildKeepsDying | EngineError | EngineUnreachable):
        print(f"muster up: {error}", file=sys.stderr, flush=True)
        return FAILED
    assert end is not None  # bring_up ends only by an error
    raise end
