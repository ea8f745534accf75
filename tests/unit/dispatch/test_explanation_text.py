"""An explanation on a terminal names what a person needs to know of each decision."""

from __future__ import annotations

import pytest

from schemas.receipts import ExplainedDecision, Explanation, PostingExplanation
from services.cli._explanation_text import show
from services.dispatch.derivation import Asked, Derivation, why_now
from services.dispatch.fold import PartitionFold
from tests.unit.dispatch.scene import Scene
from tests.unit.dispatch.test_posting import BUSY_PLACE_KM, a_scene, posted


def explained(scene: Scene, incident: str) -> Explanation:
    """All about an incident of a scene, derived from its whole log."""
    derivation = Derivation(PartitionFold(), Asked(incident), range(len(scene.log)))
    for logged in scene.log:
        derivation.take(logged)
    decisions: list[ExplainedDecision] = derivation.explained
    now = why_now(derivation.fold, incident)
    return Explanation(incident_id=incident, region="R1", log="log-1", decisions=decisions, now=now)


def test_an_assignment_is_told_with_rule_cost_and_flip(capsys: pytest.CaptureFixture[str]) -> None:
    """Rule: who, why not the others, and what would have changed it, in one screen."""
    scene = Scene()
    scene.on_shift("LOW", 1)
    scene.on_shift("FAR", 30, skills={"core": 5})
    scene.on_shift("NEAR", 10, skills={"core": 5})
    scene.reported("I1", level=4)
    show(explained(scene, "I1"), 10)
    told = " ".join(capsys.readouterr().out.split())
    for part in (
        "assigned · NEAR",
        "derived from the log",
        "rule: unqualified",
        "FAR 39.00 min nearer → FAR",
    ):
        assert part in told
    assert "the plan would cost +" in told


def test_what_waits_is_told_why_as_things_stand_now(capsys: pytest.CaptureFixture[str]) -> None:
    """Rule: the reason of now may be another than that of the report, and is told apart."""
    scene = Scene()
    scene.on_shift("E1", 0)
    scene.reported("I1", 60, tier="platinum")
    scene.reported("I2", 1)
    scene.phone("E1", "acknowledged", "en_route", "on_site")
    show(explained(scene, "I2"), 10)
    told = " ".join(capsys.readouterr().out.split())
    assert "waits: " in told
    assert told.index("queued") < told.index("Why it is waiting now")
    assert "planned for E1" in told[told.index("Why it is waiting now") :]


def test_a_posting_is_told_with_what_it_saves_its_road_and_flip(capsys: pytest.CaptureFixture[str]) -> None:
    """Rule: who waits where, what that is worth, who else and where else, and what would have changed it."""
    scene = a_scene()
    scene.register("BEA", -30.0, available_from=scene.now)
    scene.on_shift("ANA")
    assert posted(scene) == [("ANA", BUSY_PLACE_KM)]
    derivation = Derivation(PartitionFold(scene.fold.policy), Asked(engineer_id="ANA"), range(len(scene.log)))
    for logged in scene.log:
        derivation.take(logged)
    told = derivation.explained
    show(PostingExplanation(engineer_id="ANA", region="R1", log="log-1", postings=told), 10)
    said = " ".join(capsys.readouterr().out.split())
    for part in (
        "posted · ANA",
        "derived from the log",
        "BEA",
        "reports an hour",
        "a price of the road above",
    ):
        assert part in said
