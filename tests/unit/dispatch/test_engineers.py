"""Shifts, breaks, positions, registration: when an engineer can be sent, and from where."""

from __future__ import annotations

from datetime import timedelta

from services.dispatch.views import engineer_view, incident_view, region_view
from tests.unit.dispatch.scene import START, Scene, at, kinds, only


def test_a_registered_shift_starts_by_itself() -> None:
    """Rule: at available_from the engineer takes what waits."""
    scene = Scene()
    scene.register("E1", available_from=START + timedelta(minutes=30))
    scene.reported("I1")
    assert kinds(scene.after(29)) == []
    assert kinds(scene.after(1)) == ["engineer_changed", "assigned"]


def test_without_a_registered_shift_the_phone_starts_it() -> None:
    """Rule: nobody is on shift who has not said so; the phone's place counts."""
    scene = Scene()
    scene.register("E1")
    scene.after(60)
    assert scene.region.engineers["E1"].state == "off_shift"
    scene.shift("E1", "shift_started", at(7))
    assert scene.region.engineers["E1"].lat == at(7).lat


def test_the_shifts_end_waits_for_the_job_in_hand() -> None:
    """Rule: a registered end takes no new work and lets the current job be finished."""
    scene = Scene()
    scene.on_shift("E1", shift_end=START + timedelta(minutes=30))
    scene.reported("I1", 1, expected_service_min=20)
    scene.phone("E1", "acknowledged", "en_route")
    scene.after(40)
    scene.reported("I2", 1)
    decided = scene.phone("E1", "resolved")
    assert kinds(decided) == ["resolved", "engineer_changed"]
    assert scene.region.engineers["E1"].state == "off_shift"
    assert scene.incident("I2").state == "waiting"


def test_a_shift_ended_under_way_gives_the_work_back() -> None:
    """Rule: who goes home on the way leaves nothing stranded."""
    scene = Scene()
    scene.on_shift("E1")
    scene.reported("I1", 30)
    scene.phone("E1", "acknowledged", "en_route")
    decided = scene.shift("E1", "shift_ended")
    assert only(decided, "withdrawn").reason == "shift_ended"
    assert scene.incident("I1").state == "waiting"


def test_nobody_is_sent_from_a_break() -> None:
    """Rule: a break takes the engineer out, its end brings them back."""
    scene = Scene()
    scene.on_shift("E1")
    scene.shift("E1", "break_started")
    assert "assigned" not in kinds(scene.reported("I1"))
    assert "assigned" in kinds(scene.shift("E1", "break_ended"))


def test_registered_with_another_region_means_released_here() -> None:
    """Rule: who belongs elsewhere is forgotten here, and their work waits again."""
    scene = Scene()
    scene.on_shift("E1")
    scene.reported("I1", 3)
    decided = scene.register("E1", region="R2")
    assert only(decided, "withdrawn").reason == "handed_over"
    assert "E1" not in scene.region.engineers
    assert scene.incident("I1").state == "waiting"


def test_losing_the_skill_gives_up_the_work_on_the_way() -> None:
    """Rule: a new registration counts at once."""
    scene = Scene()
    scene.on_shift("E1")
    scene.reported("I1", 30)
    decided = scene.register("E1", skills={"radio": 1}, available_from=START)
    assert only(decided, "withdrawn").reason == "unqualified"


def test_positions_move_the_idle_and_the_reckoned_arrival() -> None:
    """Rule: the newest fix counts; under way it restarts the reckoning; older ones are dropped."""
    scene = Scene()
    scene.on_shift("E1", 50)
    scene.on_shift("E2", 20)
    scene.moved("E1", 1)
    assert only(scene.reported("I1"), "assigned").engineer_id == "E1"
    scene.phone("E1", "acknowledged", "en_route")
    scene.after(1)
    scene.moved("E1", 40)
    arrives = scene.region.engineers["E1"].arrives_at
    scene.moved("E1", 2, fixed_at=scene.now - timedelta(minutes=5))
    assert scene.region.engineers["E1"].arrives_at == arrives
    assert arrives is not None
    assert arrives > round(scene.now.timestamp() * 1000) + 70 * 60_000


def test_positions_off_shift_and_of_strangers_are_refused() -> None:
    """Rule: nobody is tracked off shift."""
    scene = Scene()
    scene.register("E1")
    assert only(scene.moved("E1", 5), "refused").reason == "off_shift"
    assert only(scene.moved("E9", 5), "refused").reason == "unknown_engineer"
    view = engineer_view(scene.region, "E1")
    assert view is not None
    assert view.place is None


def test_views_show_the_state() -> None:
    """Rule: the read models say what the state says, with the incident's story in the log's order."""
    scene = Scene()
    scene.on_shift("E1")
    scene.reported("I1", 10)
    scene.phone("E1", "acknowledged", "en_route")
    incident, engineer = incident_view(scene.region, "I1"), engineer_view(scene.region, "E1")
    assert incident is not None
    assert engineer is not None
    assert (incident.state, incident.acknowledged, incident.engineer_id) == ("en_route", True, "E1")
    assert [line.kind for line in incident.timeline] == ["queued", "assigned", "acknowledged", "en_route"]
    assert (engineer.state, engineer.incident_id, engineer.epoch) == ("en_route", "I1", 1)
    region = region_view(scene.fold, "R1")
    assert (region.waiting, region.engineers_by_state) == (0, {"en_route": 1})
    assert incident_view(scene.region, "I9") is None
