"""Every scenario of the yardstick replays to possible journeys; J stays near reference F."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

NAMES = (
    *("aid-1", "aid-2"),
    *("day-1", "day-2", "day-3", "day-4"),
    *("storm-1", "storm-2", "storm-3", "storm-4"),
)
BOUND = 1.1
AT_ONCE = 2
LONGEST_S = 900


class Run(NamedTuple):
    """What a replay and the yardstick's scorer said."""

    said: str
    exit_code: int
    summary: dict[str, Any]
    score: dict[str, Any]


@pytest.fixture(scope="module")
def runs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Run]]]:
    """All scenarios replayed in processes of their own, two at a time."""
    out = tmp_path_factory.mktemp("yardstick")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(replayed, shared / "yardstick", name, out / name) for name in NAMES}


def replayed(yardstick: Path, name: str, out: Path) -> Run:
    """Replay one scenario as `muster replay` does and score its legs."""
    scenario = str(yardstick / "scenarios" / name)
    muster = [sys.executable, "-c", "from services.cli.main import app; app()"]
    ran = subprocess.run(
        [*muster, "replay", scenario, "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    if ran.returncode:
        return Run(ran.stderr, ran.returncode, {}, {})
    scored = subprocess.run(
        [sys.executable, str(yardstick / "score.py"), scenario, str(out / "legs.csv")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    summary = json.loads((out / "summary.json").read_text())
    return Run(scored.stderr, scored.returncode, summary, json.loads(scored.stdout))


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S)
@pytest.mark.parametrize("name", NAMES)
def test_every_leg_of_a_replay_is_possible(name: str, runs: dict[str, Future[Run]]) -> None:
    """The yardstick's own scorer finds no impossible leg, and nobody is left or lost."""
    run = runs[name].result(LONGEST_S)
    assert run.exit_code == 0, run.said or run.score["faults"]
    assert run.score["possible"] is True
    assert run.score["unserved"] == 0
    assert run.summary["incidents"] == run.score["incidents"]
    assert run.summary["unserved"] == run.summary["dead_letters"] == []
    assert run.summary["times_real_time"] >= 100  # a sanity bound: others run beside it


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_S)
@pytest.mark.parametrize("kind", ["day", "storm"])
def test_j_stays_within_a_tenth_of_reference_f(kind: str, shared: Path, runs: dict[str, Future[Run]]) -> None:
    """The geometric mean of J over reference F is at most 1.1, over the days and over the storms."""
    reference = json.loads((shared / "yardstick" / "reference.json").read_text())
    names = [name for name in NAMES if name.startswith(kind)]
    ratios = [runs[name].result(LONGEST_S).score["J"] / reference[name]["F"]["J"] for name in names]
    assert math.exp(sum(map(math.log, ratios)) / len(ratios)) <= BOUND, dict(zip(names, ratios, strict=True))
