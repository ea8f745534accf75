"""`muster scenario make` and `muster replay` as people call them: what is written, what a mistake says."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.simulation.journeys import LEG_COLUMNS
from tests.simulation.small import QUIET, write_small


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """A small scenario on disk."""
    write_small(QUIET, 1, tmp_path / "scenario")
    return tmp_path / "scenario"


def replay(*arguments: object) -> tuple[int, str]:
    """Exit code and what was said on standard error."""
    ran = CliRunner().invoke(app, ["replay", *map(str, arguments)])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran.exit_code, ran.stderr


def test_a_replay_writes_legs_decisions_and_summary(scenario: Path, tmp_path: Path) -> None:
    """The three files of the contract, in a directory made when missing, old ones replaced."""
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    (out / "legs.csv").write_text("old")
    assert replay(scenario, "--out", out) == (0, "")
    with (out / "legs.csv").open() as file:
        legs = list(csv.DictReader(file))
    assert tuple(legs[0]) == LEG_COLUMNS
    for leg in legs:
        assert len(leg["from_lat"].partition(".")[2]) >= 6
        assert "." in leg["departed_at"]
        assert leg["departed_at"].endswith("Z")
    lines = (out / "decisions.jsonl").read_bytes()
    summary = json.loads((out / "summary.json").read_text())
    assert summary["decision_hash"] == hashlib.sha256(lines).hexdigest()
    assert summary["decisions"] == lines.count(b"\n")
    expected = {"incidents", "decision_ms_p50", "decision_ms_p99", "wall_s", "times_real_time", "unserved"}
    assert expected <= set(summary)


def test_every_decision_line_is_canonical_and_names_what_the_contract_asks(
    scenario: Path, tmp_path: Path
) -> None:
    """One JSON object a line, keys sorted, at least the ten fields, null where one says nothing."""
    replay(scenario, "--out", tmp_path / "out")
    needed = {"id", "decided_at", "log", "region", "offset", "n", "kind"}
    needed |= {"incident_id", "engineer_id", "epoch"}
    for line in (tmp_path / "out" / "decisions.jsonl").read_text(encoding="utf-8").splitlines():
        decision = json.loads(line)
        assert needed <= set(decision)
        assert line == json.dumps(decision, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_broken_scenario_is_named_by_file_and_line_and_ends_with_2(scenario: Path, tmp_path: Path) -> None:
    """A mistake is a sentence and exit code 2, never a traceback."""
    incidents = scenario / "incidents.csv"
    lines = incidents.read_text().splitlines()
    lines[3] = lines[3].replace("silver", "golden").replace("platinum", "golden").replace("gold,", "golden,")
    incidents.write_text("\n".join(lines))
    code, said = replay(scenario, "--out", tmp_path / "out")
    assert code == 2
    assert said.startswith("incidents.csv line 4: tier: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy", "bold"], "no policy 'bold'"),
        (["--phones", "smooth"], "--phones smooth"),
        (["--lending", "maybe"], "--lending maybe"),
    ],
)
def test_an_option_that_does_not_exist_ends_with_2_and_says_so(
    scenario: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """Options are checked before anything is played."""
    code, error = replay(scenario, "--out", tmp_path / "out", *arguments)
    assert code == 2
    assert said in error
    assert error.count("\n") == 1


def test_a_policy_file_that_can_not_be_read_is_named(scenario: Path, tmp_path: Path) -> None:
    """A policy file with an unknown field is refused by its name."""
    policy = tmp_path / "mine.json"
    policy.write_text('{"name": "mine", "version": 1, "hurry": true}')
    code, error = replay(scenario, "--out", tmp_path / "out", "--policy", policy)
    assert code == 2
    assert "mine.json" in error


def test_an_out_that_is_a_file_ends_with_2(scenario: Path, tmp_path: Path) -> None:
    """Where nothing can be written, that is said."""
    (tmp_path / "out").write_text("in the way")
    code, error = replay(scenario, "--out", tmp_path / "out")
    assert code == 2
    assert error.startswith("--out ")


def test_a_scenario_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    """A directory that does not exist is named."""
    code, error = replay(tmp_path / "nowhere", "--out", tmp_path / "out")
    assert code == 2
    assert "nowhere" in error


@pytest.mark.parametrize("kind", ["day", "storm", "aid"])
def test_make_writes_the_same_bytes_for_the_same_seed(kind: str, tmp_path: Path) -> None:
    """A scenario is its kind and its seed."""
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        arguments = ["scenario", "make", "--kind", kind, "--seed", str(seed), "--out", str(tmp_path / name)]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    for file in ("incidents.csv", "engineers.csv", "scenario.json"):
        written = [(tmp_path / name / file).read_bytes() for name in "abc"]
        assert written[0] == written[1]
        assert written[0] != written[2]
