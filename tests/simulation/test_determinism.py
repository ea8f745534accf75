"""The same replay, the same decision hash: again and again, and under any hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.small import STRUCK, TWO_REGIONS, write_small

PHONES = (["--phones", "steady"], ["--phones", "rough", "--seed", "3"])


@pytest.mark.parametrize("phones", PHONES, ids=["steady", "rough"])
def test_the_decision_hash_is_the_same_three_times_and_under_two_hash_seeds(
    tmp_path: Path, phones: list[str]
) -> None:
    """PYTHONHASHSEED 0, 0 and 1 in processes of their own give one decision hash and one legs.csv."""
    write_small(STRUCK if phones[1] == "steady" else TWO_REGIONS, 11, tmp_path / "scenario")
    runs = [replayed(tmp_path, f"run-{n}", seed, phones) for n, seed in enumerate(("0", "0", "1"))]
    assert len({run["decision_hash"] for run in runs}) == 1
    assert len({(tmp_path / f"run-{n}" / "legs.csv").read_bytes() for n in range(3)}) == 1
    assert runs[0]["decisions"] > 100


def replayed(folder: Path, name: str, hash_seed: str, phones: list[str]) -> dict[str, Any]:
    """The summary of `muster replay` in a process of its own."""
    command = [sys.executable, "-c", "from services.cli.main import app; app()", "replay"]
    subprocess.run(
        [*command, str(folder / "scenario"), "--out", str(folder / name), *phones],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        timeout=100,
    )
    summary: dict[str, Any] = json.loads((folder / name / "summary.json").read_text())
    return summary
