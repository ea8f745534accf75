"""Lending live: a storm fed into a fleet whose workers are killed in the middle of moves (issue 6)."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiokafka import TopicPartition

from schemas.decisions import Decision
from schemas.topics import REGION_PARTITIONS
from services.cli._stack import muster
from services.gateway.tokens import Tokens
from services.simulation.checkers import Invariants
from services.simulation.lending_checker import Moves
from services.simulation.replay import Replay
from services.simulation.scenario_errors import ScenarioError
from services.simulation.scenarios import Scenario, read_scenario
from services.surge.policy import SHIPPED, shipped_lending_policy
from streams.kafka import new_reader
from streams.settings import WorkerSettings
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench._yardstick import read_legs, score
from tests.e2e.up_runs import UpRun, muster_up

J_AT_MOST = 1.2
MOVES = frozenset({"lending_committed", "lending_released"})
BETWEEN_KILLS_S = 45.0
"""So long a fleet has to be whole again before the next worker dies."""


async def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Play the scenario live, kill, then read what the logs hold; the replay of the same beside it."""
    try:
        scenario = read_scenario(arguments.scenario)
    except ScenarioError as error:
        raise CouldNotMeasure(str(error)) from error
    options = ("--broker", arguments.broker, "--workers", "2", "--scenario", "none", "--clock", "feed")
    with tempfile.TemporaryDirectory(prefix="muster-lending-") as name:
        folder = Path(name)
        with muster_up(folder, *options, env={"MUSTER_LENDING": arguments.setting}) as up:
            url, _ = up.board()
            env = environment(up)
            killed = await _played(arguments, url, env, up, folder, steps)
            decisions = {
                region.region: await _log_of(region.region, env, folder) for region in scenario.regions
            }
            status = up.stop(signal.SIGTERM, within_s=30.0)
        live = score(scenario, read_legs(folder / "legs.csv"))
        summary = json.loads((folder / "summary.json").read_text())
    with steps.stage("the replay of the same", 1):
        policy = shipped_lending_policy(arguments.setting)
        replayed = score(scenario, Replay(scenario, lending=policy).run().legs)
    report = _checked(scenario, decisions, summary)
    report.add("J live", live.J / replayed.J, "x the replay's", bound=J_AT_MOST)
    report.add(
        "workers killed in the middle of a move", len(killed), "", bound=arguments.kills, sense="at least"
    )
    report.add("end of the installation", status, "exit code", bound=0)
    report.notes = {"broker": arguments.broker, "speed": arguments.speed, "killed": killed}
    return report


async def set_automatic(url: str, token: str, regions: Sequence[str]) -> None:
    """A lead lets every region's moves be carried out at once; the feed defines the regions anew."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, verify=False) as client:
        for region in regions:
            for path, body in (("", {}), ("/lending", {"mode": "automatic", "reason": "as in a replay"})):
                key = {"Idempotency-Key": f"bench{path}/{region}"}
                answer = await client.put(f"/v1/regions/{region}{path}", json=body, headers=key)
                if answer.status_code not in (200, 202):
                    raise CouldNotMeasure(f"{region}{path}: {answer.status_code} {answer.text}")


def environment(up: UpRun) -> dict[str, str]:
    """The variables that `muster up` writes for other commands of its installation."""
    lines = (up.state / f"up-{up.port}" / "env").read_text().splitlines()
    found = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    return {**os.environ, **{name: "".join(shlex.split(value)) for name, value in found.items()}}


async def _played(
    arguments: argparse.Namespace,
    url: str,
    env: Mapping[str, str],
    up: UpRun,
    folder: Path,
    steps: Steps,
) -> list[str]:
    """Feed to the end; which workers were killed at which decision."""
    tokens = Tokens(env["MUSTER_SECRET"])
    lead = tokens.sign("bench", "lead", ["*"], 3600)
    await set_automatic(url, lead, [r.region for r in read_scenario(arguments.scenario).regions])
    token = tokens.sign("feed", "service", ["*"], 24 * 3600)
    command = muster(
        *(
            "feed",
            str(arguments.scenario),
            "--gateway",
            url,
            "--speed",
            str(arguments.speed),
            "--out",
            str(folder),
        )
    )
    with (
        steps.stage("playing, killing", arguments.kills + 1) as advance,
        (folder / "feed.out").open("wb") as out,
    ):
        feed = await asyncio.create_subprocess_exec(
            *command, env={**env, "MUSTER_TOKEN": token}, stdout=out, stderr=out
        )
        killing = asyncio.create_task(_kill_in_the_middle(env, up, arguments.kills, advance))
        try:
            status = await feed.wait()
        finally:
            if feed.returncode is None:
                feed.kill()
            killing.cancel()
            ends: Any = await asyncio.gather(killing, return_exceptions=True)
    if status != 0:
        said = (folder / "feed.out").read_text(errors="replace")[-800:]
        raise CouldNotMeasure(f"the feed ended with {status}: {said}\n{up.logs()}")
    if isinstance(ends[0], Exception):
        raise ends[0]
    return ends[0] if isinstance(ends[0], list) else []


async def _kill_in_the_middle(env: Mapping[str, str], up: UpRun, kills: int, advance: Any) -> list[str]:
    """SIGKILL one worker after the other, each as soon as somebody is given and may not yet be taken."""
    settings = WorkerSettings(broker=env["MUSTER_BROKER"], redis_url=env["MUSTER_REDIS_URL"])
    reader = new_reader(settings)
    await reader.start()
    killed: list[str] = []
    try:
        topic = settings.topic("assignments")
        reader.assign([TopicPartition(topic, number) for number in range(REGION_PARTITIONS)])
        loop = asyncio.get_running_loop()
        not_before = loop.time()
        while len(killed) < kills:
            for records in (await reader.getmany(timeout_ms=200)).values():
                given = [one for one in (orjson.loads(r.value) for r in records) if one["kind"] in MOVES]
                if given and loop.time() >= not_before and len(killed) < kills:
                    workers = sorted(pid for pid, words in up.pids().items() if "worker dispatch" in words)
                    os.kill(workers[len(killed) % len(workers)], signal.SIGKILL)
                    killed.append(f"{given[-1]['decided_at']} at {given[-1]['id']}")
                    not_before = loop.time() + BETWEEN_KILLS_S
                    advance(1)
    finally:
        await reader.stop()
    return killed


async def _log_of(region: str, env: Mapping[str, str], folder: Path) -> list[Decision]:
    """The region's log as exported, folded again to the same; its decisions."""
    file = folder / f"{region}.log"
    for command in (("export", "--region", region, "--out", str(file)), ("replay", str(file))):
        done = await asyncio.create_subprocess_exec(
            *muster("log", *command),
            env=dict(env),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await done.communicate()
        if done.returncode != 0:
            raise CouldNotMeasure(f"log {command[0]} of {region}: {said.decode(errors='replace')[-800:]}")
    lines = (json.loads(text) for text in file.read_text().splitlines())
    return [
        Decision.model_validate({**line, "kind": line["decision_kind"]})
        for line in lines
        if line["kind"] == "decision"
    ]


def _checked(
    scenario: Scenario, decisions: Mapping[str, list[Decision]], summary: Mapping[str, Any]
) -> Report:
    """What the checkers say of the logs; each counts what is broken, with the sentence in the notes."""
    report, moves, broken = Report("lending-live"), Moves(), 0
    for told in decisions.values():
        rules = Invariants()
        rules.saw_all(told)
        broken += len(rules.open_incidents())
        moves.saw_all(told)
    last = max(told[-1].decided_at for told in decisions.values())
    report.add("engineers handed over", moves.ended(last), "")
    report.add(
        "in two regions, in none, stranded", 0, "engineers", bound=0
    )  # the checker raises at the first
    report.add("incidents left open", broken, "", bound=0)
    report.add("incidents", len(scenario.reports), "")
    report.add("report to assignment, p99", summary["report_to_assignment_ms_p99"] or 0.0, "ms")
    return report


def main(argv: list[str]) -> int:
    """`muster bench lending-live`."""
    to_path: Any = Path
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", type=to_path, required=True, help="a scenario of several regions")
    parser.add_argument("--setting", choices=SHIPPED, default="default")
    parser.add_argument("--broker", default="kafka", help="embedded, kafka or HOST:PORT")
    parser.add_argument("--speed", type=float, default=120.0, help="scenario seconds a wall second")
    parser.add_argument("--kills", type=int, default=2)
    return run("lending-live", parser, lambda arguments, steps: asyncio.run(measured(arguments, steps)), argv)
