"""Nothing that is reported later changes what was decided before."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.simulation.profiles import ROUGH, STEADY, PhoneProfile
from services.simulation.replay import Replay
from services.simulation.written import decision_line
from tests.simulation.small import STRUCK, TWO_REGIONS, small


@pytest.mark.parametrize("profile", [STEADY, ROUGH], ids=["steady", "rough"])
@pytest.mark.parametrize("seed", range(3))
def test_cutting_off_the_future_leaves_every_earlier_decision_as_it_was(
    seed: int, profile: PhoneProfile
) -> None:
    """Up to T the decisions, with ids and offsets, are those of a scenario that ends at T."""
    scenario = small(STRUCK if seed % 2 else TWO_REGIONS, seed)
    cut = random.Random(seed).randrange(5, len(scenario.reports) - 1)
    end = scenario.reports[cut].reported_at
    known = tuple(report for report in scenario.reports if report.reported_at < end)
    whole = Replay(scenario, profile=profile, seed=seed).run().decisions
    short = Replay(replace(scenario, reports=known), profile=profile, seed=seed).run().decisions
    before = [decision_line(decision) for decision in whole if decision.decided_at < end]
    assert before
    assert before == [decision_line(decision) for decision in short if decision.decided_at < end]


def test_the_true_service_time_of_unfinished_work_changes_nothing() -> None:
    """Only a finished job tells how long it took: the truth about the others is nobody's to know."""
    scenario = small(STRUCK, 7)
    end = scenario.reports[len(scenario.reports) // 2].reported_at
    whole = Replay(scenario).run()
    resolved = {d.incident_id for d in whole.decisions if d.kind == "resolved" and d.decided_at < end}
    truth = {
        incident_id: minutes if incident_id in resolved else minutes + 600
        for incident_id, minutes in scenario.service_min.items()
    }
    other = Replay(replace(scenario, service_min=truth)).run()
    before = [decision_line(d) for d in whole.decisions if d.decided_at < end]
    assert before == [decision_line(d) for d in other.decisions if d.decided_at < end]
