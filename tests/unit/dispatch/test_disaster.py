"""A declared disaster: restore before resolve, who may be called and sent, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster, LiftDisaster, Permit
from services.dispatch.fold import PartitionFold
from services.dispatch.load import region_load
from services.dispatch.moments import to_ms
from services.dispatch.views import region_view
from tests.unit.dispatch.scene import Scene, kinds, only


def declare(scene: Scene, *permits: Permit, hours: float = 12) -> list[Decision]:
    """The lead declares a disaster."""
    until = scene.now + timedelta(hours=hours)
    event = DeclareDisaster(region="R1", until=until, permits=list(permits), by="lead-1", reason="the flood")
    return scene.tell("R1", event)


def lift(scene: Scene) -> list[Decision]:
    """The lead lifts it."""
    return scene.tell("R1", LiftDisaster(region="R1", by="lead-1", reason="the water falls"))


def off_shift(scene: Scene, name: str, worked_min: float | None = 0, **fields: Any) -> None:
    """Somebody at home whose shift is tomorrow."""
    tomorrow = scene.now + timedelta(hours=22)
    scene.register(name, available_from=tomorrow, worked_min_before=worked_min, **fields)


def test_a_disaster_stands_until_it_is_lifted_or_expires() -> None:
    """It is decided, shown and published with who, why, what and until when; a restore forgets nothing."""
    scene = Scene()
    said = only(declare(scene, "off_shift"), "disaster_declared")
    assert said.disaster is not None
    assert (said.by, said.detail, said.disaster.permits) == ("lead-1", "the flood", ["off_shift"])
    assert region_view(scene.fold, "R1").disaster == said.disaster
    assert region_load(scene.region, "log-1", 1, to_ms(scene.now)).disaster_until == said.disaster.until
    scene.fold = PartitionFold.restore(scene.fold.snapshot())
    assert only(scene.after(12 * 60), "disaster_lifted").reason == "expired"
    assert region_view(scene.fold, "R1").disaster is None
    assert only(lift(scene), "refused").reason == "no_disaster"


def test_it_is_amended_in_place_and_bounded() -> None:
    """Declared again it keeps its name and changes its end; nobody declares the past, or for ever."""
    scene = Scene()
    first = only(declare(scene), "disaster_declared").disaster
    again = only(declare(scene, hours=24), "disaster_declared").disaster
    assert first is not None
    assert again is not None
    assert (again.disaster_id, again.declared_at) == (first.disaster_id, first.declared_at)
    assert "disaster_lifted" not in kinds(scene.after(13 * 60))
    assert only(lift(scene), "disaster_lifted").reason == "lifted"
    assert only(declare(scene, hours=-1), "refused").reason == "too_late"
    assert only(declare(scene, hours=15 * 24), "refused").reason == "too_long"


def test_whoever_has_restored_is_free_and_the_rest_waits_as_a_lesser_later_task() -> None:
    """The follow-up is silver, opens when the disaster ends, and the engineer goes to the next outage."""
    scene = Scene()
    scene.on_shift("ANA")
    declare(scene)
    scene.reported("I1", tier="platinum")
    scene.reported("I2", 5)
    scene.phone("ANA", "acknowledged", "on_site")
    scene.after(20)
    said = scene.phone("ANA", "restored")
    assert kinds(said)[:3] == ["restored", "resolved", "queued"]
    assert only(said, "resolved").reason == "follow_up"
    follow_up = only(said, "queued")
    assert (follow_up.tier, follow_up.follow_up_of) == ("silver", "I1")
    assert follow_up.expected_service_min == pytest.approx(40)
    assert only(said, "assigned").incident_id == "I2"
    scene.phone("ANA", "acknowledged", "on_site", "restored")
    assert scene.region.engineers["ANA"].incident_id is None
    assert {i.follow_up_of for i in scene.region.incidents.values()} == {"I1", "I2"}
    sent = only(lift(scene), "assigned")
    assert sent.incident_id == follow_up.incident_id
    done = scene.phone("ANA", "acknowledged", "on_site", "restored")
    assert "queued" not in kinds(done)


def test_a_follow_up_begets_no_other() -> None:
    """What is left of it is done by whoever is there, also in the next disaster."""
    scene = Scene()
    scene.on_shift("ANA")
    declare(scene)
    scene.reported("I1")
    scene.phone("ANA", "acknowledged", "on_site", "restored")
    lift(scene)
    declare(scene)
    scene.phone("ANA", "acknowledged", "on_site")
    assert kinds(scene.phone("ANA", "restored")) == ["restored"]


def test_who_resolves_at_once_leaves_nothing_to_follow_up() -> None:
    """A phone that says restored and resolved together closes both; outside a disaster nothing changes."""
    scene = Scene()
    scene.on_shift("ANA")
    declare(scene)
    scene.reported("I1")
    epoch = scene.incident("I1").epoch
    scene.phone("ANA", "acknowledged", "on_site", "restored")
    said = scene.phone("ANA", "resolved", incident="I1", epoch=epoch)
    assert kinds(said) == ["resolved", "cancelled"]
    assert scene.region.incidents == {}


def test_a_crew_is_free_together() -> None:
    """Of a crew the first who says restored frees all of them; one follow-up is left."""
    scene = Scene()
    for name in ("ANA", "BEN"):
        scene.on_shift(name)
    declare(scene)
    scene.reported("BIG", crew=2)
    for name in ("ANA", "BEN"):
        scene.phone(name, "acknowledged", "on_site")
    said = scene.phone("ANA", "restored")
    assert kinds(said).count("queued") == 1
    assert {e.incident_id for e in scene.region.engineers.values()} == {None}


def test_the_rested_are_called_where_work_waits_and_the_permit_is_in_the_decision() -> None:
    """Only under the permit, only as many as are short, nearest first, each once."""
    scene = Scene()
    off_shift(scene, "ANA")
    off_shift(scene, "BEN", north_km=9)
    scene.reported("I1")
    assert "assigned" not in kinds(declare(scene))
    said = declare(scene, "off_shift")
    assert [d.engineer_id for d in said if d.reason == "called_in"] == ["ANA"]
    sent = only(said, "assigned")
    assert (sent.engineer_id, sent.permits) == ("ANA", ["off_shift"])
    assert sent.disaster_id is not None
    receipt = next(r for r in scene.fold.receipts if r.kind == "assigned")
    assert (receipt.disaster_id, receipt.permits) == (sent.disaster_id, ["off_shift"])
    scene.shift("ANA", "shift_ended")
    assert scene.region.engineers["BEN"].called_until is not None
    assert scene.region.engineers["ANA"].state == "off_shift"


def test_nobody_is_called_before_the_daily_rest() -> None:
    """Who went off shift an hour ago is left alone until eleven hours have passed; skill is asked for too."""
    scene = Scene()
    scene.on_shift("ANA", worked_min_before=0)
    scene.shift("ANA", "shift_ended")
    off_shift(scene, "RAY", skills={"radio": 5})
    declare(scene, "off_shift", hours=48)
    scene.after(60)
    assert "assigned" not in kinds(scene.reported("I1"))
    assert "assigned" not in kinds(scene.after(9 * 60))
    assert only(scene.after(61), "assigned").engineer_id == "ANA"


def test_the_called_go_home_when_it_ends_and_come_back_for_their_own_shift() -> None:
    """Idle at once, at work after the job in hand; the shift they are registered for begins as before."""
    scene = Scene()
    off_shift(scene, "ANA", worked_min=None)
    declare(scene, "off_shift")
    scene.reported("I1")
    scene.phone("ANA", "acknowledged", "on_site")
    said = lift(scene)
    assert [d.reason for d in said if d.kind == "engineer_changed"] == ["last_job"]
    assert scene.phone("ANA", "resolved")[-1].reason == "shift_ended"
    said = scene.after(22 * 60)
    assert [d.reason for d in said if d.engineer_id == "ANA"] == ["shift_started"]


def test_a_call_lasts_eight_hours_at_most() -> None:
    """Whoever is called is not kept longer than the policy allows, however long the disaster."""
    scene = Scene()
    off_shift(scene, "ANA", worked_min=None)
    declare(scene, "off_shift", hours=48)
    scene.reported("I1")
    scene.phone("ANA", "declined")
    said = scene.after(8 * 60)
    assert [d.reason for d in said if d.engineer_id == "ANA"] == ["call_over"]


def test_their_own_shift_ends_the_call() -> None:
    """Who was called and whose shift begins is on that shift from then on."""
    scene = Scene()
    scene.register("ANA", available_from=scene.now + timedelta(hours=2))
    declare(scene, "off_shift")
    scene.reported("I1")
    scene.after(121)
    assert scene.region.engineers["ANA"].called_until is None
    lift(scene)
    assert scene.region.engineers["ANA"].state != "off_shift"


def test_exclusions_are_lifted_only_by_the_permit_and_hold_again_after() -> None:
    """Whose equipment it is keeps nobody away while it stands; then work not begun is taken back."""
    scene = Scene()
    scene.on_shift("ANA", excluded_customers=["C1"])
    scene.reported("I1", customer_id="C1")
    assert "assigned" not in kinds(declare(scene))
    sent = only(declare(scene, "excluded_customers"), "assigned")
    assert sent.permits == ["excluded_customers"]
    assert only(lift(scene), "withdrawn").reason == "customer_excluded"
    assert "assigned" not in kinds(scene.after(5))
