"""Hard rules: each keeps the nearest away and lets the next one go; what nobody can ever serve is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas import commands
from schemas.regions import Certificate
from services.dispatch.eligibility import SENTENCES, first_broken_rule
from services.dispatch.moments import to_ms
from tests.unit.dispatch.scene import START, Scene, only


def until(minutes: float) -> datetime:
    """So many minutes after the scene's start."""
    return START + timedelta(minutes=minutes)


def tower(minutes: float) -> list[Certificate]:
    """A certificate good for so many minutes."""
    return [Certificate(name="tower", expires_at=until(minutes))]


RULES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("unqualified", {"level": 3}, {"skills": {"core": 2}}, {}),
    ("language", {"language": "pt"}, {"languages": ["en"]}, {"languages": ["en", "pt"]}),
    ("certificate", {"certificate": "tower"}, {}, {"certificates": tower(300)}),
    ("certificate", {"certificate": "tower"}, {"certificates": tower(40)}, {"certificates": tower(300)}),
    ("parts", {"parts": ["fan", "fan"]}, {"parts": ["fan"]}, {"parts": ["fan", "card", "fan"]}),
    ("customer_excluded", {"customer_id": "C1"}, {"excluded_customers": ["C1"]}, {}),
    ("shift_end", {}, {"shift_end": until(50)}, {"shift_end": until(300)}),
    ("break", {}, {"worked_min_before": 320}, {"worked_min_before": 0}),
]


def test_every_rule_on_the_wire_has_its_sentence() -> None:
    """Rule: a refusal is never a bare word."""
    assert tuple(SENTENCES) == commands.RULES


@pytest.mark.parametrize(("rule", "incident", "kept_away", "fit"), RULES)
def test_a_rule_keeps_the_nearest_away_and_the_next_one_goes(
    rule: str, incident: dict[str, Any], kept_away: dict[str, Any], fit: dict[str, Any]
) -> None:
    """Rule: where exactly one rule excludes the nearest, that word is the reason, and the other is sent."""
    scene = Scene()
    near = scene.on_shift("NEAR", 1, **kept_away)
    scene.on_shift("FIT", 20, **fit)
    assert only(scene.reported("I1", **incident), "assigned").engineer_id == "FIT"
    assert first_broken_rule(scene.region, near, scene.incident("I1"), to_ms(scene.now)) == rule


@pytest.mark.parametrize(
    ("incident", "engineer", "reason", "words"),
    [
        ({"level": 5}, {}, "nobody_qualified", "core at level 5"),
        ({"language": "pt"}, {"languages": ["en"]}, "language", "speaks"),
        ({"certificate": "tower"}, {"certificates": tower(30)}, "certificate", "certificate"),
        ({"parts": ["fan"]}, {}, "parts", "van"),
        ({"customer_id": "C1"}, {"excluded_customers": ["C1"]}, "customer_excluded", "customer"),
        ({"window_from": until(60), "window_to": until(30)}, {}, "window", "closes"),
        ({"window_to": until(-5)}, {}, "window", "closes"),
    ],
)
def test_what_nobody_can_ever_serve_is_said_with_its_rule(
    incident: dict[str, Any], engineer: dict[str, Any], reason: str, words: str
) -> None:
    """Rule: the queued decision names the rule that keeps the last one away, as a word and in a sentence."""
    scene = Scene()
    scene.on_shift("E1", **engineer)
    queued = only(scene.reported("I1", **incident), "queued")
    assert queued.reason == reason
    assert words in (queued.detail or "")
    assert scene.incident("I1").state == "waiting"


def test_nobody_arrives_before_the_window_opens_or_after_it_closes() -> None:
    """Rule: people leave so that they arrive once access has opened, and before it closes."""
    scene = Scene()
    scene.on_shift("NEAR", 10)
    scene.reported("I1", window_from=until(120), window_to=until(150))
    assert scene.incident("I1").state == "waiting"
    while scene.incident("I1").state == "waiting":
        decided = scene.after(1)
    assigned = only(decided, "assigned")
    assert assigned.arrives_at is not None
    assert until(120) <= assigned.arrives_at <= until(122)
    assert (assigned.window_from, assigned.window_to) == (until(120), until(150))


def test_who_waits_for_a_window_takes_other_work_meanwhile() -> None:
    """Rule: a window that opens later holds nobody back from what is there now."""
    scene = Scene()
    scene.on_shift("E1", 10)
    scene.reported("LATER", window_from=until(200), window_to=until(300))
    scene.after(1)
    assert only(scene.reported("NOW", 12, expected_service_min=30), "assigned").engineer_id == "E1"


def test_a_window_that_closes_on_a_waiting_incident_is_said_once() -> None:
    """Rule: the moment nobody can come any more is a decision, not silence."""
    scene = Scene()
    scene.on_shift("FAR", 200)
    scene.reported("I1", window_to=until(30))
    assert scene.incident("I1").state == "waiting"
    assert only(scene.after(31), "unservable").reason == "window"
    assert "unservable" not in [d.kind for d in scene.after(10)]


def test_a_new_certificate_makes_a_waiting_incident_servable() -> None:
    """Rule: standing data that changes is looked at again at once."""
    scene = Scene()
    scene.on_shift("E1")
    scene.reported("I1", certificate="tower")
    decided = scene.register("E1", certificates=tower(600), available_from=START)
    assert only(decided, "assigned").engineer_id == "E1"


def test_a_certificate_taken_away_takes_the_work_back() -> None:
    """Rule: who may not go any more is not left on the way."""
    scene = Scene()
    scene.on_shift("E1", certificates=tower(600))
    scene.reported("I1", 30, certificate="tower")
    decided = scene.register("E1", available_from=START)
    assert only(decided, "withdrawn").reason == "certificate"


def test_an_exclusion_registered_later_counts_for_open_incidents() -> None:
    """Rule: a customer who wants somebody no more is not visited by them, though the report is older."""
    scene = Scene()
    scene.reported("I1", customer_id="C1")
    scene.on_shift("E1", excluded_customers=["C1"])
    scene.after(2)
    assert scene.incident("I1").state == "waiting"


def test_parts_are_used_up_when_service_is_restored() -> None:
    """Rule: a part put in is no more on the van."""
    scene = Scene()
    scene.on_shift("E1", parts=["fan", "card"])
    scene.reported("I1", parts=["fan"])
    scene.phone("E1", "acknowledged", "en_route", "on_site", "restored", "resolved")
    assert scene.region.engineers["E1"].parts == ["card"]
    assert only(scene.reported("I2", parts=["fan"]), "queued").reason == "parts"


def test_an_exclusion_finds_room_however_many_engineers_there_are() -> None:
    """Rule: the sixty-fifth engineer of a region may be kept from a customer who waits there too."""
    scene = Scene()
    scene.reported("I1", customer_id="C1", level=5)
    for number in range(65):
        scene.register(f"E{number}", excluded_customers=["C1"] if number in (0, 64) else [])
    assert scene.region.engineers["E64"].excluded_customers == ["C1"]
    assert scene.region.excluded["C1"] == 2
