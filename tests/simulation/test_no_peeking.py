"""Nothing that is reported later changes what was decided before."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime

import pytest

from services.dispatch.shipped import SHIPPED, shipped_policy
from services.simulation.profiles import ROUGH, STEADY, PhoneProfile
from services.simulation.replay import Replay
from services.simulation.scenarios import Scenario
from services.simulation.written import decision_line
from tests.simulation.small import QUIET, STRUCK, TWO_REGIONS, small


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


@pytest.mark.parametrize("seed", range(2))
def test_another_future_after_a_moment_changes_nothing_before_it(seed: int) -> None:
    """Whatever else is reported from a random T on, elsewhere, of another kind: before T nothing differs."""
    scenario, chance = small(STRUCK, 10 + seed), random.Random(f"future/{seed}")
    cut = chance.choice(scenario.reports[5:]).reported_at
    other = tuple(
        report
        if report.reported_at < cut
        else report.model_copy(
            update={
                "tier": chance.choice(("platinum", "gold", "silver")),
                "place": chance.choice(scenario.reports).place,
                "expected_service_min": chance.uniform(10, 200),
            }
        )
        for report in scenario.reports
    )
    before = decided_before(scenario, cut)
    assert before
    assert before == decided_before(replace(scenario, reports=other), cut)


@pytest.mark.parametrize("policy", SHIPPED)
def test_how_long_a_job_takes_is_nobodys_to_know_before_its_end(policy: str) -> None:
    """Scrambling one job's true length changes no decision before the earlier of its old and its new end."""
    scenario, chance = small(QUIET, 20), random.Random(f"length/{policy}")
    whole = Replay(scenario, shipped_policy(policy)).run().decisions
    ends = {d.incident_id: d.decided_at for d in whole if d.kind == "resolved"}
    for incident_id in chance.sample(sorted(name for name in ends if name), 1):
        minutes = scenario.service_min[incident_id]
        scrambled = chance.uniform(1, 3 * minutes)
        truth = {**scenario.service_min, incident_id: scrambled}
        other = Replay(replace(scenario, service_min=truth), shipped_policy(policy)).run().decisions
        told = (d.decided_at for d in other if d.kind == "resolved" and d.incident_id == incident_id)
        end = min(ends[incident_id], *told)
        before = [decision_line(d) for d in whole if d.decided_at < end]
        assert before == [decision_line(d) for d in other if d.decided_at < end]


def decided_before(scenario: Scenario, end: datetime) -> list[str]:
    """The decisions of a replay before a moment, as they are written."""
    return [decision_line(d) for d in Replay(scenario).run().decisions if d.decided_at < end]
