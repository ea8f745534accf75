"""A scenario played through a whole installation: all served, possible, the same when folded again."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from schemas.decisions import Decision
from services.gateway.tokens import Tokens
from services.simulation.checkers import Invariants
from services.simulation.scenarios import read_scenario
from tests.e2e.up_runs import ROOT, UpRun, muster_up
from tests.integration.up.legs_check import faults

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

MUSTER = str(ROOT / ".venv" / "bin" / "muster")
SPEED = 150


def environment(run: UpRun) -> dict[str, str]:
    """The variables that `muster up` writes for other commands of its installation."""
    lines = (run.state / f"up-{run.port}" / "env").read_text().splitlines()
    found = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    return {**os.environ, **{name: "".join(shlex.split(value)) for name, value in found.items()}}


def token(env: Mapping[str, str], role: str = "service") -> str:
    """A signed token for everywhere."""
    return Tokens(env["MUSTER_SECRET"]).sign("feed", role, ["*"], 3600)  # type: ignore[arg-type]


def feed(run: UpRun, scenario: Path, out: Path) -> subprocess.Popen[str]:
    """`muster feed` as another process, as one types it."""
    env = environment(run)
    return subprocess.Popen(
        [
            MUSTER,
            "feed",
            str(scenario),
            "--gateway",
            run.board()[0],
            "--speed",
            str(SPEED),
            "--out",
            str(out),
        ],
        env={**env, "MUSTER_TOKEN": token(env)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def decisions_of(log_file: Path) -> Iterator[Decision]:
    """The decisions of an exported log, as published."""
    for text in log_file.read_text().splitlines():
        line = json.loads(text)
        if line["kind"] == "decision":
            yield Decision.model_validate({**line, "kind": line["decision_kind"]})


def assert_played_well(run: UpRun, scenario: Path, out: Path, outage: bool = False) -> None:
    """All served, journeys possible, no invariant broken, and the log folds to what was published.

    An `outage` at this speed lasts half an hour of the scenario: who arrives meanwhile may have been turned
    away without knowing. That must stand in the log as a conflict.
    """
    found = read_scenario(scenario)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["complete"], summary
    assert summary["resolved"] == summary["incidents"] == len(found.reports), summary
    assert summary["reports_refused"] == {}
    assert summary["phone_events_refused"] == {}
    conflicted: set[str] = set()
    for region in found.regions:
        log_file = out / f"{region.region}.log"
        export = [MUSTER, "log", "export", "--region", region.region, "--out", str(log_file)]
        subprocess.run(export, env=environment(run), check=True, timeout=60)
        again = subprocess.run(
            [MUSTER, "log", "replay", str(log_file)], capture_output=True, text=True, timeout=60
        )
        assert again.returncode == 0, again.stdout + again.stderr
        rules = Invariants()
        decisions = list(decisions_of(log_file))
        rules.saw_all(decisions)
        assert rules.open_incidents() == []
        conflicted |= {one.incident_id or "" for one in decisions if one.kind == "conflicted"}
    assert faults(found, out / "legs.csv", conflicted if outage else frozenset()) == []


@pytest.mark.embedded
def test_a_small_scenario_is_served_and_possible(tmp_path: Path, small_scenario: Path) -> None:
    """Through gateway and two workers on the embedded engines, at 150 x."""
    with muster_up(tmp_path, "--scenario", "none", "--clock", "feed") as run:
        run.board()
        played = feed(run, small_scenario, tmp_path / "out")
        said, _ = played.communicate(timeout=240)
        assert played.returncode == 0, said + run.logs()
        assert_played_well(run, small_scenario, tmp_path / "out")
        summary = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert summary["report_to_assignment_count"] > 0
        assert run.stop(signal.SIGTERM) == 0


@pytest.mark.real
@pytest.mark.fault
def test_a_gateway_and_a_worker_that_die_meanwhile_lose_nothing(tmp_path: Path, small_scenario: Path) -> None:
    """On Apache Kafka, kill -9 of the gateway, then of a worker, while the feed plays: the same holds."""
    with muster_up(tmp_path, "--broker", "kafka", "--scenario", "none", "--clock", "feed") as run:
        run.board()
        played = feed(run, small_scenario, tmp_path / "out")
        assert played.stdout is not None
        while "in the scenario" not in (line := played.stdout.readline()):
            assert line, run.logs()
        for victim in ("muster gateway", "worker dispatch"):
            time.sleep(4)
            os.kill(run.pid_of(victim), signal.SIGKILL)
        said, _ = played.communicate(timeout=240)
        assert played.returncode == 0, said + run.logs()
        assert_played_well(run, small_scenario, tmp_path / "out", outage=True)
        assert json.loads((tmp_path / "out" / "summary.json").read_text())["stream_connections"] > 1
        assert run.stop(signal.SIGINT) == 0


@pytest.mark.embedded
def test_mistakes_end_in_one_line_and_exit_2(tmp_path: Path, small_scenario: Path) -> None:
    """A wrong token, a gateway on the wall's clock, nobody there, a broken scenario: named, exit 2."""

    def played(url: str, bearer: str, scenario: Path = small_scenario) -> tuple[int, str]:
        command = [
            MUSTER,
            "feed",
            str(scenario),
            "--gateway",
            url,
            "--token",
            bearer,
            "--out",
            str(tmp_path / "o"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    with muster_up(tmp_path, "--scenario", "none") as run:
        url, _ = run.board()
        env = environment(run)
        status, line = played(url, token(env))
        assert status == 2
        assert "--clock feed" in line
        for bearer, said in (("nonsense", "401"), (token(env, "dispatcher"), "role service")):
            status, line = played(url, bearer)
            assert (status, line.count("\n")) == (2, 1)
            assert said in line
        assert httpx.get(f"{url}/readyz").status_code == 200
    status, line = played("http://127.0.0.1:1", "x")
    assert status == 2
    assert "no gateway answers" in line
    lines = (small_scenario / "incidents.csv").read_text().splitlines()
    lines[2] = lines[2].replace(",R1,", ",R1,bronze-", 1)
    (small_scenario / "incidents.csv").write_text("\n".join(lines) + "\n")
    status, line = played(url, "x")
    assert status == 2
    assert "incidents.csv line 3" in line
