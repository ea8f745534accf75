"""Human control: overrides, pins, the four locks, modes and confirmations, checked against the hard rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.commands import AssignIncident, ConfirmSuggestion, LockIncident, SetModes, UnlockIncident
from schemas.decisions import Decision
from services.dispatch.invariants import broken_invariants
from tests.unit.dispatch.scene import START, Scene, kinds, only


def assign(scene: Scene, incident: str, *engineers: str, **fields: Any) -> list[Decision]:
    """A dispatcher sends somebody."""
    fields = {"by": "dispatcher-1", "reason": "knows the site"} | fields
    return scene.tell(
        "R1", AssignIncident(incident_id=incident, region="R1", engineer_ids=list(engineers), **fields)
    )


def lock(scene: Scene, incident: str, kind: Any, *engineers: str, **fields: Any) -> list[Decision]:
    """A dispatcher locks something."""
    fields = {"by": "dispatcher-1", "reason": "agreed with the customer"} | fields
    return scene.tell(
        "R1",
        LockIncident(incident_id=incident, region="R1", kind=kind, engineer_ids=list(engineers), **fields),
    )


def unlock(scene: Scene, incident: str) -> list[Decision]:
    """A dispatcher unlocks."""
    return scene.tell("R1", UnlockIncident(incident_id=incident, region="R1", by="dispatcher-1"))


def modes(scene: Scene, **of_tier: Any) -> list[Decision]:
    """A lead sets modes."""
    return scene.tell("R1", SetModes(region="R1", modes=of_tier, by="lead-1", reason="trial"))


def confirm(scene: Scene, incident: str, *engineers: str, epoch: int = 0) -> list[Decision]:
    """A dispatcher confirms what is suggested."""
    command = ConfirmSuggestion(
        incident_id=incident, region="R1", engineer_ids=list(engineers), epoch=epoch, by="dispatcher-1"
    )
    return scene.tell("R1", command)


def test_an_override_wins_over_the_engines_choice_and_says_who_and_why() -> None:
    """Rule: the person's engineer goes, is kept, and the decision holds subject and reason."""
    scene = Scene()
    scene.on_shift("NEAR", 1)
    scene.on_shift("FAR", 60)
    scene.reported("I1")
    decided = assign(scene, "I1", "FAR")
    withdrawn, assigned = only(decided, "withdrawn"), only(decided, "assigned")
    assert (withdrawn.engineer_id, withdrawn.reason, withdrawn.by) == ("NEAR", "overridden", "dispatcher-1")
    assert (assigned.engineer_id, assigned.by, assigned.detail) == ("FAR", "dispatcher-1", "knows the site")
    scene.phone("FAR", "acknowledged", "en_route")
    scene.after(5)
    assert scene.incident("I1").engineer_id == "FAR"


def test_an_override_loses_no_displaced_work() -> None:
    """Rule: what the engineer was on the way to goes back to the queue, is shown, and served by another."""
    scene = Scene()
    scene.on_shift("A", 1)
    scene.reported("I1")
    scene.phone("A", "acknowledged", "en_route")
    scene.reported("I2", 50)
    decided = assign(scene, "I2", "A")
    assert only(decided, "withdrawn").incident_id == "I1"
    assert only(decided, "assigned").diverted_from == "I1"
    assert scene.incident("I1").state == "waiting"
    scene.on_shift("B", 3)
    assert scene.incident("I1").engineer_id == "B"
    assert broken_invariants(scene.region) == []


@pytest.mark.parametrize(
    ("rule", "fields"),
    [("unqualified", {"skills": {"radio": 5}}), ("shift_end", {"shift_end": START + timedelta(minutes=40)})],
)
def test_an_override_against_a_hard_rule_is_refused_with_the_rule(rule: str, fields: dict[str, Any]) -> None:
    """Rule: a person can not overrule a hard rule; the refusal is its word and a sentence with the name."""
    scene = Scene()
    scene.on_shift("A", **fields)
    scene.reported("I1")
    refused = only(assign(scene, "I1", "A"), "refused")
    assert (refused.reason, refused.engineer_id) == (rule, "A")
    assert "A" in (refused.detail or "")


def test_an_override_takes_nobody_from_a_site_and_names_the_current_epoch_when_stale() -> None:
    """Rule: work at a site is not broken off; a command that saw an older epoch is refused."""
    scene = Scene()
    scene.on_shift("A")
    scene.reported("I1")
    scene.phone("A", "acknowledged", "en_route", "on_site")
    scene.reported("I2", 5)
    assert only(assign(scene, "I2", "A"), "refused").reason == "on_site"
    assert only(assign(scene, "I1", "A"), "refused").reason == "on_site"
    stale = only(assign(scene, "I1", "A", epoch=0), "refused")
    assert (stale.reason, stale.epoch) == ("stale_epoch", 1)
    assert only(assign(scene, "I9", "A"), "refused").reason == "unknown_incident"


def test_a_crew_is_overridden_whole() -> None:
    """Rule: as many as the crew are named, or the command is refused."""
    scene = Scene()
    for number, name in enumerate("ABC"):
        scene.on_shift(name, number)
    scene.reported("I1", crew=2)
    assert only(assign(scene, "I1", "C"), "refused").reason == "crew"
    decided = assign(scene, "I1", "C", "B")
    assert [d.engineer_id for d in decided if d.kind == "assigned"] == ["C", "B"]
    assert [d.engineer_id for d in decided if d.kind == "withdrawn"] == ["A", "B"]
    assert broken_invariants(scene.region) == []


def test_a_pin_keeps_both_for_each_other_until_it_is_taken_off() -> None:
    """Rule: only the pinned engineer goes, and takes nothing else while the incident waits."""
    scene = Scene()
    scene.on_shift("A")
    scene.reported("I0")
    scene.phone("A", "acknowledged", "en_route", "on_site")
    scene.reported("I1", 5)
    assert kinds(lock(scene, "I1", "engineer", "A")) == ["locked"]
    scene.on_shift("B", 5)
    assert scene.incident("I1").state == "waiting"
    scene.reported("I2", 0, level=3)
    decided = scene.phone("A", "restored", "resolved")
    assert only(decided, "assigned").incident_id == "I1"
    assert only(unlock(scene, "I1"), "unlocked").by == "dispatcher-1"
    assert only(unlock(scene, "I1"), "refused").reason == "not_locked"


@pytest.mark.parametrize(
    ("rule", "incident", "engineer"),
    [
        ("unqualified", {"level": 4}, {}),
        ("language", {"language": "pt"}, {"languages": ["en"]}),
        ("customer_excluded", {"customer_id": "C1"}, {"excluded_customers": ["C1"]}),
    ],
)
def test_a_pin_on_somebody_who_may_not_go_is_refused_with_the_rule(
    rule: str, incident: dict[str, Any], engineer: dict[str, Any]
) -> None:
    """Rule: by command or as registered, before or after the report, the rule is named and nothing pinned."""
    scene = Scene()
    scene.on_shift("A", **engineer)
    scene.reported("I1", **incident)
    assert only(lock(scene, "I1", "engineer", "A"), "refused").reason == rule
    scene.on_shift("B", pinned_incident="I2", **engineer)
    assert only(scene.reported("I2", **incident), "refused").reason == rule
    assert scene.incident("I2").locked_to == []


def test_a_registered_pin_is_a_lock_of_the_incident() -> None:
    """Rule: `pinned_incident` sends that engineer and nobody nearer."""
    scene = Scene()
    scene.on_shift("NEAR", 1)
    scene.on_shift("FAR", 30, pinned_incident="I1")
    decided = scene.reported("I1")
    assert only(decided, "locked").engineer_id == "FAR"
    assert only(decided, "assigned").engineer_id == "FAR"


def test_a_lock_of_the_time_starts_the_work_then() -> None:
    """Rule: whoever goes arrives by the locked start, not long before it, and waits for it."""
    scene = Scene()
    scene.on_shift("A", 10)
    scene.reported("I1")
    start = scene.now + timedelta(hours=2)
    decided = lock(scene, "I1", "time", start_from=start)
    assert kinds(decided) == ["locked", "withdrawn"]
    while scene.incident("I1").state == "waiting":
        decided = scene.after(1)
    assigned = only(decided, "assigned")
    assert assigned.arrives_at is not None
    assert start - timedelta(minutes=10) <= assigned.arrives_at <= start
    assert assigned.window_from == start


def test_a_lock_of_the_span_and_of_both_hold() -> None:
    """Rule: `range` fixes when, `both` who and when."""
    scene = Scene()
    scene.on_shift("NEAR", 10)
    scene.on_shift("FAR", 40)
    scene.reported("I1")
    start = scene.now + timedelta(hours=2)
    lock(scene, "I1", "both", "FAR", start_from=start)
    scene.reported("I2", 11)
    lock(scene, "I2", "range", start_from=start, start_to=start + timedelta(minutes=30))
    seen: dict[str, Decision] = {}
    while len(seen) < 2:
        seen |= {d.incident_id: d for d in scene.after(1) if d.kind == "assigned" and d.incident_id}
    assert seen["I1"].engineer_id == "FAR"
    assert seen["I1"].window_from == start
    assert seen["I2"].arrives_at is not None
    assert start <= seen["I2"].arrives_at <= start + timedelta(minutes=30)


def test_a_locked_incident_is_not_turned() -> None:
    """Rule: whoever goes to a locked incident keeps it, however bad the fault nearby."""
    scene = Scene()
    scene.on_shift("A", 40)
    scene.reported("I1")
    scene.phone("A", "acknowledged", "en_route")
    lock(scene, "I1", "engineer")
    scene.after(1)
    assert "withdrawn" not in kinds(scene.reported("I2", 35, tier="platinum"))


@pytest.mark.parametrize(
    ("kind", "from_min", "to_min", "why"),
    [
        ("time", None, None, "needs"),
        ("range", 60, 30, "before"),
        ("time", -30, None, "before"),
        ("time", 300, None, "access"),
    ],
)
def test_a_lock_that_contradicts_itself_or_the_access_is_refused(
    kind: str, from_min: int | None, to_min: int | None, why: str
) -> None:
    """Rule: no start, a start in the past or outside the access is refused with the rule `window`."""
    scene = Scene()
    scene.reported("I1", window_to=START + timedelta(minutes=240))
    bounds = {
        name: None if minutes is None else scene.now + timedelta(minutes=minutes)
        for name, minutes in (("start_from", from_min), ("start_to", to_min))
    }
    refused = only(lock(scene, "I1", kind, **bounds), "refused")
    assert refused.reason == "window"
    assert why in (refused.detail or "")


def test_suggest_asks_before_it_sends_and_a_confirmation_sends() -> None:
    """Rule: nobody is told before somebody confirms what is suggested now."""
    scene = Scene()
    scene.on_shift("A")
    modes(scene, silver="suggest")
    suggested = only(scene.reported("I1"), "suggested")
    assert (suggested.engineer_id, suggested.mode, suggested.incident_state) == ("A", "suggest", "waiting")
    assert scene.region.engineers["A"].incident_id is None
    assert kinds(scene.after(2)) == []
    assert only(confirm(scene, "I1", "B"), "refused").reason == "not_suggested"
    assigned = only(confirm(scene, "I1", "A"), "assigned")
    assert (assigned.reason, assigned.by) == ("confirmed", "dispatcher-1")
    assert only(confirm(scene, "I1", "A"), "refused").reason == "stale_epoch"


def test_a_suggestion_that_no_longer_holds_is_withdrawn_or_refused() -> None:
    """Rule: a confirmation is checked against the rules of its moment."""
    scene = Scene()
    scene.on_shift("A")
    modes(scene, silver="suggest")
    scene.reported("I1")
    scene.shift("A", "break_started")
    assert only(confirm(scene, "I1", "A"), "refused").reason == "on_break"
    assert only(scene.after(2), "suggestion_withdrawn").reason == "nobody_free"


def test_shadow_shows_what_it_would_do_and_does_nothing() -> None:
    """Rule: in shadow nothing reaches a phone; other tiers go on; automatic again carries out."""
    scene = Scene()
    scene.on_shift("A")
    assert only(modes(scene, gold="shadow"), "modes_set").by == "lead-1"
    assert only(scene.reported("I1", tier="gold"), "suggested").mode == "shadow"
    assert only(confirm(scene, "I1", "A"), "refused").reason == "shadow"
    scene.on_shift("B", 5)
    assert only(scene.reported("I2", 5), "assigned").engineer_id == "B"
    decided = modes(scene, gold="automatic")
    assert only(decided, "assigned").incident_id == "I1"
    assert scene.incident("I1").suggested == []


def test_nobody_is_turned_by_or_from_a_tier_that_is_not_automatic() -> None:
    """Rule: a diversion is a decision like any other: it needs the mode of both incidents."""
    scene = Scene()
    scene.on_shift("A", 40)
    scene.reported("I1", 0)
    scene.phone("A", "acknowledged", "en_route")
    modes(scene, platinum="suggest")
    scene.after(1)
    assert "withdrawn" not in kinds(scene.reported("I2", 39, tier="platinum"))


def test_a_crew_is_suggested_and_confirmed_whole() -> None:
    """Rule: all of a crew stand in the suggestion, and all are confirmed."""
    scene = Scene()
    scene.on_shift("A")
    scene.on_shift("B", 1)
    modes(scene, silver="suggest")
    decided = scene.reported("I1", crew=2)
    assert [d.engineer_id for d in decided if d.kind == "suggested"] == ["A", "B"]
    assert only(confirm(scene, "I1", "A"), "refused").reason == "not_suggested"
    assert len([d for d in confirm(scene, "I1", "A", "B") if d.kind == "assigned"]) == 2
