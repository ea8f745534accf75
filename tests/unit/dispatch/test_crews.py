"""Crews: all slots of an incident start together, or not at all."""

from __future__ import annotations

import pytest

from services.dispatch.invariants import broken_invariants
from tests.unit.dispatch.scene import Scene, kinds, only


def with_crew(*names: str, size: int = 2) -> Scene:
    """A scene in which a crew has been sent to I1, 10 km north."""
    scene = Scene()
    for number, name in enumerate(names):
        scene.on_shift(name, 10.0 * number)
    scene.reported("I1", 10, crew=size)
    return scene


def holders(scene: Scene) -> list[str]:
    """Who has an incident in hand."""
    return sorted(e.engineer_id for e in scene.region.engineers.values() if e.incident_id is not None)


def test_a_crew_is_sent_whole_under_one_epoch() -> None:
    """Rule: k assignments of one event and one epoch, to the k who can be there soonest."""
    scene = Scene()
    for name, north_km in (("FAR", 50), ("A", 0), ("B", 20)):
        scene.on_shift(name, north_km)
    decided = [d for d in scene.reported("I1", 10, crew=2) if d.kind == "assigned"]
    assert [(d.engineer_id, d.epoch, d.crew) for d in decided] == [("A", 1, 2), ("B", 1, 2)]
    assert broken_invariants(scene.region) == []


def test_too_small_a_crew_is_nobody_and_said() -> None:
    """Rule: with fewer than k who may go, nobody is sent and the rule is named at once."""
    scene = Scene()
    scene.on_shift("A")
    queued = only(scene.reported("I1", crew=2), "queued")
    assert (queued.reason, holders(scene)) == ("crew", [])
    assert "only 1" in (queued.detail or "")


def test_the_free_are_kept_for_a_crew_whose_last_is_nearly_done() -> None:
    """Rule: single jobs do not eat a crew that forms within `crew_hold_min`; then all go together."""
    scene = Scene()
    scene.on_shift("A")
    scene.reported("I0", 0)
    scene.phone("A", "acknowledged", "en_route", "on_site")
    scene.after(40)
    scene.on_shift("B", 1)
    assert kinds(scene.reported("I1", 2, crew=2)) == ["queued"]
    assert "assigned" not in kinds(scene.reported("SINGLE", 3))
    decided = scene.phone("A", "restored", "resolved")
    assert [d.engineer_id for d in decided if d.kind == "assigned" and d.incident_id == "I1"] == ["B", "A"]


def test_nobody_is_kept_for_a_crew_that_can_not_form_soon() -> None:
    """Rule: while the last of a crew is hours away, the others work."""
    scene = Scene()
    scene.on_shift("A")
    scene.reported("I0", 0, expected_service_min=300)
    scene.phone("A", "acknowledged", "en_route", "on_site")
    scene.on_shift("B", 1)
    scene.reported("I1", 2, crew=2)
    assert only(scene.reported("SINGLE", 3), "assigned").engineer_id == "B"


def test_work_starts_when_the_last_has_arrived_and_each_is_told() -> None:
    """Rule: the incident is on site with the last of them; `crew_complete` reaches every phone."""
    scene = with_crew("A", "B")
    scene.phone("A", "acknowledged", "en_route")
    assert only(scene.phone("A", "on_site"), "crew_reported").reason == "on_site"
    assert scene.incident("I1").state == "assigned"
    scene.phone("B", "acknowledged")
    assert only(scene.phone("A", "restored"), "conflicted").reason == "crew_incomplete"
    scene.after(30)
    decided = scene.phone("B", "on_site")
    assert kinds(decided) == ["on_site", "crew_complete", "crew_complete"]
    assert scene.incident("I1").state == "on_site"


def test_the_first_restores_and_the_last_resolves() -> None:
    """Rule: service is back with the first word of it; each is free with their own last word."""
    scene = with_crew("A", "B")
    for name in "AB":
        scene.phone(name, "acknowledged", "en_route", "on_site")
    assert kinds(scene.phone("A", "restored")) == ["restored"]
    scene.after(10)
    assert only(scene.phone("A", "resolved"), "crew_reported").reason == "resolved"
    assert holders(scene) == ["B"]
    assert scene.incident("I1").state == "restored"
    assert broken_invariants(scene.region) == []
    assert kinds(scene.phone("B", "resolved")) == ["resolved"]
    assert holders(scene) == []


@pytest.mark.parametrize("how", ["declined", "cancelled", "shift_ended", "unreachable", "handed_over"])
def test_one_who_does_not_go_takes_the_whole_crew_back(how: str) -> None:
    """Rule: a decline, silence, a shift's end or a call-off leaves no half crew on the way."""
    scene = with_crew("A", "B")
    scene.phone("A", "acknowledged", "en_route")
    if how == "declined":
        decided = scene.phone("B", "declined")
    elif how == "cancelled":
        decided = scene.cancel("I1")
    elif how == "shift_ended":
        decided = scene.shift("B", "shift_ended")
    elif how == "handed_over":
        decided = scene.register("B", region="R2")
    else:
        decided = scene.after(6)
    withdrawn = [(d.engineer_id, d.reason) for d in decided if d.kind == "withdrawn"]
    assert withdrawn == [("B", how), ("A", how if how == "cancelled" else "crew")]
    assert holders(scene) == []
    assert broken_invariants(scene.region) == []


def test_a_crew_works_no_longer_than_each_of_them_may() -> None:
    """Rule: working time is asked of the moment the last arrives, not of each one's own arrival."""
    scene = Scene()
    scene.on_shift("NEAR", 0, worked_min_before=270)
    scene.on_shift("FAR", 40)
    scene.on_shift("OTHER", 45)
    decided = scene.reported("I1", 0, crew=2)
    assert [d.engineer_id for d in decided if d.kind == "assigned"] == ["FAR", "OTHER"]


def test_a_crew_under_way_is_not_turned() -> None:
    """Rule: nobody of a crew is called away to a worse fault."""
    scene = with_crew("A", "B")
    for name in "AB":
        scene.phone(name, "acknowledged", "en_route")
    scene.after(1)
    assert "withdrawn" not in kinds(scene.reported("I2", 1, tier="platinum"))
