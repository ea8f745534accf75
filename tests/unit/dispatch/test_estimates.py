"""A technician says how many minutes are left; the plan reckons with it."""

from __future__ import annotations

from typing import Any

from schemas.decisions import Decision
from schemas.engineers import WorkEstimateUpdated
from services.dispatch.moments import to_ms
from services.dispatch.views import engineer_view
from tests.unit.dispatch.scene import Scene, kinds


def says_left(scene: Scene, minutes: float, **fields: Any) -> list[Decision]:
    """Ana's phone says how long the work will still take."""
    seq = scene.seqs["ANA"] = scene.seqs.get("ANA", 0) + 1
    whole = {"device_seq": seq, "occurred_at": scene.now, "incident_id": "A", "epoch": 1} | fields
    return scene.tell("R1", WorkEstimateUpdated(engineer_id="ANA", minutes_left=minutes, **whole))


def at_work(expected_min: float = 60) -> Scene:
    """Ana has begun a job; Bea is idle 20 km away."""
    scene = Scene()
    scene.on_shift("ANA")
    scene.reported("A", expected_service_min=expected_min)
    scene.phone("ANA", "acknowledged", "accepted", "en_route", "on_site")
    scene.on_shift("BEA", 30)
    return scene


def test_a_report_waits_for_who_says_the_work_ends_soon() -> None:
    """Rule: two minutes left are waited for next door; two hours are not, somebody else is sent."""
    assert [d.engineer_id for d in at_work(120).reported("B") if d.kind == "assigned"] == ["BEA"]
    told = at_work(120)
    assert kinds(says_left(told, 2)) == ["work_estimated"]
    assert "assigned" not in kinds(told.reported("B"))
    told.after(2)
    assert [d.engineer_id for d in told.phone("ANA", "restored", "resolved") if d.kind == "assigned"] == [
        "ANA"
    ]


def test_an_estimate_frees_what_waited_for_an_earlier_end() -> None:
    """Rule: work that turns out long sends what waited for it to somebody else at once."""
    scene = at_work(5)
    assert "assigned" not in kinds(scene.reported("B"))
    said = says_left(scene, 300)
    assert [d.engineer_id for d in said if d.kind == "assigned"] == ["BEA"]


def test_the_board_shows_the_end_as_it_was_told() -> None:
    """Rule: `expected_free_at` is the estimate's; `work_left_min` stands in the decision."""
    scene = at_work()
    (decision,) = says_left(scene, 12)
    assert decision.work_left_min == 12
    view = engineer_view(scene.region, "ANA")
    assert view is not None
    assert view.expected_free_at is not None
    assert to_ms(view.expected_free_at) == to_ms(scene.now) + 12 * 60_000


def test_an_estimate_that_does_not_fit_is_refused_with_why() -> None:
    """Rule: a stale epoch, a job not begun, somebody unknown: answered, and nothing changes."""
    scene = at_work(120)
    assert says_left(scene, 5, epoch=0)[0].reason == "stale_epoch"
    assert says_left(scene, 5, incident_id="NOPE")[0].reason == "unknown_incident"
    scene.reported("B")
    assert scene.incident("B").engineer_id == "BEA"
    assert says_left(scene, 5, incident_id="B")[0].reason == "not_yours"
    assert scene.incident("A").estimated_at is None
    other = Scene()
    other.on_shift("ANA")
    other.reported("A")
    assert says_left(other, 5)[0].reason == "not_on_site"


def test_a_late_estimate_does_not_undo_a_newer_one() -> None:
    """Rule: estimates count in the device's order."""
    scene = at_work()
    says_left(scene, 50)
    assert says_left(scene, 5, device_seq=0)[0].kind == "conflicted"
    assert scene.incident("A").estimated_left_ms == 50 * 60_000


def test_work_taken_back_forgets_its_estimate() -> None:
    """Rule: an estimate is about one engineer's work."""
    scene = at_work()
    says_left(scene, 50)
    scene.shift("ANA", "shift_ended")
    scene.cancel("A")
    assert scene.incident("A").estimated_at is None
