"""A disaster bends what its permits name, and nothing else: rest, breaks, skills and crews hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster, LiftDisaster
from schemas.events import RegionEvent
from services.dispatch.fold import PartitionFold
from services.dispatch.invariants import broken_invariants
from tests.simulation.dispatch.generated import Draws, crowded_policy, stories
from tests.simulation.dispatch.ruled import SHORT_RULES
from tests.simulation.dispatch.ruled_story import IDS, RuledStory

many_steps = stories(6, 30)
quietly = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
REST = timedelta(minutes=SHORT_RULES.daily_rest_min)


@dataclass
class FloodedStory(RuledStory):
    """A story in which leads declare, amend and lift disasters; the permits are watched from outside."""

    permits: frozenset[str] = frozenset()
    off_since: dict[str, datetime] = field(default_factory=dict)

    def play(self, draws: Draws) -> list[Decision]:
        """One step in five is the lead's, and one in ten a night."""
        what, a, b, *_ = draws
        if what % 10 == 9:
            self.now += timedelta(hours=a % 30)
            self.wait(3)
            return []
        if what % 5 != 0:
            return super().play(draws)
        if a % 4 == 0:
            return self.tell("R1", LiftDisaster(region="R1", by="lead-1"))
        until = self.now + timedelta(minutes=b % 600)
        permits = [p for n, p in enumerate(("off_shift", "excluded_customers")) if a >> n & 1]
        event = {"region": "R1", "until": until, "permits": permits, "by": "lead-1", "reason": "the flood"}
        return self.tell("R1", DeclareDisaster.model_validate(event))

    def tell(self, region: str, event: RegionEvent, event_id: str | None = None) -> list[Decision]:
        """The same, and what is said of permits and rest is checked."""
        decided = super().tell(region, event, event_id)
        for decision in decided:
            self._watch(decision)
        return decided

    def _watch(self, decision: Decision) -> None:
        name = decision.engineer_id or ""
        if decision.kind == "disaster_declared" and decision.disaster is not None:
            self.permits = frozenset(decision.disaster.permits)
        elif decision.kind == "disaster_lifted":
            self.permits = frozenset()
        assert set(decision.permits or ()) <= self.permits
        if decision.reason == "called_in":
            assert "off_shift" in self.permits
            duty = self.fold.regions["R1"].engineers[name].duty
            if duty is not None and name in self.off_since:
                assert decision.decided_at - self.off_since[name] >= REST
        if decision.kind == "engineer_changed" and decision.engineer_state == "off_shift":
            self.off_since[name] = decision.decided_at


def flooded_story() -> FloodedStory:
    """A story that has begun."""
    policy = crowded_policy().model_copy(update={"unreachable_after_s": 900.0})
    told = FloodedStory(PartitionFold(policy), engineers=8, ids=IDS)
    told.begin()
    return told


@given(many_steps)
@settings(quietly, max_examples=250)
def test_a_disaster_breaks_no_rule_that_it_does_not_permit(draws: list[Draws]) -> None:
    """Rule: whatever is declared, nobody works into rest or break, alone of a crew, unqualified, or twice.

    HardRules and Invariants raise at the decision that does; a call needs the permit and the daily rest.
    """
    told = flooded_story()
    for draw in draws:
        told.play(draw)
        assert broken_invariants(told.fold.regions["R1"]) == []
    region = told.fold.regions["R1"]
    queued = {d.incident_id for d in told.decisions if d.kind == "queued"}
    assert queued == region.incidents.keys() | region.closed.keys()
    called = [e for e in region.engineers.values() if e.called_until is not None]
    assert region.disaster is not None or all(e.leaving for e in called)


@given(many_steps, st.integers(0, 10_000))
@settings(quietly, max_examples=40)
def test_a_disaster_survives_a_restore(draws: list[Draws], cut: int) -> None:
    """Rule: a snapshot anywhere, restored, decides to the end as if it had never stopped."""
    told = flooded_story()
    for draw in draws:
        told.play(draw)
    told.decides_on_after_a_restore(cut)
