"""Warnings in a region's log: raised, updated, cancelled, expired; told twice and in any order."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

from schemas.alerts import Alert, AlertCancelled, AlertEvent, AlertRaised, AlertUpdated
from services.dispatch.fold import PartitionFold
from services.dispatch.load import region_load
from services.dispatch.moments import to_ms
from services.dispatch.views import region_view
from tests.unit.dispatch.scene import START, Scene, kinds, only


def alert(name: str, hours: float = 6, **fields: Any) -> Alert:
    """A severe storm, likely, from the scene's start on."""
    whole = {
        "alert": f"centre,{name},2026-03-02T08:00:00Z",
        "status": "Actual",
        "event": "Storm",
        "severity": "Severe",
        "certainty": "Likely",
        "onset": START,
        "expires": START + timedelta(hours=hours),
    } | fields
    return Alert.model_validate(whole)


def raised(name: str, **fields: Any) -> AlertRaised:
    """The warning for R1."""
    return AlertRaised(region="R1", alert=alert(name, **fields))


def updated(name: str, *earlier: str) -> AlertUpdated:
    """A warning in place of earlier ones."""
    return AlertUpdated(region="R1", alert=alert(name), references=[alert(one).alert for one in earlier])


def cancelled(name: str, *earlier: str) -> AlertCancelled:
    """No warning any more."""
    references = [alert(one).alert for one in earlier]
    return AlertCancelled(region="R1", alert=alert(name).alert, references=references)


def standing(scene: Scene) -> list[str]:
    """The warnings that stand, by their identifiers."""
    return [name.split(",")[1] for name in scene.region.alerts]


def test_a_warning_stands_until_it_expires() -> None:
    """It is decided, shown, published with the load, and ends by the log's clock, also after a restore."""
    scene = Scene()
    assert kinds(scene.tell("R1", raised("A"))) == ["alert_raised"]
    assert [one.event for one in region_view(scene.fold, "R1").alerts] == ["Storm"]
    load = region_load(scene.region, "log-1", 1, to_ms(scene.now))
    assert [(one.severity, one.certainty) for one in load.alerts] == [("Severe", "Likely")]
    scene.fold = PartitionFold.restore(scene.fold.snapshot())
    assert scene.after(359) == []
    assert only(scene.after(1), "alert_expired").alert == alert("A")
    assert standing(scene) == []


def test_an_update_takes_the_place_of_what_it_names() -> None:
    """References address earlier alerts by sender, identifier and sent."""
    scene = Scene()
    scene.tell("R1", raised("A"))
    scene.tell("R1", raised("B"))
    assert only(scene.tell("R1", updated("C", "A")), "alert_updated").replaces == [alert("A").alert]
    assert standing(scene) == ["B", "C"]


def test_a_cancelled_warning_ends_at_once() -> None:
    """Cancel ends what it names; what stands nowhere is refused."""
    scene = Scene()
    scene.tell("R1", raised("A"))
    assert kinds(scene.tell("R1", cancelled("X", "A"))) == ["alert_cancelled"]
    assert only(scene.tell("R1", cancelled("X", "A")), "refused").reason == "unknown_alert"


def test_whatever_the_order_the_last_word_holds() -> None:
    """An alert, two updates and a cancel of another: in every order the same warnings stand at the end."""
    story: list[AlertEvent] = [
        raised("A"),
        updated("B", "A"),
        updated("C", "A", "B"),
        raised("D"),
        cancelled("X", "D"),
    ]
    for order in permutations(story):
        scene = Scene()
        for event in order:
            scene.tell("R1", event)
        assert standing(scene) == ["C"], order


def test_a_warning_is_known_once_and_does_not_come_back() -> None:
    """The same message under another event id, and one that has ended, are refused with a word."""
    scene = Scene()
    scene.tell("R1", raised("A"))
    assert only(scene.tell("R1", raised("A")), "refused").reason == "already_known"
    scene.tell("R1", cancelled("X", "A"))
    assert only(scene.tell("R1", raised("A")), "refused").reason == "alert_ended"
    assert only(
        scene.tell("R1", raised("OLD", hours=-1, onset=START - timedelta(hours=2))), "refused"
    ).reason == ("alert_ended")


def test_an_exercise_never_touches_a_region_at_work() -> None:
    """The gateway keeps it away, and the region itself refuses it."""
    scene = Scene()
    scene.tell("R1", raised("A"))
    drill = AlertUpdated(region="R1", alert=alert("B", status="Exercise"), references=[alert("A").alert])
    assert only(scene.tell("R1", drill), "refused").reason == "exercise"
    assert standing(scene) == ["A"]


def test_warnings_are_bounded() -> None:
    """Fifty stand for a region; the next is refused and says what to do."""
    scene = Scene()
    for n in range(50):
        scene.tell("R1", raised(f"A{n}"))
    assert only(scene.tell("R1", raised("B")), "refused").reason == "too_many_alerts"
    assert kinds(scene.tell("R1", updated("C", "A0"))) == ["alert_updated"]
