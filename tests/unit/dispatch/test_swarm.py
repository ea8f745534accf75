"""A swarm: many on one incident, with one lead, working with who is there while others come."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster
from schemas.swarms import SwarmIncident
from services.dispatch.invariants import broken_invariants
from services.simulation.checkers import Invariants
from tests.unit.dispatch.scene import Scene, kinds, only


class Watched(Scene):
    """A scene whose every decision is seen by the checkers."""

    def __init__(self) -> None:
        self.checked = Invariants()
        super().__init__()

    def tell(self, *args: Any, **fields: Any) -> list[Decision]:
        """Fold, and check."""
        decided = super().tell(*args, **fields)
        self.checked.saw_all(decided)
        for region in self.fold.regions.values():
            assert broken_invariants(region) == []
        return decided

    def swarm(self, crew: int, name: str = "I1", **fields: Any) -> list[Decision]:
        """A dispatcher raises the crew of an incident."""
        whole = {"by": "dispatcher-1", "reason": "the exchange burns"} | fields
        return self.tell("R1", SwarmIncident(incident_id=name, region="R1", crew=crew, **whole))

    def members(self) -> dict[str, str]:
        """Who has what in hand."""
        found = self.region.engineers.values()
        return {e.engineer_id: e.incident_id or "" for e in found if e.incident_id is not None}


def burning(*levels: int, level: int = 3) -> Watched:
    """I1 asks for a level; engineers E0, E1, ... have core at these levels, 10 km apart."""
    scene = Watched()
    for number, skill in enumerate(levels):
        scene.on_shift(f"E{number}", 10.0 * number, skills={"core": skill})
    scene.reported("I1", 0, level=level, tier="gold")
    return scene


def test_others_join_whoever_is_on_site() -> None:
    """Rule: who is there stays, the others come to places of their own, and each of them is told the lead."""
    scene = burning(3, 3, 2, 1)
    scene.phone("E0", "acknowledged", "en_route", "on_site")
    decided = scene.swarm(4)
    assert only(decided, "swarm_raised").crew == 4
    assert (scene.incident("I1").state, scene.incident("I1").engineer_id) == ("on_site", "E0")
    sent = [d for d in decided if d.kind == "assigned"]
    assert [(d.engineer_id, d.swarm_of, d.lead_id) for d in sent] == [("E1", "I1", "E0"), ("E2", "I1", "E0")]
    assert only(decided, "swarm_led").lead_id == "E0"


def test_those_who_join_may_be_one_level_lower_and_no_more() -> None:
    """Rule: expert time is scarce; the incident's own engineer has its level, the others one less."""
    scene = burning(2, 2, 1, 4)
    scene.swarm(4)
    assert scene.incident("I1").engineer_id == "E3"
    assert set(scene.members()) == {"E0", "E1", "E3"}


def test_it_works_with_who_is_there_and_takes_in_who_becomes_free() -> None:
    """Rule: nobody waits for a complete crew; a place is filled as soon as somebody may go."""
    scene = burning(3)
    scene.swarm(3)
    scene.phone("E0", "acknowledged", "en_route", "on_site")
    assert scene.incident("I1").state == "on_site"
    scene.on_shift("LATER", 5)
    assert scene.members()["LATER"].startswith("I1.swarm-")


def test_a_named_lead_goes_first_and_leads() -> None:
    """Rule: a person names the lead; who was on the way stays, and leads no more."""
    scene = burning(3, 3, 5)
    decided = scene.swarm(2, lead_id="E2")
    assert only(decided, "swarm_led").lead_id == "E2"
    assert scene.incident("I1").engineer_id == "E0"
    assert set(scene.members()) == {"E0", "E2"}
    sent = only(decided, "assigned")
    assert (sent.engineer_id, sent.by, sent.reason) == ("E2", "dispatcher-1", "leads")


def test_another_leads_when_the_lead_leaves() -> None:
    """Rule: never without a lead while somebody there has the level; who is there takes the incident over."""
    scene = burning(4, 3, 3)
    scene.swarm(3)
    for name in ("E0", "E1", "E2"):
        scene.phone(name, "acknowledged", "en_route")
    scene.phone("E1", "on_site")
    assert scene.region.swarms["I1"].lead_id == "E0"
    decided = scene.phone("E0", "declined")
    assert only(decided, "swarm_led").reason == "took_over"
    assert scene.region.swarms["I1"].lead_id == "E1"
    assert scene.incident("I1").engineer_id == "E1"


def test_who_declines_is_not_asked_for_the_next_place() -> None:
    """Rule: a decline is of the whole swarm."""
    scene = burning(3, 3)
    scene.swarm(3)
    scene.phone("E1", "acknowledged", "declined")
    scene.after(2)
    assert "E1" not in scene.members()


def test_the_first_to_restore_brings_the_service_back_and_frees_the_others() -> None:
    """Rule: whoever of them says restored, the incident is restored; its own engineer finishes it."""
    scene = burning(3, 3, 3)
    scene.swarm(3)
    for name in ("E0", "E1"):
        scene.phone(name, "acknowledged", "en_route", "on_site")
    decided = scene.phone("E1", "restored")
    back = next(d for d in decided if d.kind == "restored" and d.incident_id == "I1")
    assert (back.engineer_id, back.reason, back.detail) == ("E0", "swarm", "E1")
    assert only(decided, "swarm_ended").reason == "restored"
    assert scene.members() == {"E0": "I1"}
    assert kinds(scene.phone("E0", "resolved")) == ["resolved"]


def test_a_place_can_restore_before_the_incidents_own_engineer_is_there() -> None:
    """Rule: the service is back all the same; who restored it keeps what is left to do, the other is free."""
    scene = burning(3, 3)
    scene.swarm(2)
    scene.phone("E0", "acknowledged", "en_route")
    scene.phone("E1", "acknowledged", "en_route", "on_site")
    scene.after(5)
    scene.phone("E1", "restored")
    closed = scene.incident("I1")
    assert (closed.state, closed.restored_at is not None, closed.late) == ("resolved", True, False)
    assert list(scene.members()) == ["E1"]
    assert scene.region.incidents[scene.members()["E1"]].follow_up_of == "I1"
    scene.phone("E1", "resolved")
    assert scene.members() == {}
    assert scene.region.incidents == {}


def test_the_first_arrival_keeps_the_promise() -> None:
    """Rule: a promise is kept by the first of the swarm who is there."""
    scene = burning(3, 3, 3)
    scene.reported("I2", 10, promised_in_min=60)
    scene.swarm(2, "I2")
    held = {what: who for who, what in scene.members().items()}
    scene.phone(held["I2"], "acknowledged", "en_route")
    joined = next(who for what, who in held.items() if what.startswith("I2.swarm"))
    scene.phone(joined, "acknowledged", "en_route", "on_site")
    assert "promise_broken" not in [d.kind for d in scene.after(120) if d.incident_id == "I2"]


def test_in_a_disaster_a_swarm_restores_and_leaves_the_rest() -> None:
    """Rule: restored by whoever, everybody is free at once, and one follow-up waits."""
    scene = burning(3, 3)
    until = scene.now.replace(hour=20)
    scene.tell("R1", DeclareDisaster(region="R1", until=until, by="lead-1", reason="the flood"))
    scene.swarm(2)
    for name in ("E0", "E1"):
        scene.phone(name, "acknowledged", "en_route", "on_site")
    scene.phone("E1", "restored")
    assert scene.members() == {}
    assert [i.follow_up_of for i in scene.region.incidents.values()] == ["I1"]


@pytest.mark.parametrize("how", ["stood_down", "cancelled", "resolved"])
def test_a_swarm_ends_and_everybody_is_free(how: str) -> None:
    """Rule: however it ends, no place is left and nobody is kept."""
    scene = burning(3, 3, 3)
    scene.swarm(5)
    for name in ("E0", "E1"):
        scene.phone(name, "acknowledged", "en_route", "on_site")
    if how == "stood_down":
        decided = scene.swarm(1)
    elif how == "cancelled":
        decided = scene.cancel("I1")
    else:
        decided = scene.phone("E0", "restored", "resolved")
    assert only(decided, "swarm_ended").reason in (how, "restored")
    assert scene.region.swarms == {}
    assert set(scene.members()) == ({"E0"} if how == "stood_down" else set())
    assert [i for i in scene.region.incidents if "swarm" in i] == []


def test_a_smaller_crew_lets_go_whom_it_needs_least() -> None:
    """Rule: places that nobody has go first, then those who are not there yet; who is on site stays."""
    scene = burning(3, 3, 3)
    scene.swarm(4)
    scene.phone("E2", "acknowledged", "en_route", "on_site")
    scene.swarm(2)
    assert set(scene.members()) == {"E0", "E2"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"crew": 1}, "crew"),
        ({"crew": 3, "lead_id": "NOBODY"}, "unknown_engineer"),
        ({"crew": 3, "lead_id": "E1"}, "unqualified"),
        ({"crew": 3, "lead_id": "E2"}, "on_site"),
        ({"crew": 3, "epoch": 7}, "stale_epoch"),
        ({"crew": 3, "name": "I9"}, "unknown_incident"),
    ],
)
def test_a_swarm_that_can_not_be_is_refused_by_its_rule(fields: dict[str, Any], reason: str) -> None:
    """Rule: nothing changes, and the rule is named."""
    scene = burning(3, 1, 3)
    scene.reported("I2", 20)
    scene.phone("E2", "acknowledged", "en_route", "on_site")
    decided = scene.swarm(**fields)
    assert only(decided, "refused").reason == reason
    assert scene.region.swarms == {}


def test_an_ordinary_crew_stays_whole_and_the_swarm_comes_beside_it() -> None:
    """Rule: two who must start together still do: that is safety; who joins does not wait for them."""
    scene = Watched()
    scene.on_shift("E0")
    scene.reported("I1", 0, crew=2)
    scene.swarm(4)
    assert list(scene.members().values()) != ["I1"]
    scene.on_shift("E1")
    scene.on_shift("E2")
    held = list(scene.members().values())
    assert held.count("I1") in (0, 2)
    assert len(held) == 3
