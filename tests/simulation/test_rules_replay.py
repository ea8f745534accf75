"""Replays of small scenarios with every optional column: invariants and hard rules hold throughout."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from schemas.decisions import Decision
from services.simulation.checkers import Invariants
from services.simulation.making import Recipe
from services.simulation.profiles import ROUGH, STEADY, PhoneProfile
from services.simulation.replay import Outcome, Replay
from services.simulation.rule_checkers import HardRules
from services.simulation.scenarios import Scenario, read_scenario
from tests.simulation.small import QUIET, STRUCK, write_small


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """A struck region with all optional columns, and crews and windows beside those it was made with."""
    return with_crews_and_windows(tmp_path_factory.mktemp("struck"), STRUCK)


@pytest.fixture(scope="module")
def steady(crowded: Scenario) -> Outcome:
    """Its replay with steady phones."""
    return watched(crowded, STEADY)


def with_crews_and_windows(folder: Path, recipe: Recipe) -> Scenario:
    """Every sixth incident needs two engineers, every fifth may be entered from one to three hours on."""
    write_small(recipe, 2, folder)
    path = folder / "incidents.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    for number, row in enumerate(rows):
        row["crew"] = "2" if number % 6 == 0 else ""
        if number % 5 == 1:
            reported = datetime.fromisoformat(row["reported_at"])
            row["window_from"] = (reported + timedelta(hours=1)).isoformat()
            row["window_to"] = (reported + timedelta(hours=3)).isoformat()
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_scenario(folder)


def watched(scenario: Scenario, profile: PhoneProfile) -> Outcome:
    """A replay in which every decision is checked."""
    rules, invariants = HardRules(), Invariants()
    for event in (*scenario.regions, *scenario.engineers, *scenario.reports):
        rules.told(event)

    def watch(decisions: list[Decision]) -> None:
        for decision in decisions:
            rules.saw(decision)
            invariants.saw(decision)

    outcome = Replay(scenario, profile=profile, seed=3, watch=watch).run()
    invariants.ended(report.incident_id for report in scenario.reports)
    return outcome


def test_crews_arrive_whole_and_work_from_the_last_arrival_on(crowded: Scenario, steady: Outcome) -> None:
    """Two journeys end at each crew's site, and service is back after the work, counted from the second."""
    restored = {d.incident_id: d for d in steady.decisions if d.kind == "restored"}
    served = [r for r in crowded.reports if r.crew == 2 and r.incident_id in restored]
    assert len(served) >= 5
    for report in served:
        ended = [leg.ended_at for leg in steady.legs if leg.incident_id == report.incident_id]
        assert len(ended) == 2
        work = timedelta(minutes=crowded.service_min[report.incident_id])
        at = restored[report.incident_id].occurred_at
        assert at is not None
        opens = report.window_from or ended[0]
        assert abs(at - max(*ended, opens) - work) < timedelta(milliseconds=5)


def test_whoever_was_left_was_said_with_the_rule(crowded: Scenario, steady: Outcome) -> None:
    """With steady phones nothing waits to the end but what nobody may serve, and that was said."""
    said = {d.incident_id for d in steady.decisions if d.kind in ("queued", "unservable") and d.reason}
    assert set(steady.unserved) <= said
    assert len(steady.unserved) < len(crowded.reports) / 4


def test_arrivals_lie_in_their_windows(crowded: Scenario, steady: Outcome) -> None:
    """Steady phones are never before an opening, nor after a closing."""
    windows = {r.incident_id: (r.window_from, r.window_to) for r in crowded.reports if r.window_to}
    arrived = [leg for leg in steady.legs if leg.incident_id in windows and leg.outcome == "arrived"]
    assert len(arrived) >= 3
    for leg in arrived:
        opens, closes = windows[leg.incident_id]
        assert closes is not None
        assert leg.ended_at <= closes
        assert opens is None or opens <= leg.ended_at


def test_rough_phones_break_no_rule_and_tear_no_crew(crowded: Scenario) -> None:
    """Slow, silent and declining phones: the checkers find nothing, and most is served."""
    outcome = watched(crowded, ROUGH)
    assert (
        len({leg.incident_id for leg in outcome.legs if leg.outcome == "arrived"}) > 0.6 * outcome.incidents
    )


def test_breaks_happen_where_the_columns_ask_for_them(tmp_path: Path) -> None:
    """Engineers with `worked_min_before` take their breaks between jobs, by themselves; others never do."""
    scenario = with_crews_and_windows(tmp_path, QUIET)
    outcome = watched(scenario, STEADY)
    counted = {e.engineer_id for e in scenario.engineers if e.worked_min_before is not None}
    resting = {d.engineer_id for d in outcome.decisions if d.reason in ("break_due", "rest_due")}
    assert resting
    assert resting <= counted
