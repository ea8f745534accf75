"""What holds for every log: sound after each event, the same when folded again, restored or told twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decisions import Decision
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.invariants import broken_invariants
from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import shipped_policy
from tests.simulation.dispatch.generated import Draws, Story, crowded_policy, steps, story

policies = st.sampled_from([crowded_policy(), shipped_policy(), shipped_policy("calm")])


def sound(told: Story) -> None:
    """Assert every invariant of every region, naming what does not hold."""
    for region in told.fold.regions.values():
        assert broken_invariants(region) == []


def folded(log: list[Logged], policy: DispatchPolicy) -> tuple[PartitionFold, list[Decision]]:
    """A fresh fold of the whole log."""
    fold = PartitionFold(policy)
    return fold, [decision for logged in log for decision in fold.step(logged)]


@given(steps, policies)
@settings(max_examples=40, deadline=None)
def test_a_region_is_sound_after_every_event(draws: list[Draws], policy: DispatchPolicy) -> None:
    """Rule: whatever is sent, no incident has two engineers, no engineer two, nobody unfit is sent."""
    told = story(policy)
    for draw in draws:
        told.play(draw)
        sound(told)


@given(steps)
@settings(max_examples=25, deadline=None)
def test_no_incident_is_lost(draws: list[Draws]) -> None:
    """Rule: every incident that was queued is open or closed, and never both."""
    told = story()
    for draw in draws:
        told.play(draw)
    region = told.fold.regions["R1"]
    queued = {d.incident_id for d in told.decisions if d.kind == "queued" and d.region == "R1"}
    assert queued == region.incidents.keys() | region.closed.keys()


@given(steps, st.integers(0, 10_000), policies)
@settings(max_examples=25, deadline=None)
def test_a_restored_fold_decides_as_if_it_had_never_stopped(
    draws: list[Draws], cut: int, policy: DispatchPolicy
) -> None:
    """Rule: a snapshot anywhere, restored, gives the same decisions and the same digest to the end."""
    told = story(policy)
    for draw in draws:
        told.play(draw)
    told.decides_on_after_a_restore(cut)


@given(steps)
@settings(max_examples=15, deadline=None)
def test_the_same_log_gives_the_same_decisions_and_digest(draws: list[Draws]) -> None:
    """Rule: a fold is a function of its log and policy."""
    told = story()
    for draw in draws:
        told.play(draw)
    fold, decisions = folded(told.log, crowded_policy())
    assert decisions == told.decisions
    assert fold.digest() == told.fold.digest()


@given(steps)
@settings(max_examples=15, deadline=None)
def test_every_decision_has_its_own_id_and_the_logs_time(draws: list[Draws]) -> None:
    """Rule: (log, region, offset, n) names a decision, n counts from 0, decided_at never runs back."""
    told = story()
    for draw in draws:
        told.play(draw)
    assert len({d.id for d in told.decisions}) == len(told.decisions)
    assert [d.decided_at for d in told.decisions] == sorted(d.decided_at for d in told.decisions)
    counted: dict[tuple[str, int], int] = {}
    for decision in told.decisions:
        key = (decision.region, decision.offset)
        assert decision.n == counted.get(key, 0)
        counted[key] = decision.n + 1


@given(steps)
@settings(max_examples=15, deadline=None)
def test_nobody_is_sent_who_may_not_be(draws: list[Draws]) -> None:
    """Rule: whoever is assigned is qualified, on shift, not on a break and reachable."""
    told = story()
    for draw in draws:
        for decision in told.play(draw):
            if decision.kind != "assigned" or decision.engineer_id is None:
                continue
            engineer = told.fold.regions[decision.region].engineers[decision.engineer_id]
            assert engineer.skills.get(decision.product or "", 0) >= (decision.level or 0)
            assert engineer.state in ("available", "en_route")
            assert engineer.reachable
