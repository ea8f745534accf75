"""What people and rules bind holds in every generated region: the checkers see each event and decision."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.dispatch.invariants import broken_invariants
from tests.simulation.dispatch.generated import Draws, stories
from tests.simulation.dispatch.ruled_story import ruled_story

few_steps = stories(4, 24)
quietly = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)


@given(few_steps, st.booleans())
@settings(quietly, max_examples=1800)
def test_no_rule_is_broken_no_lock_violated_no_crew_torn_nobody_lost(
    draws: list[Draws], short_week: bool
) -> None:
    """Rule: whatever happens and whoever decides, no assignment breaks a rule, a lock or a crew.

    HardRules and Invariants raise at the decision that does; nothing is lost, nobody has two jobs. In every
    other region the week's hours are nearly used up, and Monday comes.
    """
    told = ruled_story(short_week=short_week)
    for draw in draws:
        told.play(draw)
        assert broken_invariants(told.fold.regions["R1"]) == []
    region = told.fold.regions["R1"]
    queued = {d.incident_id for d in told.decisions if d.kind == "queued"}
    assert queued == region.incidents.keys() | region.closed.keys()


@given(few_steps, st.integers(0, 10_000))
@settings(quietly, max_examples=60)
def test_rules_locks_crews_and_modes_survive_a_restore(draws: list[Draws], cut: int) -> None:
    """Rule: a snapshot anywhere, restored, decides to the end as if it had never stopped."""
    told = ruled_story()
    for draw in draws:
        told.play(draw)
    told.decides_on_after_a_restore(cut)


@given(few_steps)
@settings(quietly, max_examples=60)
def test_what_is_not_automatic_touches_nobody_before_a_person_does(draws: list[Draws]) -> None:
    """Rule: in shadow and suggest an assignment is an override or a confirmation, and a person's."""
    told = ruled_story()
    modes: dict[str, str] = {}
    for draw in draws:
        before = len(told.decisions)
        told.play(draw)
        for decision in told.decisions[before:]:
            if decision.kind == "modes_set":
                modes = dict(told.fold.regions["R1"].modes.items())
            elif decision.kind == "assigned" and modes.get(decision.tier or "", "automatic") != "automatic":
                assert decision.reason in ("override", "confirmed")
                assert decision.by is not None
