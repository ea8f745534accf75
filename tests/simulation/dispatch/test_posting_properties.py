"""Postings over generated regions: each has one true receipt that comes out the same again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import Place
from schemas.decisions import Decision
from schemas.postings import PostingMove, PostingReceipt
from services.dispatch.demand import RECENT_KEPT
from services.dispatch.fold import PartitionFold
from services.dispatch.inquiry import full_posting
from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import shipped_policy
from services.dispatch.warm import ABSENT
from tests.simulation.dispatch.generated import PRODUCTS
from tests.unit.dispatch.scene import Scene

spots = st.tuples(st.integers(0, 8), st.integers(0, 8))
reports = st.lists(
    st.tuples(spots, st.integers(0, 2), st.integers(1, 3)), min_size=RECENT_KEPT, max_size=RECENT_KEPT + 12
)
crews = st.lists(st.tuples(spots, st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=6)
Drawn = list[tuple[tuple[int, int], int, int]]


def place_of(spot: tuple[int, int]) -> Place:
    """A spot on a grid of 3 km."""
    return Place(lat=38 + spot[0] * 0.027, lon=-9 + spot[1] * 0.034)


def region_of(reported: Drawn, engineers: Drawn) -> Scene:
    """What has been reported so far, and called off but the last; engineers on shift since then."""
    scene = Scene(shipped_policy().model_copy(update={"posting_every_s": 60.0}))
    for number, (spot, product, level) in enumerate(reported):
        scene.after(1)
        scene.reported(f"I{number}", place=place_of(spot), product=PRODUCTS[product], level=level)
        if number < len(reported) - 1:
            scene.cancel(f"I{number}")
    for number, (spot, product, level) in enumerate(engineers):
        skills = {PRODUCTS[product]: level, "core": 1}
        scene.register(f"E{number}", home=place_of(spot), skills=skills, available_from=scene.now)
    return scene


def worth(move: PostingMove) -> float:
    """What a move saves less its road."""
    return move.saves - move.road


def check(told: PostingReceipt, decision: Decision, policy: DispatchPolicy, on_duty: int) -> None:
    """One receipt against its decision: nobody is missing in it, and nothing else was worth more."""
    assert told.id == decision.id
    assert told.chosen.engineer_id == decision.engineer_id
    assert (told.chosen.place, told.chosen.travel_time_s) == (decision.place, decision.travel_time_s)
    assert worth(told.chosen) > policy.posting_least_weighted_min - 0.01
    assert sum(told.saves_by_kind.values()) == pytest.approx(told.chosen.saves, abs=0.05)
    others = [*told.other_engineers, *told.other_places]
    assert all(worth(move) <= worth(told.chosen) + 0.01 for move in others)
    assert told.considered == (len(told.other_engineers) + 1) * (len(told.other_places) + 1)
    assert len(told.other_engineers) + 1 + sum(told.stays.values()) == on_duty
    assert told.flips, "some change always leads elsewhere"


def fold_on(snapshot: bytes, scene: Scene, policy: DispatchPolicy, asked: str | None) -> list[Decision]:
    """The scene's last event folded again from the state before it, under a policy."""
    fold = PartitionFold.restore(snapshot, policy)
    if asked is not None:
        fold.detail = full_posting(asked)
    decided = fold.step(scene.log[-1])
    scene.fold.postings = fold.postings
    return decided


def posted(decisions: list[Decision]) -> list[Decision]:
    """The postings among them."""
    return [one for one in decisions if one.kind == "posted"]


@given(reports, crews)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_every_posting_has_one_true_receipt_and_it_comes_out_the_same_again(
    reported: Drawn, engineers: Drawn
) -> None:
    """Rule: re-evaluated from a snapshot it is the same, in full it is whole, and its price flip is true."""
    scene = region_of(reported, engineers)
    for _ in range(2):
        before = scene.fold.snapshot()
        sent = posted(scene.after(1))
        stored = scene.fold.postings
        assert [one.id for one in stored] == [one.id for one in sent]
        policy = scene.fold.policy
        on_duty = int((scene.fold.regions["R1"].warm.engineers.standing != ABSENT).sum())
        assert posted(fold_on(before, scene, policy, None)) == sent
        assert scene.fold.postings == stored
        for decision in sent:
            fold_on(before, scene, policy, decision.engineer_id)
            (told,) = scene.fold.postings
            check(told, decision, policy, on_duty)
        if sent:
            prove_price_flips(before, scene, sent)


def prove_price_flips(before: bytes, scene: Scene, sent: list[Decision]) -> None:
    """At the price that the first posting's receipt names it is the same, a step beyond it is another."""
    policy, first = scene.fold.policy, sent[0]
    fold_on(before, scene, policy, first.engineer_id)
    for flip in scene.fold.postings[0].flips:
        if flip.unit != "weighted_min_per_km":
            continue
        step = 0.01 if flip.change.endswith("above") else -0.01
        for price, same in ((flip.amount, True), (flip.amount + step, False)):
            at = policy.model_copy(update={"posting_price_weighted_min_per_km": round(price, 6)})
            again = posted(fold_on(before, scene, at, None))
            told = [(one.engineer_id, one.place) for one in again[:1]]
            assert (told == [(first.engineer_id, first.place)]) == same
            if not same and flip.then_engineer_id is not None:
                assert told == [(flip.then_engineer_id, flip.then_place)]
