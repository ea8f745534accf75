"""Swarms and causes bend no rule: whoever joins may, nobody is forgotten, and what is over leaves nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.eligibility import is_qualified
from services.dispatch.invariants import broken_invariants
from services.dispatch.lifecycle import crew_of
from services.dispatch.state import HELD, RegionState
from services.dispatch.swarm_places import joined, places_of
from tests.simulation.dispatch.generated import Draws
from tests.simulation.dispatch.swarm_story import SwarmStory, swarm_story
from tests.simulation.dispatch.test_disaster_properties import many_steps, quietly


def gathered(region: RegionState) -> None:
    """Assert what must hold of every swarm and cause after every event."""
    places: dict[str, str] = {}
    for name, swarm in region.swarms.items():
        root = region.incidents[name]
        assert root.restored_at is None
        members = [*crew_of(region, root), *(engineer for _, engineer in joined(region, swarm))]
        assert len(members) == len({engineer.engineer_id for engineer in members}) <= swarm.crew
        lead = region.engineers.get(swarm.lead_id or "")
        able = [engineer for engineer in members if is_qualified(engineer, root.product, root.level)]
        assert lead in able if able else swarm.lead_id is None
        for place in places_of(region, swarm):
            assert place.swarm_of == name
            places[place.incident_id] = name
    assert places.keys() == {i.incident_id for i in region.incidents.values() if i.swarm_of is not None}
    roots = {cause.root_id for cause in region.causes.values()}
    assert all(region.incidents[root].waits_for is None for root in roots)
    for incident in region.incidents.values():
        if incident.waits_for is not None:
            assert incident.waits_for in roots
            assert incident.state == "waiting"
        elif incident.cause_id in region.causes and incident.incident_id not in roots:
            held = incident.state in HELD | {"waiting"}
            assert not held or incident.on_its_own or incident.follow_up_of is not None


@given(many_steps)
@settings(quietly, max_examples=200)
def test_swarms_and_causes_break_no_rule(draws: list[Draws]) -> None:
    """Rule: whatever is gathered, every hard rule holds, one lead at a time, and nothing is left behind."""
    told = swarm_story()
    for draw in draws:
        told.play(draw)
        assert broken_invariants(told.fold.regions["R1"]) == []
        gathered(told.fold.regions["R1"])


@given(many_steps)
@settings(quietly, max_examples=60)
def test_no_site_is_lost_with_its_cause(draws: list[Draws]) -> None:
    """Rule: every incident that was queued is open or closed, and none waits for what is over."""
    told = swarm_story()
    for draw in draws:
        told.play(draw)
    region = told.fold.regions["R1"]
    queued = {d.incident_id for d in told.decisions if d.kind == "queued"}
    assert queued == region.incidents.keys() | region.closed.keys()


@given(many_steps, st.integers(0, 10_000))
@settings(quietly, max_examples=40)
def test_swarms_and_causes_survive_a_restore(draws: list[Draws], cut: int) -> None:
    """Rule: a snapshot anywhere, restored, decides to the end as if it had never stopped."""
    told: SwarmStory = swarm_story()
    for draw in draws:
        told.play(draw)
    told.decides_on_after_a_restore(cut)
