"""A posting's receipt: what it saves and costs, who else and where else there was, what would flip it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.postings import PostingFlip, PostingReceipt
from services.dispatch.inquiry import STORED, full, full_posting
from services.dispatch.policy import DispatchPolicy
from tests.unit.dispatch.scene import KM, Scene, only
from tests.unit.dispatch.test_posting import BUSY_PLACE_KM, a_scene


def posting(scene: Scene) -> PostingReceipt:
    """The receipt of the one posting of the next minute."""
    decision = only(scene.after(1), "posted")
    (receipt,) = scene.fold.postings
    assert (receipt.id, receipt.offset, receipt.n) == (decision.id, decision.offset, decision.n)
    assert receipt.chosen.engineer_id == decision.engineer_id
    assert receipt.chosen.place == decision.place
    assert receipt.chosen.travel_time_s == decision.travel_time_s
    return receipt


def about_to_post(policy: DispatchPolicy | None = None) -> Scene:
    """ANA will be posted in a minute; BEA is further off, CAI at work, DIN soon off, EVA of another trade."""
    scene = a_scene()
    if policy is not None:
        scene.fold.policy = policy
    scene.region.posted_at = 10**15  # nobody is posted before all are there
    scene.on_shift("CAI", -1.0)
    scene.reported("WORK", -1.0)
    scene.on_shift("BEA", -5.0)
    scene.on_shift("DIN", shift_end=scene.now + timedelta(minutes=20))
    scene.on_shift("EVA", skills={"radio": 1})
    scene.on_shift("ANA")
    scene.region.posted_at = 0
    return scene


def test_a_posting_names_what_it_saves_by_kind_and_the_price_of_its_road() -> None:
    """Rule: the road at the policy's price a km; the savings split by product and level, and they add up."""
    receipt = posting(about_to_post())
    chosen = receipt.chosen
    assert chosen.engineer_id == "ANA"
    assert chosen.road_km == pytest.approx(BUSY_PLACE_KM * 1.3, rel=0.01)
    assert chosen.road == pytest.approx(1.0 * chosen.road_km, abs=0.01)
    assert chosen.saves > chosen.road
    assert sum(receipt.saves_by_kind.values()) == pytest.approx(chosen.saves, abs=0.01)
    assert set(receipt.saves_by_kind) == {"core/1"}
    assert (receipt.horizon_min, receipt.policy, receipt.travel_version) == (30.0, "default", "haversine-1")


def test_it_names_who_else_could_have_gone_and_counts_who_had_to_stay() -> None:
    """Rule: everybody on duty is a candidate, best first, or counted by the first reason to stay."""
    receipt = posting(about_to_post())
    worth = {move.engineer_id: move.saves - move.road for move in receipt.other_engineers}
    assert list(worth) == ["BEA", "EVA"]
    assert worth["BEA"] < receipt.chosen.saves - receipt.chosen.road
    assert worth["EVA"] <= 0, "no report is of her trade"
    assert receipt.stays == {"has_work": 1, "shift_end": 1}


def test_other_places_are_told_with_their_worth() -> None:
    """Rule: the same engineer elsewhere, the best first, none worth more than where they are sent."""
    scene = a_scene()
    for number, north_km in enumerate((12.0, 30.0)):
        scene.reported(f"Q{number}", north_km)
        scene.cancel(f"Q{number}")
    scene.on_shift("ANA")
    receipt = posting(scene)
    moves = [receipt.chosen, *receipt.other_places]
    assert {round((move.place.lat - 38) / KM) for move in moves} == {12, 20, 30}
    worth = [move.saves - move.road for move in moves]
    assert worth == sorted(worth, reverse=True)


def flip_of(scene: Scene, change: str) -> PostingFlip:
    """The flip of one kind in the full receipt of ANA's posting."""
    scene.fold.detail = full_posting("ANA")
    return next(flip for flip in posting(scene).flips if flip.change == change)


def test_a_flip_of_the_roads_price_is_true_in_the_world() -> None:
    """Rule: at the price named she is posted all the same, a hundredth above it nobody is."""
    flip = flip_of(about_to_post(), "road_price_above")
    assert flip.then_engineer_id is None
    for price, sent in ((flip.amount, ["ANA"]), (flip.amount + 0.01, [])):
        changed = about_to_post().fold.policy.model_copy(
            update={"posting_price_weighted_min_per_km": round(price, 2)}
        )
        again = about_to_post(changed)
        assert [d.engineer_id for d in again.after(1) if d.kind == "posted"] == sent


def test_the_flip_of_the_road_is_the_difference_of_the_roads() -> None:
    """Rule: 5 km further off, BEA must be 5 km nearer to be sent instead."""
    flip = flip_of(about_to_post(), "nearer")
    assert (flip.engineer_id, flip.then_engineer_id) == ("BEA", "BEA")
    assert flip.amount == pytest.approx(5 * 1.3 / 40 * 3600, abs=0.5)
    assert flip_of(about_to_post(), "farther").engineer_id == "ANA"


@pytest.mark.parametrize(
    ("detail", "told"),
    [(None, 0), (STORED, 1), (full("I1"), 0), (full_posting("ANA"), 1), (full_posting("BEA"), 0)],
    ids=["none", "stored", "an incident", "her", "another"],
)
def test_a_posting_is_explained_where_it_is_asked_for(detail: object, told: int) -> None:
    """Rule: always in short; in full where it is the engineer's postings that are asked for."""
    scene = about_to_post()
    scene.fold.detail = detail  # type: ignore[assignment]
    only(scene.after(1), "posted")
    assert len(scene.fold.postings) == told


def test_a_stored_posting_is_small_and_a_full_one_is_whole() -> None:
    """Rule: the three best of each and one flip are kept; everything is derived."""
    scene = about_to_post()
    stored = posting(scene)
    whole = about_to_post()
    whole.fold.detail = full_posting("ANA")
    full_receipt = posting(whole)
    assert len(stored.flips) == 1
    assert stored.flips[0] == full_receipt.flips[0]
    assert len(full_receipt.flips) >= 3
    assert full_receipt.chosen == stored.chosen
