"""Planted reasons: exactly one rule keeps the obvious engineer away, and the receipt names it, every time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.commands import RULES
from schemas.receipts import Candidate, DecisionReceipt
from schemas.regions import Certificate, RegionDefined, RegionRules
from tests.unit.dispatch.scene import Scene

HOURS = 8
Fields = dict[str, Any]


def on_shift(scene: Scene, km: float, **fields: Any) -> None:
    """The obvious engineer, who would be sent were it not for one rule."""
    scene.on_shift("NEAR", km, **fields)


def left(scene: Scene, km: float) -> None:
    """Their shift has ended where they stand."""
    on_shift(scene, km)
    scene.shift("NEAR", "shift_ended")


def resting(scene: Scene, km: float) -> None:
    """They have begun a break."""
    on_shift(scene, km)
    scene.shift("NEAR", "break_started")


def silent(scene: Scene, km: float) -> None:
    """Their phone has not answered an earlier assignment, called off since."""
    on_shift(scene, km)
    scene.reported("OLD", km)
    scene.after(6)
    scene.cancel("OLD")


def counted(scene: Scene, km: float, **rules: float) -> None:
    """A region whose working time would be over before the job is."""
    scene.tell("R1", RegionDefined(region="R1", rules=RegionRules(**rules)))
    on_shift(scene, km, worked_min_before=0.0)


def certified(minutes: float) -> Callable[[Scene, float], None]:
    """A certificate that lapses after so many minutes."""

    def plant(scene: Scene, km: float) -> None:
        expires = scene.now + timedelta(minutes=minutes)
        on_shift(scene, km, certificates=[Certificate(name="tower", expires_at=expires)])

    return plant


def pinned(scene: Scene, km: float) -> None:
    """A person wants them on an incident whose site opens later."""
    scene.reported("ANOTHER", km, window_from=scene.now + timedelta(hours=HOURS))
    on_shift(scene, km, pinned_incident="ANOTHER")


def ending(scene: Scene, km: float) -> None:
    """Their shift ends in half an hour; no job here is that short."""
    on_shift(scene, km, shift_end=scene.now + timedelta(minutes=30))


PLANTS: list[tuple[str, Callable[[Scene, float], None], Fields, Fields]] = [
    ("unqualified", lambda s, km: on_shift(s, km, skills={"core": 2}), {"level": 3}, {}),
    ("unqualified", lambda s, km: on_shift(s, km, skills={"radio": 5}), {}, {}),
    ("language", lambda s, km: on_shift(s, km, languages=["en"]), {"language": "pt"}, {"languages": ["pt"]}),
    ("certificate", on_shift, {"certificate": "tower"}, {}),
    ("certificate", certified(30), {"certificate": "tower"}, {}),
    (
        "parts",
        lambda s, km: on_shift(s, km, parts=["fan"]),
        {"parts": ["fan", "fan"]},
        {"parts": ["fan"] * 2},
    ),
    (
        "customer_excluded",
        lambda s, km: on_shift(s, km, excluded_customers=["C1"]),
        {"customer_id": "C1"},
        {},
    ),
    ("pinned", pinned, {}, {}),
    ("off_shift", left, {}, {}),
    ("on_break", resting, {}, {}),
    ("unreachable", silent, {}, {}),
    ("shift_end", ending, {}, {}),
    ("rest", lambda s, km: counted(s, km, daily_rest_min=1410.0, break_after_min=1440.0), {}, {}),
    ("break", lambda s, km: counted(s, km, break_after_min=30.0), {}, {}),
    ("week", lambda s, km: counted(s, km, week_max_min=30.0), {}, {}),
]
"""Rule, how the obvious engineer is planted, what the incident asks, what the next engineer has."""
TIERS = st.sampled_from(["platinum", "gold", "silver"])


def named(receipt: DecisionReceipt) -> Candidate:
    """The obvious engineer in the receipt."""
    return next(one for one in receipt.rejected if one.engineer_id == "NEAR")


@pytest.mark.parametrize(("rule", "plant", "incident", "fit"), PLANTS)
@given(st.floats(0.1, 4), st.floats(6, 40), st.integers(31, 120), TIERS, st.integers(0, 4))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_the_receipt_names_the_rule_that_keeps_the_obvious_engineer_away(
    rule: str,
    plant: Callable[[Scene, float], None],
    incident: Fields,
    fit: Fields,
    near_km: float,
    far_km: float,
    work_min: int,
    tier: str,
    others: int,
) -> None:
    """Rule: whoever else there is, and however far, the receipt names the rule in every case."""
    scene = Scene()
    plant(scene, near_km)
    if rule == "certificate":
        fit = {"certificates": [Certificate(name="tower", expires_at=scene.now + timedelta(hours=HOURS))]}
    for number in range(1 + others):
        scene.on_shift(f"FIT{number}", far_km + number, **fit)
    scene.reported("I1", 0, tier=tier, expected_service_min=work_min, **incident)
    (receipt,) = [one for one in scene.fold.receipts if one.incident_id == "I1"]
    assert receipt.winner is not None
    assert receipt.winner.engineer_id == "FIT0"
    assert named(receipt).rule == rule
    assert [one.rule for one in receipt.rejected if one.engineer_id != "NEAR"] == [None] * (
        len(receipt.rejected) - 1
    )


@given(st.floats(0.1, 4), st.floats(6, 40), TIERS)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_who_has_declined_it_is_named_so(near_km: float, far_km: float, tier: str) -> None:
    """Rule: the next assignment's receipt says why the nearest is not asked again."""
    scene = Scene()
    scene.on_shift("NEAR", near_km)
    scene.on_shift("FIT", far_km)
    scene.reported("I1", tier=tier)
    scene.phone("NEAR", "declined", reason="no ladder")
    (receipt,) = [one for one in scene.fold.receipts if one.incident_id == "I1"]
    assert named(receipt).rule == "declined_before"


@given(st.floats(6, 40), st.integers(1, 8), TIERS)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_a_window_that_closes_before_anybody_is_there_is_named_so(
    km: float, opens_min: int, tier: str
) -> None:
    """Rule: nobody may go, and of the only engineer it says that access would be closed."""
    scene = Scene()
    scene.on_shift("NEAR", km)
    scene.reported("I1", tier=tier, window_to=scene.now + timedelta(minutes=opens_min))
    (receipt,) = [one for one in scene.fold.receipts if one.incident_id == "I1"]
    assert receipt.waiting is not None
    assert (receipt.waiting.why, receipt.waiting.rules) == ("nobody_may_go", {"window": 1})
    assert named(receipt).rule == "window"


def test_every_rule_about_an_engineer_is_planted() -> None:
    """Rule: a new rule gets a case here; those of a whole crew, and of who is at the site, are refusals."""
    planted = {rule for rule, *_ in PLANTS} | {"declined_before", "window"}
    assert planted | {"on_site", "crew"} == set(RULES)
