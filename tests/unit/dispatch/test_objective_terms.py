"""Each term of the objective changes a decision the way it says; those that did not pay ship switched off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.dispatch.demand import cell_of
from services.dispatch.fairness import AREA_DEG, WHOLE_REGION
from services.dispatch.shipped import shipped_policy
from tests.unit.dispatch.scene import Scene, at


def scene_with(**prices: Any) -> Scene:
    """The default policy with other prices."""
    return Scene(shipped_policy().model_copy(update=prices))


def sent(scene: Scene, north_km: float = 0.0, **fields: Any) -> str | None:
    """Who is sent to a report there; None where it waits."""
    said = scene.reported("B", north_km, **fields)
    return next((d.engineer_id for d in said if d.kind == "assigned"), None)


def test_a_price_of_travel_lets_a_report_wait_for_who_is_near() -> None:
    """Rule: the road costs beside the waiting it means."""

    def with_price(price: float) -> str | None:
        scene = scene_with(travel_price_weighted_min_per_min=price)
        scene.on_shift("ANA")
        scene.reported("A")
        scene.phone("ANA", "acknowledged", "accepted", "en_route", "on_site")
        scene.on_shift("BEA", 10)
        return sent(scene)

    assert with_price(0.0) == "BEA"
    assert with_price(5.0) is None


def test_scarcity_keeps_a_high_level_for_what_needs_it() -> None:
    """Rule: a level 4 is not burnt on a level 1 job where a level 1 is nearly as near."""

    def with_price(price: float) -> str | None:
        scene = scene_with(scarcity_price_weighted_min_per_level=price)
        scene.on_shift("ANA", 1, skills={"core": 4})
        scene.on_shift("BEA", 3, skills={"core": 1})
        return sent(scene)

    assert with_price(0.0) == "ANA"
    assert with_price(10.0) == "BEA"


def test_overtime_sends_who_has_time_where_the_work_may_last() -> None:
    """Rule: what half as much work again would run over a shift costs by the minute."""

    def with_price(price: float) -> str | None:
        scene = scene_with(overtime_price_weighted_min_per_min=price)
        scene.on_shift("ANA", 1, shift_end=scene.now + timedelta(minutes=70))
        scene.on_shift("BEA", 3)
        return sent(scene)

    assert with_price(0.0) == "ANA"
    assert with_price(2.0) == "BEA"


def test_a_floor_of_cover_takes_from_where_somebody_stays() -> None:
    """Rule: who would leave a place with fewer idle than its floor costs more."""

    def with_price(price: float) -> str | None:
        scene = scene_with(cover_price_weighted_min=price, cover_floor_engineers=1, cover_reach_km=2.0)
        scene.on_shift("ANA", 3)
        scene.on_shift("BEA", -5)
        scene.on_shift("CEA", -6)
        return sent(scene)

    assert with_price(0.0) == "ANA"
    assert with_price(30.0) == "BEA"


def test_fairness_goes_first_to_the_area_that_is_answered_late() -> None:
    """Rule: an area answered twice as late as the region weighs more."""

    def with_weight(permille: int) -> str:
        scene = scene_with(fairness_permille=permille)
        late = cell_of((at(4).lat, -9.0), AREA_DEG)
        scene.region.answered_ms.update({WHOLE_REGION: (20, 20 * 600_000), late: (10, 10 * 1_200_000)})
        scene.reported("LATE", 4)
        scene.reported("NEAR", -3)
        scene.on_shift("ANA")
        return scene.region.engineers["ANA"].incident_id or ""

    assert with_weight(0) == "NEAR"
    assert with_weight(1000) == "LATE"


def test_an_incident_left_often_enough_keeps_who_goes_to_it() -> None:
    """Rule: churn has a price, and a cap for each incident."""

    def with_most(most: int) -> str:
        scene = scene_with(diversions_most=most)
        scene.on_shift("ANA")
        scene.reported("A", 30)
        scene.phone("ANA", "acknowledged", "accepted", "en_route")
        scene.after(1)
        scene.reported("B", 1, tier="platinum", promised_in_min=60)
        return scene.region.engineers["ANA"].incident_id or ""

    assert with_most(1) == "B"
    assert with_most(0) == "A"


def test_an_answer_teaches_its_area_and_the_region() -> None:
    """Rule: what fairness knows comes from arrivals alone."""
    scene = Scene()
    scene.on_shift("ANA")
    scene.reported("A", 4)
    scene.phone("ANA", "acknowledged", "accepted", "en_route")
    scene.after(10)
    scene.phone("ANA", "on_site")
    area = cell_of((at(4).lat, -9.0), AREA_DEG)
    assert scene.region.answered_ms == {WHOLE_REGION: (1, 600_000), area: (1, 600_000)}
