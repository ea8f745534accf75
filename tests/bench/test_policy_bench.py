"""The policy bench: its measures are the yardstick's, its frontier is a picture, what it lacks it says."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from services.simulation.journeys import write_legs
from services.simulation.replay import Replay
from services.simulation.scenarios import read_scenario
from tests.bench._frontier import Point, draw
from tests.bench._runs import against
from tests.bench._yardstick import Score, score, shifted
from tests.bench.policy import main
from tests.simulation.small import QUIET, write_small


def test_its_measures_and_shifts_are_the_yardsticks_own(shared: Path, tmp_path: Path) -> None:
    """Rule: what the bench counts is what score.py counts, on the scenario that jitter.py writes."""
    written, moved, legs = tmp_path / "small", tmp_path / "moved", tmp_path / "legs.csv"
    write_small(QUIET, 1, written)
    yardstick = shared / "yardstick"
    jitter = [sys.executable, str(yardstick / "jitter.py"), str(written), "3", str(moved)]
    subprocess.run(jitter, check=True, timeout=60)
    scenario = shifted(read_scenario(written), 3)
    assert scenario == read_scenario(moved)
    journeys = Replay(scenario).run().legs
    write_legs(legs, journeys)
    scorer = [sys.executable, str(yardstick / "score.py"), str(moved), str(legs)]
    told = json.loads(subprocess.run(scorer, check=True, capture_output=True, timeout=60).stdout)
    ours = score(scenario, journeys)._asdict()
    assert {name: told[name] for name in ours} == {
        name: pytest.approx(value, abs=0.0051) for name, value in ours.items()
    }


def test_means_are_over_the_seeds_and_then_over_the_scenarios() -> None:
    """Rule: J and km are geometric means of ratios of means, churn and breaches plain means."""

    def scored(j: float, churn: float) -> Score:
        return Score(j, 1.0, 2.0, 10.0, 0.0, churn, 1.5)

    found = {"day-1": {1: scored(10, 0.1), 2: scored(30, 0.3)}, "day-2": {1: scored(5, 0.4)}}
    other = {"J": 10.0, "breach_pct": 0.5, "platinum_breach_pct": 2.0, "km_per_incident": 5.0}
    names = ("day-1~1", "day-1~2", "day-2~1")
    reference = {name: {**other, "worst_over_best_area": 1.5} for name in names}
    kind = against(found, reference, ["day-1", "day-2"])
    assert kind.j_over_f == pytest.approx((2 * 0.5) ** 0.5)
    assert kind.churn == pytest.approx(0.3)
    assert [kind.km_over_f, kind.area_over_f] == pytest.approx([2, 1])
    assert [kind.breach_points, kind.platinum_points] == pytest.approx([0.5, 0])


def test_the_frontier_is_a_picture_that_names_what_ships(tmp_path: Path) -> None:
    """Rule: a well-formed SVG with a point for each policy on both panels, the shipped ones named."""
    points = {"day": [Point("default", 0.2, 1.2, 0.9, True), Point("churn price 6", 0.3, 1.1, 0.88, False)]}
    draw(points, tmp_path / "frontier.svg")
    tree = ET.fromstring((tmp_path / "frontier.svg").read_text())
    names = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}circle"))) == 4
    assert names.count("default (days)") == 2


def test_without_scenarios_it_says_so_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rule: what could not be measured is told with its reason."""
    assert main([]) == 2
    assert main(["--scenarios", str(tmp_path)]) == 2
    assert "has no folder day-* or storm-*" in capsys.readouterr().err
