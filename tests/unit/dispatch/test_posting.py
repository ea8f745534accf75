"""Posting: where idle engineers wait, and that work takes them from there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.dispatch.demand import RECENT_KEPT, Demand, forecast, learn_report
from services.dispatch.fold import PartitionFold
from services.dispatch.moments import to_ms
from services.dispatch.shipped import shipped_policy
from tests.unit.dispatch.scene import KM, START, Scene, at, kinds

BUSY_PLACE_KM = 20.0


def a_scene(price: float = 1.0, horizon_min: float = 30.0) -> Scene:
    """Nobody on shift; much has been reported, and called off, 20 km north."""
    posting = {
        "posting_horizon_min": horizon_min,
        "posting_price_weighted_min_per_km": price,
        "posting_every_s": 60.0,
    }
    scene = Scene(shipped_policy().model_copy(update=posting))
    for number in range(RECENT_KEPT):
        scene.after(1)
        scene.reported(f"P{number}", BUSY_PLACE_KM)
        scene.cancel(f"P{number}")
    return scene


def posted(scene: Scene) -> list[tuple[str | None, float]]:
    """Who is sent to wait in the next two minutes, and how many km north."""
    said = scene.after(1) + scene.after(1)
    return [
        (d.engineer_id, round((d.place.lat - 38) / KM, 1)) for d in said if d.kind == "posted" and d.place
    ]


def test_an_idle_engineer_waits_where_reports_come_from() -> None:
    """Rule: who stands idle far from the demand is sent there, by the road's time, and stays available."""
    scene = a_scene()
    scene.on_shift("ANA")
    assert posted(scene) == [("ANA", BUSY_PLACE_KM)]
    ana = scene.region.engineers["ANA"]
    assert ana.state == "available"
    scene.after(90)
    assert ana.place_at(to_ms(scene.now)) == pytest.approx((at(BUSY_PLACE_KM).lat, -9.0))


def test_a_report_cuts_the_way_to_a_post_short() -> None:
    """Rule: work takes an engineer from where they are on the road to the post."""
    scene = a_scene()
    scene.on_shift("ANA")
    posted(scene)
    scene.after(10)
    (assigned,) = [d for d in scene.reported("A", 0.0) if d.kind == "assigned"]
    assert assigned.from_place is not None
    north_km = (assigned.from_place.lat - 38) / KM
    assert 1 < north_km < BUSY_PLACE_KM
    scene.phone("ANA", "acknowledged", "accepted", "en_route")
    scene.after(60)
    assert scene.region.engineers["ANA"].place_at(to_ms(scene.now)) == pytest.approx((38.0, -9.0))


def test_a_second_engineer_stays_where_a_post_is_covered() -> None:
    """Rule: what one of them covers already brings nothing more."""
    scene = a_scene()
    scene.on_shift("BEA", BUSY_PLACE_KM)
    scene.on_shift("ANA")
    assert posted(scene) == []


@pytest.mark.parametrize(
    ("price", "horizon_min"), [(50.0, 30.0), (1.0, 0.0)], ids=["dear road", "no horizon"]
)
def test_nobody_is_posted_where_it_does_not_pay(price: float, horizon_min: float) -> None:
    """Rule: the gain over the horizon must exceed the price of the road."""
    scene = a_scene(price, horizon_min)
    scene.on_shift("ANA")
    assert posted(scene) == []


def test_nobody_is_posted_before_enough_is_known() -> None:
    """Rule: a region that has seen few reports knows no better place."""
    scene = Scene(shipped_policy().model_copy(update={"posting_horizon_min": 600.0}))
    for number in range(RECENT_KEPT - 1):
        scene.reported(f"P{number}", BUSY_PLACE_KM)
        scene.cancel(f"P{number}")
    scene.on_shift("ANA")
    assert posted(scene) == []


def test_who_is_about_to_go_off_shift_is_not_posted() -> None:
    """Rule: a post is for the horizon; who leaves before it ends stays."""
    scene = a_scene()
    scene.on_shift("ANA", shift_end=scene.now + timedelta(minutes=20))
    assert posted(scene) == []


def test_a_shift_that_ends_on_the_way_to_a_post_ends_the_way() -> None:
    """Rule: off shift nobody is reckoned to move on."""
    scene = a_scene()
    scene.on_shift("ANA")
    posted(scene)
    scene.after(5)
    assert "engineer_changed" in kinds(scene.shift("ANA", "shift_ended"))
    assert scene.region.engineers["ANA"].arrives_at is None


def test_a_restored_region_posts_though_nobody_has_what_was_reported() -> None:
    """Rule: a product that only closed incidents had is no reason to stop folding after a restart."""
    scene = a_scene()
    scene.reported("ODD", BUSY_PLACE_KM, product="nobody-has-it")
    scene.cancel("ODD")
    scene.on_shift("ANA")
    scene.fold = PartitionFold.restore(scene.fold.snapshot(), scene.fold.policy)
    assert posted(scene) == [("ANA", BUSY_PLACE_KM)]


def test_what_comes_at_this_hour_counts_more_than_what_came_at_others() -> None:
    """Rule: demand is learned by cell and hour."""
    demand = Demand()
    morning, evening = to_ms(START), to_ms(START + timedelta(hours=10))
    for number in range(RECENT_KEPT):
        north, moment = ((0.0, morning), (30.0, evening))[number % 2]
        learn_report(demand, moment, (at(north).lat, -9.0), ("core", 1, "gold"))
    seen = {hour: forecast(demand, moment) for hour, moment in (("am", morning), ("pm", evening))}
    assert seen["am"] is not None
    assert seen["pm"] is not None
    assert seen["am"].share.argmax() != seen["pm"].share.argmax()


def test_old_demand_is_forgotten_and_its_places_stay() -> None:
    """Rule: counts are halved once they are many; a cell's place is still the mean of its reports."""
    demand = Demand()
    for number in range(4097):
        learn_report(demand, to_ms(START) + number, (38.0001, -9.0001), ("core", 1, "gold"))
    assert demand.counted == 2048
    seen = forecast(demand, to_ms(START))
    assert seen is not None
    assert seen.degrees == [pytest.approx((38.0001, -9.0001), abs=1e-5)]
