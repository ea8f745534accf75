"""One cause, many sites: they wait for the root, and are back with it, or say that they are not."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.commands import AssignIncident
from schemas.decisions import Decision
from schemas.swarms import DeclareCause, EndCause, SiteStillDown
from services.dispatch.derivation import why_now
from services.dispatch.views import incident_view, region_view
from tests.unit.dispatch.scene import kinds, only
from tests.unit.dispatch.test_swarm import Watched


def cut(*sites: str, engineers: int = 3) -> Watched:
    """A fibre cut: ROOT and its sites are reported with one cause, engineers are near."""
    scene = Watched()
    for name in ("ROOT", *sites):
        scene.reported(name, 5, cause_id="FIBRE-7", tier="gold" if name == "ROOT" else "silver")
    for number in range(engineers):
        scene.on_shift(f"E{number}", float(number))
    return scene


def declare(scene: Watched, root: str = "ROOT", **fields: Any) -> list[Decision]:
    """A dispatcher says that it is one cause."""
    whole = {"cause_id": "FIBRE-7", "by": "dispatcher-1", "reason": "one duct"} | fields
    return scene.tell("R1", DeclareCause(region="R1", root_id=root, **whole))


def still_down(scene: Watched, name: str) -> list[Decision]:
    """Somebody says that a site is not back."""
    return scene.tell("R1", SiteStillDown(incident_id=name, region="R1", by="customer-1"))


def restore_root(scene: Watched) -> list[Decision]:
    """Whoever has the root restores it."""
    who = scene.incident("ROOT").engineer_id or ""
    return scene.phone(who, "acknowledged", "en_route", "on_site", "restored")


def test_sites_wait_for_the_root_and_whoever_was_on_the_way_is_free() -> None:
    """Rule: only the root keeps its engineer; the others say what they wait for."""
    scene = cut("S1", "S2")
    assert len(scene.members()) == 3
    decided = declare(scene)
    assert kinds(decided)[:1] == ["cause_declared"]
    assert {d.incident_id: d.waits_for for d in decided if d.kind == "site_waits"} == {
        "S1": "ROOT",
        "S2": "ROOT",
    }
    assert list(scene.members().values()) == ["ROOT"]
    view = region_view(scene.fold, "R1").causes[0]
    assert (view.root_id, view.sites, view.tiers) == ("ROOT", 2, {"silver": 2})
    seen = incident_view(scene.region, "S1")
    assert seen is not None
    assert seen.waits_for == "ROOT"


def test_a_new_report_of_the_cause_joins_by_itself() -> None:
    """Rule: nobody is sent to what is one fault."""
    scene = cut("S1")
    declare(scene)
    decided = scene.reported("S9", 7, cause_id="FIBRE-7")
    assert kinds(decided) == ["queued", "site_waits"]
    assert kinds(scene.reported("OTHER", 7))[:2] == ["queued", "assigned"]


def test_whoever_is_on_site_stays_and_works_on() -> None:
    """Rule: nobody is called away from a site."""
    scene = cut("S1")
    who = scene.incident("S1").engineer_id or ""
    scene.phone(who, "acknowledged", "en_route", "on_site")
    declare(scene)
    assert scene.incident("S1").state == "on_site"
    assert scene.incident("S1").waits_for is None


def test_what_the_root_brings_back_is_restored_by_the_cause() -> None:
    """Rule: each site is restored and closed with the reason, and the cause ends."""
    scene = cut("S1", "S2")
    declare(scene)
    decided = restore_root(scene)
    back = {d.incident_id: d.reason for d in decided if d.kind == "restored" and d.engineer_id is None}
    assert back == {"S1": "cause_restored", "S2": "cause_restored"}
    assert only(decided, "cause_ended").reason == "restored"
    assert {scene.incident(name).state for name in ("S1", "S2")} == {"resolved"}
    assert scene.region.causes == {}


def test_a_site_that_is_still_down_is_served_on_its_own() -> None:
    """Rule: told before or after the restoration it returns to the queue, waiting since it was reported."""
    scene = cut("S1", "S2")
    reported_at = scene.incident("S2").reported_at
    declare(scene)
    assert [d.incident_id for d in still_down(scene, "S1") if d.kind == "assigned"] == ["S1"]
    restore_root(scene)
    decided = still_down(scene, "S2")
    assert only(decided, "queued").reason == "still_down"
    assert only(decided, "assigned").incident_id == "S2"
    assert scene.incident("S2").reported_at == reported_at
    assert only(still_down(scene, "S2"), "refused").reason == "no_cause"


@pytest.mark.parametrize("how", ["lifted", "cancelled"])
def test_without_the_cause_every_site_is_its_own_again(how: str) -> None:
    """Rule: lifted, or the root called off: the sites return to the queue and are served."""
    scene = cut("S1", "S2")
    declare(scene)
    if how == "lifted":
        decided = scene.tell("R1", EndCause(region="R1", cause_id="FIBRE-7", by="dispatcher-1"))
    else:
        decided = scene.cancel("ROOT")
    assert only(decided, "cause_ended").reason == how
    assert {d.incident_id for d in decided if d.kind == "assigned"} == {"S1", "S2"}


def test_a_person_may_send_somebody_all_the_same() -> None:
    """Rule: a human override always wins, and the site waits for nothing any more."""
    scene = cut("S1")
    declare(scene)
    event = AssignIncident(incident_id="S1", region="R1", by="d-1", engineer_ids=["E2"], reason="a hospital")
    decided = scene.tell("R1", event)
    assert only(decided, "site_released").reason == "override"
    assert scene.incident("S1").engineer_id == "E2"


def test_the_swarm_on_the_root_restores_the_sites() -> None:
    """Rule: one cause and many hands are one story."""
    scene = cut("S1", "S2")
    declare(scene)
    scene.swarm(3, "ROOT")
    assert len(scene.members()) == 3
    assert only(scene.swarm(3, "S1"), "refused").reason == "waits_for"
    restore_root(scene)
    assert [scene.incident(name).state for name in ("ROOT", "S1", "S2")] == [
        "restored",
        "resolved",
        "resolved",
    ]
    assert len(scene.members()) == 1


def test_a_waiting_site_says_so_when_asked() -> None:
    """Rule: `muster explain` names the root, not a rule."""
    scene = cut("S1", engineers=1)
    declare(scene)
    receipt = why_now(scene.fold, "S1")
    assert receipt is not None
    assert receipt.waiting is not None
    assert (receipt.waiting.why, receipt.waiting.waits_for) == ("cause", "ROOT")


@pytest.mark.parametrize(
    ("root", "fields", "reason"),
    [
        ("NONE", {}, "unknown_incident"),
        ("ROOT", {"cause_id": "OTHER"}, "other_cause"),
        ("ROOT", {"site_ids": ["NONE"]}, "unknown_incident"),
    ],
)
def test_a_cause_that_can_not_be_is_refused(root: str, fields: dict[str, Any], reason: str) -> None:
    """Rule: a root is open and of no other cause."""
    scene = cut("S1")
    assert only(declare(scene, root, **fields), "refused").reason == reason
    assert scene.region.causes == {}


def test_sites_that_named_no_cause_can_be_added() -> None:
    """Rule: a dispatcher sees what reports do not say."""
    scene = cut("S1")
    scene.reported("PLAIN", 9)
    declare(scene, site_ids=["PLAIN"])
    assert scene.incident("PLAIN").waits_for == "ROOT"
