"""The frame of the benches: exit codes, JSON alone on stdout, and what cannot be measured."""

from __future__ import annotations

import argparse
import json
import math

import pytest
from typer.testing import CliRunner

from services.cli import bench as command
from services.cli.main import app
from tests.bench._report import CouldNotMeasure, Report, percentile, run


def a_report(value: float) -> Report:
    """One figure with a bound of at most 10, one with at least 1."""
    report = Report("frame")
    report.add("cost", value, "ms", bound=10)
    report.add("rate", 5, "/s", bound=1, sense="at least")
    return report


@pytest.mark.parametrize(("value", "code"), [(9.0, 0), (10.0, 0), (10.1, 1), (math.inf, 1)])
def test_a_bound_that_is_not_met_ends_with_1(
    value: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 where every bound holds, its edge included; 1 where one does not; no number is infinite in JSON."""
    assert run("frame", argparse.ArgumentParser(), lambda _, __: a_report(value), ["--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert found["met"] == (code == 0)
    assert found["figures"][0]["met"] == (code == 0)
    assert found["figures"][0]["value"] == (None if math.isinf(value) else value)


def test_what_could_not_be_measured_ends_with_2_and_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing engine is neither met nor missed."""

    def measure(_: argparse.Namespace, __: object) -> Report:
        raise CouldNotMeasure("no Java is on the PATH")

    assert run("frame", argparse.ArgumentParser(), measure, ["--json"]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out) == {"bench": "frame", "met": None, "reason": "no Java is on the PATH"}
    assert "no Java is on the PATH" in said.err


def test_a_bar_never_mixes_with_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress goes to stderr, one JSON object alone to stdout."""

    def measure(_: argparse.Namespace, steps: object) -> Report:
        with steps.stage("counting", 3) as advance:  # type: ignore[attr-defined]
            advance(3)
        return a_report(1)

    assert run("frame", argparse.ArgumentParser(), measure, ["--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_an_unknown_bench_and_a_missing_tests_folder_say_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """The command names the benches there are; one without tests says where they are."""
    unknown = CliRunner().invoke(app, ["bench", "nothing"])
    assert unknown.exit_code == 2
    assert "fold" in unknown.output
    assert "test_frame" not in unknown.output
    monkeypatch.setattr(command, "BENCHES", tmp_path)
    absent = CliRunner().invoke(app, ["bench", "fold"])
    assert absent.exit_code == 2
    assert "tests/bench" in absent.output


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_the_nearest_rank(share: float, value: float) -> None:
    """Of 1 to 100, the p-th percentile is p."""
    assert percentile([float(number) for number in range(100, 0, -1)], share) == value
