"""Who is sent: the nearest fit engineer, one soon free, a turned one; and the order in an overload."""

from __future__ import annotations

import pytest

from services.dispatch.invariants import broken_invariants
from services.dispatch.shipped import shipped_policy
from tests.unit.dispatch.scene import Scene, kinds, only


def test_the_nearest_idle_engineer_is_sent() -> None:
    """Rule: among equals the one who arrives first goes."""
    scene = Scene()
    scene.on_shift("E1", north_km=30)
    scene.on_shift("E2", north_km=10)
    assert only(scene.reported("I1"), "assigned").engineer_id == "E2"


def test_a_missing_skill_is_no_skill() -> None:
    """Rule: product and level are hard, however near somebody is."""
    scene = Scene()
    scene.on_shift("NEAR", 1, skills={"radio": 5})
    scene.on_shift("LOW", 2, skills={"core": 1})
    scene.on_shift("FIT", 40, skills={"core": 2})
    assert only(scene.reported("I1", level=2), "assigned").engineer_id == "FIT"


def test_an_incident_that_nobody_can_ever_serve_waits_and_says_so() -> None:
    """Rule: nothing is dropped silently; the sentence names product and level."""
    scene = Scene()
    scene.on_shift("E1", skills={"core": 2})
    queued = only(scene.reported("I1", level=5), "queued")
    assert queued.reason == "nobody_qualified"
    assert "core" in (queued.detail or "")
    assert "5" in (queued.detail or "")
    assert scene.incident("I1").state == "waiting"


def test_an_incident_waits_for_somebody_about_to_be_free() -> None:
    """Rule: who is nearly done next door is better than who is idle two hours away."""
    scene = Scene()
    scene.on_shift("NEAR", 0)
    scene.reported("I1", 0)
    scene.phone("NEAR", "acknowledged", "en_route", "on_site")
    scene.after(50)
    scene.on_shift("FAR", 90)
    assert kinds(scene.reported("I2", 1)) == ["queued"]
    decided = scene.phone("NEAR", "restored", "resolved")
    assert only(decided, "assigned").engineer_id == "NEAR"


def test_somebody_under_way_is_turned_to_a_worse_fault_nearby() -> None:
    """Rule: a diversion takes back the old assignment, names it, and keeps that incident's waiting time."""
    scene = Scene()
    scene.on_shift("E1", 0)
    scene.reported("I1", 60)
    scene.phone("E1", "acknowledged", "en_route")
    scene.after(10)
    decided = scene.reported("I2", 8, tier="platinum", promised_in_min=60)
    assert only(decided, "withdrawn").reason == "diverted"
    assigned = only(decided, "assigned")
    assert (assigned.incident_id, assigned.diverted_from) == ("I2", "I1")
    waiting = scene.incident("I1")
    assert (waiting.state, waiting.diversions) == ("waiting", 1)
    assert waiting.reported_at < scene.incident("I2").reported_at


@pytest.mark.parametrize(("price", "turned"), [(0.0, True), (600.0, False)])
def test_the_churn_price_decides_whether_a_small_gain_turns_somebody(price: float, turned: bool) -> None:
    """Rule: leaving where one is going must bring at least the policy's price."""
    scene = Scene(shipped_policy().model_copy(update={"churn_price_weighted_min": price}))
    scene.on_shift("E1", 40)
    scene.reported("I1", 0)
    scene.phone("E1", "acknowledged", "en_route")
    scene.after(5)
    scene.on_shift("E2", 20)
    assert (scene.incident("I1").engineer_id == "E2") is turned


def test_nobody_is_turned_before_they_have_answered() -> None:
    """Rule: an assignment whose phone has not acknowledged is not taken back for a better one."""
    scene = Scene()
    scene.on_shift("E1", 40)
    scene.reported("I1", 0, tier="silver")
    scene.after(1)
    assert "withdrawn" not in kinds(scene.reported("I2", 39, tier="platinum"))
    scene.phone("E1", "acknowledged", "en_route")
    scene.after(1)
    assert scene.incident("I2").engineer_id == "E1"


def test_whoever_has_just_been_sent_settles_before_they_are_turned() -> None:
    """Rule: for `settle_s` after being sent nobody is called back; then what waits nearby gets them."""
    scene = Scene()
    scene.on_shift("E1", 40)
    scene.reported("I1", 0, tier="silver")
    scene.phone("E1", "acknowledged", "en_route")
    assert "withdrawn" not in kinds(scene.reported("I2", 39, tier="platinum"))
    turned = scene.after(0.1)
    assert only(turned, "assigned").diverted_from == "I1"


def test_nobody_is_turned_who_has_reached_the_site() -> None:
    """Rule: who should have arrived by now counts as on site, whatever their phone has said so far."""
    scene = Scene()
    scene.on_shift("E1", 5)
    scene.reported("I1", 0)
    scene.phone("E1", "acknowledged", "en_route")
    scene.after(60)
    assert "withdrawn" not in kinds(scene.reported("I2", 0, tier="platinum"))


def test_in_an_overload_weight_over_work_goes_first() -> None:
    """Rule: with one engineer and two equal faults waiting, the shorter work is served first."""
    scene = Scene()
    scene.on_shift("E1", 0)
    scene.reported("I0", 0)
    scene.phone("E1", "acknowledged", "en_route", "on_site")
    scene.reported("LONG", 1, expected_service_min=240)
    scene.reported("SHORT", 1, expected_service_min=20)
    assert only(scene.phone("E1", "resolved"), "assigned").incident_id == "SHORT"


def test_the_heavier_tier_goes_first() -> None:
    """Rule: a platinum fault is served before an older silver one alike."""
    scene = Scene()
    scene.on_shift("E1", 0)
    scene.reported("I0", 0)
    scene.phone("E1", "acknowledged", "en_route", "on_site")
    scene.reported("SILVER", 1)
    scene.reported("PLATINUM", 1, tier="platinum")
    assert only(scene.phone("E1", "resolved"), "assigned").incident_id == "PLATINUM"


def test_without_an_estimate_the_products_own_mean_is_expected() -> None:
    """Rule: finished work teaches how long a product takes; before that the policy's number stands."""
    scene = Scene()
    scene.on_shift("E1", 0)
    scene.reported("I1", 0, expected_service_min=None)
    assert scene.incident("I1").expected_service_ms == 60 * 60_000
    scene.phone("E1", "acknowledged", "en_route", "on_site")
    scene.after(120)
    scene.phone("E1", "resolved")
    scene.reported("I2", 0, expected_service_min=None)
    assert scene.incident("I2").expected_service_ms == 70 * 60_000


def test_a_crowd_beyond_the_shortlists_is_served_soundly() -> None:
    """Rule: in a region too large for whole lists everybody who can be served is, and nobody twice."""
    scene = Scene()
    for number in range(300):
        scene.register(f"E{number}", number % 50, available_from=scene.now)
    scene.after(1)
    for number in range(320):
        scene.reported(f"I{number}", number % 60)
    assert broken_invariants(scene.region) == []
    held = [i for i in scene.region.incidents.values() if i.engineer_id is not None]
    assert len(held) >= 290
