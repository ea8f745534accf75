"""Bring up one installation, announce its board, play the scenario, and look after it until cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.cli._autoscale import Autoscale, Pool
from services.cli._engines import EngineChoice, Engines
from services.cli._own_secret import own_secret, state_folder
from services.cli._stack import (
    DEFAULT_PORT,
    RELAY_PORT,
    SCALER_PORT,
    WORKER_PORT,
    Installation,
    NotReady,
    choose_port,
    environment,
    gateway,
    look_after_engines,
    muster,
    relays,
    scaler,
    start_processes,
    wait_until_ready,
    windows,
    workers,
    write_environment,
)
from services.cli._supervisor import Spec, Supervisor

TOKEN_TTL_S = 7 * 24 * 3600.0
TOPICS_WITHIN_S = 120.0
RELAY_EVERY_S = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """The options of `muster up`; `scenario` is a checked directory, `builtin` or `none`."""

    broker: str
    redis: str
    workers: int
    scenario: str
    speed: float
    clock: Literal["wall", "feed"]
    port: int
    host: str
    tls: bool
    relays: int = 1
    autoscale: bool = False
    max_workers: int = 0
    max_relays: int = 0


async def bring_up(wanted: Wanted, say: Say) -> None:
    """Start everything and keep it running until cancelled; whatever happens, nothing stays behind."""
    installation = _installation(wanted)
    installation.folder.mkdir(parents=True, exist_ok=True)
    if installation.port != (wanted.port or DEFAULT_PORT):
        say(f"muster up: port {DEFAULT_PORT} is taken, this one is on port {installation.port}")
    keep = wanted.scenario == "none"
    engines = Engines(EngineChoice(wanted.broker, wanted.redis, installation.folder, keep))
    supervisor = Supervisor(installation.logs, lambda line: say(f"muster up: {line}"))
    try:
        say(f"muster up: starting (broker {wanted.broker}, Redis {_kind(wanted.redis)})")
        await _run(wanted, installation, engines, supervisor, say)
    finally:
        await supervisor.stop()
        await engines.stop()


def _installation(wanted: Wanted) -> Installation:
    state = state_folder()
    secret = own_secret(state)
    port = choose_port(wanted.port)
    tls = None
    if wanted.tls:
        from services.cli._certificate import self_made_certificate

        tls = self_made_certificate(state / "tls", wanted.host)
    most_relays = max(wanted.relays, wanted.max_relays) if wanted.autoscale else wanted.relays
    return Installation(
        state / f"up-{port}",
        wanted.host,
        port,
        wanted.workers,
        wanted.clock,
        secret,
        tls,
        _ports(RELAY_PORT, most_relays),
        wanted.relays,
        _ports(WORKER_PORT, max(wanted.workers, wanted.max_workers)) if wanted.autoscale else (),
        choose_port(0, SCALER_PORT) if wanted.autoscale else 0,
    )


def _ports(first: int, count: int) -> tuple[int, ...]:
    """So many free ports, from this one on."""
    ports: list[int] = []
    for _ in range(count):
        ports.append(choose_port(0, ports[-1] + 1 if ports else first))
    return tuple(ports)


def _kind(redis: str) -> str:
    return redis if redis == "embedded" else "elsewhere"


async def _run(
    wanted: Wanted, installation: Installation, engines: Engines, supervisor: Supervisor, say: Say
) -> None:
    async with asyncio.TaskGroup() as starting:
        starting.create_task(engines.start())
        played = starting.create_task(_scenario(wanted.scenario, installation.folder / "scenario"))
    scenario = played.result()
    env = environment(installation, engines)
    await _make_topics(env)
    fleet, nodes = list(workers(installation, env)), list(relays(installation, env))
    await start_processes(supervisor, [gateway(env), *fleet[: installation.workers]])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(supervisor.watch())
        tasks.create_task(look_after_engines(engines, lambda line: say(f"muster up: {line}")))
        await wait_until_ready(installation, supervisor)
        supervisor.start(windows(env))
        await start_processes(supervisor, nodes[: installation.relays])
        if installation.autoscale:
            supervisor.start(scaler(installation, env))
            pools = (Pool("workers", "worker", fleet), Pool("relays", "relay node", nodes))
            url = f"http://127.0.0.1:{installation.scaler_port}/desired"
            follow = Autoscale(supervisor, url, pools, lambda line: say(f"muster up: {line}"))
            tasks.create_task(follow.run())
        _announce(wanted, installation, scenario, write_environment(installation.folder, env), say)
        if scenario is not None:
            supervisor.start(_feed(wanted, installation, scenario))
            await _relay(supervisor, say)


async def _make_topics(env: dict[str, str]) -> None:
    """Create what is missing; topics that are there stay as they are."""
    from streams.settings import WorkerSettings
    from streams.topics import TopicTrouble, ensure_topics

    settings = WorkerSettings(broker=env["MUSTER_BROKER"], topic_prefix=env["MUSTER_TOPIC_PREFIX"])
    try:
        async with asyncio.timeout(TOPICS_WITHIN_S):
            await ensure_topics(settings)
    except (TopicTrouble, TimeoutError) as error:
        raise NotReady(f"the topics can not be made: {str(error) or 'the broker takes too long'}") from error


async def _scenario(named: str, folder: Path) -> Path | None:
    """The directory to play, None for `none`; the builtin storm is written into `folder`."""
    if named == "none":
        return None
    if named != "builtin":
        return Path(named)
    from services.simulation.making import write_builtin

    await asyncio.to_thread(write_builtin, folder)
    return folder


def _announce(
    wanted: Wanted, installation: Installation, scenario: Path | None, env_file: Path, say: Say
) -> None:
    """The board's address alone on the first line; then what else a person wants to know."""
    from services.gateway.tokens import Tokens

    tokens = Tokens(installation.secret)
    say(f"{installation.url}/#token={tokens.sign('dispatcher', 'dispatcher', ['*'], TOKEN_TTL_S)}")
    say("  the board, for the dispatcher of all regions (the link is good for a week)")
    if scenario is not None:
        from services.simulation.scenarios import read_scenario

        found = read_scenario(scenario)
        say(
            f"  playing {found.name}: {len(found.reports)} incidents, {len(found.engineers)} engineers, "
            f"at {wanted.speed:g} x"
        )
        if found.engineers:
            one = found.engineers[0]
            token = tokens.sign(one.engineer_id, "technician", [one.region], TOKEN_TTL_S)
            say(f"  the job page of technician {one.engineer_id}: {installation.url}/job#token={token}")
    if wanted.relays:
        expert = tokens.sign("expert", "expert", ["*"], TOKEN_TTL_S)
        say(f"  remote assist, for an expert of all regions: {installation.url}/assist#token={expert}")
    say(f"  logs: {installation.logs}; for other commands: . {env_file}")
    say("  stop: Ctrl-C")


def _feed(wanted: Wanted, installation: Installation, scenario: Path) -> Spec:
    """The process that plays the scenario; its token goes by the environment, where `ps` shows nothing."""
    from services.gateway.tokens import Tokens

    token = Tokens(installation.secret).sign("feed", "service", ["*"], TOKEN_TTL_S)
    out = installation.folder / "feed"
    options = ("--gateway", installation.url, "--speed", f"{wanted.speed:g}", "--out", str(out))
    return Spec("feed", muster("feed", str(scenario), *options), {"MUSTER_TOKEN": token}, once=True)


async def _relay(supervisor: Supervisor, say: Say) -> None:
    """Repeat the feed's lines until it ends, then say how it ended."""
    with supervisor.log_file("feed").open(encoding="utf-8", errors="replace") as log:
        status: int | None = None
        while status is None:
            status = await supervisor.end_of("feed", RELAY_EVERY_S)
            for line in log.read().splitlines():
                say(line)
    say(
        "muster up: the scenario has been played; everything stays up until Ctrl-C"
        if status == 0
        else f"muster up: the feed ended with {status}: {supervisor.log_file('feed')}; the rest stays up"
    )
