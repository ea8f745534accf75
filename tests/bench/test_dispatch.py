"""The bench's peers are dispatchers: they serve everybody on a small scenario, in our own simulator."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from services.simulation.replay import Replay
from tests.bench._dispatch_picture import draw
from tests.bench._peers import PEERS, ready
from tests.bench._report import CouldNotMeasure
from tests.bench.dispatch import Day, main, means, play_all, scenarios_in
from tests.simulation.small import QUIET, STRUCK, small, write_small


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_serves_everybody_it_may(name: str) -> None:
    """Rule: nobody unqualified is sent, nobody is turned, and all that can be served is."""
    if name == "vroom":
        pytest.importorskip("vroom", reason="pyvroom is an optional extra")
    scenario = small(QUIET if name == "vroom" else STRUCK, 1)
    outcome = Replay(scenario, fold=ready(name)).run()
    skills = {engineer.engineer_id: engineer.skills for engineer in scenario.engineers}
    wanted = {one.incident_id: one for one in scenario.reports}
    assert outcome.unserved == []
    assert sorted(leg.incident_id for leg in outcome.legs) == sorted(wanted)
    for leg in outcome.legs:
        incident = wanted[leg.incident_id]
        assert leg.outcome == "arrived"
        assert skills[leg.engineer_id].get(incident.product, 0) >= incident.level


def test_a_peer_that_is_not_installed_ends_with_2_and_says_how(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rule: asked for and missing is neither met nor missed; the reason tells what to install."""
    monkeypatch.setitem(sys.modules, "vroom", None)
    write_small(STRUCK, 1, tmp_path / "small")
    assert main(["--scenarios", str(tmp_path), "--against", "vroom", "--json"]) == 2
    assert "muster[peers]" in capsys.readouterr().out


def test_scenarios_are_found_or_named_as_missing(tmp_path: Path) -> None:
    """Rule: a folder of scenarios, or one scenario; nothing there is said, never an empty table."""
    with pytest.raises(CouldNotMeasure, match=r"no scenario\.json"):
        scenarios_in(tmp_path)
    write_small(STRUCK, 1, tmp_path / "small")
    assert scenarios_in(tmp_path) == scenarios_in(tmp_path / "small") == [tmp_path / "small"]


def test_every_dispatcher_plays_every_scenario_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Rule: a table has a figure for each, and who turns nobody has no churn."""
    write_small(QUIET, 1, tmp_path / "quiet-1")
    advanced: list[int] = []
    days = play_all(["default", "greedy"], [tmp_path / "quiet-1"], 2, advanced.append)
    assert advanced == [1, 1]
    assert set(days["greedy"]) == set(days["default"]) == {"quiet-1"}
    greedy = days["greedy"]["quiet-1"]
    assert greedy.churn == 0
    assert min(greedy.J, greedy.km, greedy.p99) > 0


def test_the_plot_has_a_bar_for_each_kind_dispatcher_and_measure(tmp_path: Path) -> None:
    """Rule: days and storms apart, five panels each, and what is not ours is told apart."""
    ours = {"day-1": Day(10, 0, 5, 0.2, 3), "day-2": Day(20, 0, 5, 0.2, 3), "storm-1": Day(90, 9, 5, 0.2, 3)}
    days = {"default": ours, "greedy": dict.fromkeys(ours, Day(30, 4, 9, 0, 1))}
    bars = means(days)
    assert bars["day"]["J"] == {"default": 15, "greedy": 30}
    draw(bars, {"default"}, tmp_path / "plot.svg")
    drawn = ET.parse(tmp_path / "plot.svg").getroot().iter("{http://www.w3.org/2000/svg}rect")
    colours = [bar.get("fill") for bar in drawn][1:]  # the first is the paper
    assert len(colours) == 2 * 2 * 5
    assert len(set(colours)) == 2
