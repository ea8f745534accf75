"""Receipts say who else there was, why not them, and what would have changed it; all of it is tried here."""

from __future__ import annotations

import pytest

from schemas.commands import AssignIncident, SetModes
from schemas.receipts import DecisionReceipt, Flip
from services.dispatch.fold import PartitionFold
from services.dispatch.inquiry import full
from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import shipped_policy
from tests.unit.dispatch.scene import Scene, only

KM_S = 1.3 / 40 * 3600
"""Seconds that a km takes under the default terms."""


def receipt_of(scene: Scene, incident: str) -> DecisionReceipt:
    """The receipt of what the last event decided about an incident."""
    found = [receipt for receipt in scene.fold.receipts if receipt.incident_id == incident]
    assert len(found) == 1, scene.fold.receipts
    return found[0]


def flip_of(receipt: DecisionReceipt, change: str, engineer: str | None = None) -> Flip:
    """The receipt's flip of one kind."""
    return next(f for f in receipt.flips if f.change == change and f.engineer_id == engineer)


def test_a_receipt_names_its_decision_its_inputs_and_its_winner() -> None:
    """Rule: log, region, offset, n, policy and travel version stand in it, with the decision's own id."""
    scene = Scene()
    scene.on_shift("E1", 10)
    sent = only(scene.reported("I1"), "assigned")
    receipt = receipt_of(scene, "I1")
    assert (receipt.id, receipt.offset, receipt.n, receipt.epoch) == (sent.id, sent.offset, sent.n, 1)
    assert (receipt.policy, receipt.policy_version) == ("default", scene.fold.policy.version)
    assert receipt.travel_version == "haversine-1"
    assert receipt.kind == "assigned"
    assert receipt.winner is not None
    assert receipt.winner.engineer_id == "E1"
    assert receipt.winner.travel_time_s == sent.travel_time_s


def test_a_rejected_candidate_shows_what_it_would_cost_more_part_by_part() -> None:
    """Rule: 20 km more are 39 minutes more of a silver incident's wait, and of an engineer's time."""
    scene = Scene()
    scene.on_shift("FAR", 30)
    scene.on_shift("NEAR", 10)
    scene.reported("I1")
    (rival,) = receipt_of(scene, "I1").rejected
    assert rival.engineer_id == "FAR"
    assert rival.rule is None
    assert rival.cost["response"] == pytest.approx(20 * KM_S / 60, abs=0.01)
    assert rival.plan_cost == pytest.approx(sum(rival.cost.values()), abs=0.01)


@pytest.mark.parametrize(("nearer_s", "sent"), [(-0.01, "NEAR"), (0.01, "FAR")])
def test_the_flip_is_true_in_the_world(nearer_s: float, sent: str) -> None:
    """Rule: somebody as much nearer as the receipt says is sent, a hundredth of a second less is not."""
    scene = Scene()
    scene.on_shift("FAR", 30)
    scene.on_shift("NEAR", 10)
    scene.fold.detail = full("I1")
    scene.reported("I1")
    flip = flip_of(receipt_of(scene, "I1"), "nearer", "FAR")
    assert flip.then_engineer_id == "FAR"
    again = Scene()
    again.on_shift("FAR", 30 - (flip.amount + nearer_s) / KM_S)
    again.on_shift("NEAR", 10)
    assert only(again.reported("I1"), "assigned").engineer_id == sent


def test_the_winner_can_be_so_much_farther_and_no_more() -> None:
    """Rule: the margin of the winner is tried in the world too."""
    scene = Scene()
    scene.on_shift("FAR", 30)
    scene.on_shift("NEAR", 10)
    scene.fold.detail = full("I1")
    scene.reported("I1")
    margin = flip_of(receipt_of(scene, "I1"), "farther", "NEAR")
    assert margin.then_engineer_id == "FAR"
    for more_s, sent in ((-0.01, "NEAR"), (0.01, "FAR")):
        again = Scene()
        again.on_shift("FAR", 30)
        again.on_shift("NEAR", 10 + (margin.amount + more_s) / KM_S)
        assert only(again.reported("I1"), "assigned").engineer_id == sent


def turned(policy: DispatchPolicy) -> tuple[Scene, list[str]]:
    """E1 on the way to I1, when a platinum fault turns up beside them."""
    scene = Scene(policy)
    scene.on_shift("E1", 0)
    scene.reported("I1", 60)
    scene.phone("E1", "acknowledged", "en_route")
    scene.after(10)
    decided = scene.reported("I2", 8, tier="platinum", promised_in_min=60)
    return scene, [d.incident_id or "" for d in decided if d.kind == "assigned"]


def test_a_diversion_names_the_churn_price_that_would_have_prevented_it() -> None:
    """Rule: under that price it still happens, a tenth above it no longer."""
    default = shipped_policy()
    scene, sent = turned(default)
    assert sent == ["I2"]
    receipt = receipt_of(scene, "I2")
    assert receipt.diverted_from == "I1"
    price = flip_of(receipt, "churn_price_above")
    assert price.amount > default.churn_price_weighted_min
    for more, expected in ((0.0, ["I2"]), (0.1, [])):
        changed = {"churn_price_weighted_min": price.amount + more}
        assert turned(default.model_copy(update=changed))[1] == expected


def test_the_incident_that_lost_its_engineer_says_why_it_waits() -> None:
    """Rule: displaced work is never silent: its withdrawal has a receipt of its own."""
    scene, _ = turned(shipped_policy())
    receipt = receipt_of(scene, "I1")
    assert receipt.kind == "waiting"
    assert receipt.waiting is not None
    assert receipt.waiting.why == "others_first"
    assert (receipt.waiting.engineer_id, receipt.waiting.instead_of) == ("E1", "I2")
    assert (receipt.waiting.plan_cost or 0) > 0


def test_an_incident_nobody_may_serve_says_which_rules_forbid_whom() -> None:
    """Rule: every engineer is counted under the first rule they break; the nearest are named."""
    scene = Scene()
    scene.on_shift("LOW", 1)
    scene.on_shift("OTHER", 2, skills={"radio": 5})
    scene.register("HOME", 3, skills={"core": 5}, available_from=None)
    scene.reported("I1", level=4)
    receipt = receipt_of(scene, "I1")
    assert receipt.waiting is not None
    assert receipt.waiting.why == "nobody_may_go"
    assert receipt.waiting.rules == {"off_shift": 1, "unqualified": 2}
    home = next(one for one in receipt.rejected if one.engineer_id == "HOME")
    assert (home.rule, home.travel_time_s) == ("off_shift", None), "nobody's place is told off shift"


def test_an_incident_planned_for_somebody_says_when_they_are_expected() -> None:
    """Rule: the receipt tells for whom it waits, until when, and what would flip that."""
    scene = Scene()
    scene.on_shift("NEAR", 0)
    scene.reported("I1", 0)
    scene.phone("NEAR", "acknowledged", "en_route", "on_site")
    scene.after(50)
    scene.on_shift("FAR", 90)
    scene.fold.detail = full("I2")
    scene.reported("I2", 1)
    receipt = receipt_of(scene, "I2")
    assert receipt.waiting is not None
    assert (receipt.waiting.why, receipt.waiting.engineer_id) == ("planned", "NEAR")
    assert receipt.waiting.free_at is not None
    assert scene.now < receipt.waiting.free_at < (receipt.waiting.arrives_at or scene.now)
    assert flip_of(receipt, "nearer", "FAR").then_engineer_id == "FAR"


def test_the_full_receipt_of_a_decision_is_derived_from_the_state_before_it() -> None:
    """Rule: a fold restored from before the event tells the same again, and everybody else too."""
    scene = Scene()
    for number in range(12):
        scene.on_shift(f"E{number}", 10 + number)
    before = scene.fold.snapshot()
    scene.reported("I1")
    stored = receipt_of(scene, "I1")
    again = PartitionFold.restore(before)
    again.detail = full("I1")
    again.step(scene.log[-1])
    (whole,) = again.receipts
    assert len(stored.rejected) == 3
    assert [one.engineer_id for one in whole.rejected] == [f"E{number}" for number in range(1, 12)]
    assert whole.rejected[:3] == stored.rejected
    assert (whole.winner, whole.waiting) == (stored.winner, stored.waiting)
    assert {(f.change, f.engineer_id): f for f in stored.flips}.items() <= {
        (f.change, f.engineer_id): f for f in whole.flips
    }.items()


def test_receipts_can_be_left_out() -> None:
    """Rule: a fold that nobody asks why, such as a fork, decides the same without them."""
    scene = Scene()
    scene.on_shift("E1", 10)
    scene.fold.detail = None
    assert only(scene.reported("I1"), "assigned").engineer_id == "E1"
    assert scene.fold.receipts == []


def test_what_a_person_or_a_crew_decides_has_a_receipt_of_its_own_kind() -> None:
    """Rule: every assignment has one; where a person decided it says so, and what kept the nearer away."""
    scene = Scene()
    scene.on_shift("REST", 1)
    scene.shift("REST", "break_started")
    scene.on_shift("NEAR", 5)
    scene.on_shift("FAR", 20)
    scene.reported("I1", crew=2)
    crew = {receipt.winner.engineer_id: receipt for receipt in scene.fold.receipts if receipt.winner}
    assert set(crew) == {"NEAR", "FAR"}
    assert {receipt.basis for receipt in crew.values()} == {"crew"}
    assert [(one.engineer_id, one.rule) for one in crew["FAR"].rejected] == [("REST", "on_break")]
    scene.cancel("I1")
    scene.on_shift("LATER", 40)
    scene.reported("I2", 41)
    sent = AssignIncident(incident_id="I2", region="R1", by="D1", engineer_ids=["FAR"], reason="knows it")
    scene.tell("R1", sent)
    told = [receipt for receipt in scene.fold.receipts if receipt.incident_id == "I2"]
    assert [(one.kind, one.basis, one.winner and one.winner.engineer_id) for one in told] == [
        ("assigned", "person", "FAR")
    ]


def test_a_suggestion_has_the_receipt_of_the_assignment_it_would_be() -> None:
    """Rule: whoever confirms sees why; the report itself is not told to wait for a reason."""
    scene = Scene()
    scene.on_shift("E1", 10)
    scene.tell("R1", SetModes(region="R1", modes={"silver": "suggest"}, by="L1"))
    suggested = only(scene.reported("I1"), "suggested")
    receipt = receipt_of(scene, "I1")
    assert (receipt.id, receipt.kind) == (suggested.id, "assigned")
    assert receipt.winner is not None
    assert receipt.winner.engineer_id == "E1"
