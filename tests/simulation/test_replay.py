"""Replays of small scenarios, the invariants checked after every step; the seed stands in the test's name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.incidents import IncidentReported
from schemas.topics import partition_of
from services.dispatch.fold import PartitionFold, UnexplainedFold
from services.dispatch.shipped import shipped_policy
from services.simulation.checkers import Invariants
from services.simulation.geometry import haversine_km
from services.simulation.making import Recipe
from services.simulation.profiles import ROUGH, STEADY, PhoneProfile
from services.simulation.replay import Outcome, Replay
from services.simulation.scenarios import Scenario
from services.simulation.written import decision_line
from tests.simulation.small import QUIET, STRUCK, TWO_REGIONS, small

SEEDS = range(3)


def watched(scenario: Scenario, profile: PhoneProfile, seed: int, policy: str = "default") -> Outcome:
    """A replay with the invariants checked after every step."""
    invariants = Invariants()
    replay = Replay(scenario, shipped_policy(policy), profile, seed, watch=invariants.saw_all)
    outcome = replay.run()
    invariants.ended(
        [report.incident_id for report in scenario.reports],
        [letter.incident_id for letter in outcome.dead_letters],
    )
    assert invariants.open_incidents() == outcome.unserved
    return outcome


@pytest.mark.parametrize("recipe", [QUIET, STRUCK, TWO_REGIONS], ids=["quiet", "struck", "two-regions"])
@pytest.mark.parametrize(
    ("seed", "policy"), [(0, "default"), (1, "default"), (2, "default"), (3, "calm"), (0, "calm")]
)
def test_steady_phones_serve_everybody_who_can_be_served(seed: int, policy: str, recipe: Recipe) -> None:
    """Every incident is arrived at once and resolved, unless a rule keeps all away and that was said."""
    scenario = small(recipe, seed)
    outcome = watched(scenario, STEADY, seed, policy)
    said = {d.incident_id for d in outcome.decisions if d.kind in ("queued", "unservable") and d.reason}
    arrived = [leg.incident_id for leg in outcome.legs if leg.outcome == "arrived"]
    assert sorted([*arrived, *outcome.unserved]) == sorted(report.incident_id for report in scenario.reports)
    assert set(outcome.unserved) == said


@pytest.mark.parametrize("recipe", [QUIET, STRUCK, TWO_REGIONS], ids=["quiet", "struck", "two-regions"])
@pytest.mark.parametrize("seed", SEEDS)
def test_rough_phones_break_no_invariant(seed: int, recipe: Recipe) -> None:
    """Slow, silent and declining phones: nobody is lost or owned twice, no stale status is applied."""
    outcome = watched(small(recipe, seed), ROUGH, seed)
    served = [leg for leg in outcome.legs if leg.outcome == "arrived"]
    assert len(served) >= 0.8 * outcome.incidents


@pytest.mark.parametrize("seed", SEEDS)
def test_no_engineer_is_at_two_places_or_faster_than_the_road(seed: int) -> None:
    """Each leg starts where and not before the last one (and its work) ended, at no more than the speed."""
    scenario = small(STRUCK, seed)
    km_per_s = scenario.terms.speed_kmh / 3600 / scenario.terms.circuity
    homes = {engineer.engineer_id: engineer for engineer in scenario.engineers}
    outcome = watched(scenario, STEADY, seed)
    for engineer_id, home in homes.items():
        place, free_at = home.home, home.available_from
        assert free_at is not None
        for leg in (leg for leg in outcome.legs if leg.engineer_id == engineer_id):
            assert leg.departed_at >= free_at
            assert haversine_km(place, leg.origin) < 0.001
            took_s = (leg.ended_at - leg.departed_at).total_seconds()
            bend = 0.98 if leg.outcome == "diverted" else 1.0
            assert took_s >= haversine_km(leg.origin, leg.end) / km_per_s * bend - 0.002
            place, free_at = leg.end, leg.ended_at
            if leg.outcome == "arrived":
                free_at += timedelta(minutes=scenario.service_min[leg.incident_id])


def test_the_same_seed_replays_to_the_same_decisions_also_with_rough_phones() -> None:
    """Chance comes from the seed alone, no explanation changes a decision, another seed is another run."""
    scenario = small(STRUCK, 1)
    runs: list[tuple[int, type[PartitionFold]]] = [
        (5, UnexplainedFold),
        (5, PartitionFold),
        (6, UnexplainedFold),
    ]
    lines = [
        [decision_line(one) for one in Replay(scenario, profile=ROUGH, seed=seed, fold=fold).run().decisions]
        for seed, fold in runs
    ]
    assert lines[0] == lines[1]
    assert lines[0] != lines[2]


def test_decisions_are_ordered_by_time_region_offset_and_number() -> None:
    """decisions.jsonl stands in the order of (decided_at, region, offset, n), whatever partition decided."""
    decisions = Replay(small(TWO_REGIONS, 2)).run().decisions
    keys = [(d.decided_at, d.region, d.offset, d.n) for d in decisions]
    assert keys == sorted(keys)
    assert {d.region for d in decisions} == {"R1", "R2"}
    assert {d.log for d in decisions} == {f"replay-0-{partition_of(region)}" for region in ("R1", "R2")}


def test_a_report_of_an_unknown_region_outside_every_polygon_is_listed_and_the_rest_goes_on() -> None:
    """What nobody can place is a dead letter in the summary, never silently dropped and never fatal."""
    scenario = small(QUIET, 3)
    lost = scenario.reports[4].model_copy(
        update={"region": "Nowhere", "place": scenario.reports[4].place.model_copy(update={"lat": -80.0})}
    )
    reports = (*scenario.reports[:4], lost, *scenario.reports[5:])
    outcome = watched(_with_reports(scenario, reports), STEADY, 0)
    assert [letter.incident_id for letter in outcome.dead_letters] == [lost.incident_id]
    assert outcome.dead_letters[0].reason == "outside_every_region"
    assert lost.incident_id not in {decision.incident_id for decision in outcome.decisions}


def test_a_report_without_a_region_goes_where_its_place_lies() -> None:
    """Place decides where no region is named, as triage does it."""
    scenario = small(TWO_REGIONS, 3)
    report = next(report for report in scenario.reports if report.region == "R2")
    nameless = report.model_copy(update={"region": None})
    reports = tuple(nameless if r is report else r for r in scenario.reports)
    outcome = watched(_with_reports(scenario, reports), STEADY, 0)
    queued = next(d for d in outcome.decisions if d.kind == "queued" and d.incident_id == report.incident_id)
    assert queued.region == "R2"


def test_an_incident_that_nobody_can_ever_serve_ends_the_replay_and_is_listed() -> None:
    """The replay is bounded: with nobody qualified it stops and names who was left."""
    scenario = small(QUIET, 5)
    hard = scenario.reports[2].model_copy(update={"product": "quantum", "level": 5})
    reports = (*scenario.reports[:2], hard, *scenario.reports[3:])
    outcome = watched(_with_reports(scenario, reports), STEADY, 0)
    assert hard.incident_id in outcome.unserved


def test_a_scenario_without_incidents_ends_at_once() -> None:
    """Nothing to do is no error."""
    outcome = Replay(_with_reports(small(QUIET, 0), ())).run()
    assert (outcome.incidents, outcome.decisions, outcome.legs) == (0, [], [])


def _with_reports(scenario: Scenario, reports: tuple[IncidentReported, ...]) -> Scenario:
    return Scenario(
        name=scenario.name,
        terms=scenario.terms,
        regions=scenario.regions,
        engineers=scenario.engineers,
        reports=reports,
        service_min=scenario.service_min,
    )
