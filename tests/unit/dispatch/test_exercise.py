"""A drill on a copy of a region: the same machinery, apart from everything real, gone when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.alerts import AlertRaised
from schemas.base import Place
from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster
from schemas.exercises import EndExercise, belongs, exercise_name, exercise_of, is_exercise_name
from schemas.lending import CommitLoan, EngineerHandedOver, Loan, RecallLoan
from schemas.plans import MovePlan, PlannedMove
from schemas.proposals import ProposePlan
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.swarms import SwarmIncident
from services.dispatch.fold import PartitionFold
from services.dispatch.load import region_load
from services.dispatch.moments import to_ms
from services.dispatch.views import engineer_view, incident_view, region_view
from services.surge.coordinator import Coordinator
from services.surge.routing import told_by
from tests.unit.dispatch.scene import START, Scene, at, kinds, only
from tests.unit.dispatch.test_alerts import alert

DRILL = "R1.exercise"


class Drill(Scene):
    """R1's exercise: what is told to R1 in a scene is told to the drill here."""

    def __init__(self) -> None:
        self.fold = PartitionFold(None)
        self.now = START
        self.log = []
        self.seqs = {}
        super().tell("", LogStarted(log="log-1"))
        super().tell("", ClockTicked(now=START))
        super().tell(DRILL, RegionDefined(region=DRILL, exercise=True))

    @property
    def region(self) -> Any:
        """The drill."""
        return self.fold.regions[DRILL]

    def tell(self, region: str, event: Any, event_id: str | None = None) -> list[Decision]:
        """Fold an event; what is for R1 is for the drill."""
        if region == "R1":
            named = {"region": DRILL} if "region" in type(event).model_fields else {}
            region, event = DRILL, event.model_copy(update=named)
        return super().tell(region, event, event_id)

    def end(self) -> list[Decision]:
        """The lead ends it."""
        return self.tell(DRILL, EndExercise(region=DRILL, by="lead-1"))


def running() -> Drill:
    """Two engineers, one with an incident, one called in a disaster."""
    drill = Drill()
    drill.on_shift("exercise.E1")
    drill.on_shift("exercise.E2", 5)
    drill.reported("exercise.I1", 1)
    return drill


def test_every_decision_and_view_of_a_drill_says_so() -> None:
    """Rule: nobody can take a drill for real; and nothing real says that it is one."""
    drill = running()
    decided = drill.reported("exercise.I2", 3)
    assert all(decision.exercise for decision in decided)
    incident, engineer = (
        incident_view(drill.region, "exercise.I2"),
        engineer_view(drill.region, "exercise.E1"),
    )
    assert incident is not None
    assert engineer is not None
    assert (incident.exercise, engineer.exercise) == (True, True)
    assert region_view(drill.fold, DRILL).exercise is True
    real = Scene()
    real.on_shift("E1")
    assert all(decision.exercise is None for decision in real.reported("I1"))


@pytest.mark.parametrize(("region", "name"), [("R1", "exercise.E1"), (DRILL, "E1")])
def test_nobody_real_is_in_a_drill_nor_the_reverse(region: str, name: str) -> None:
    """Rule: an engineer's and an incident's name must belong to the region's kind."""
    scene = Scene() if region == "R1" else Drill()
    assert only(scene.register(name), "refused").reason == "exercise"
    assert scene.region.engineers == {}
    assert only(scene.reported(name.replace("E1", "I1")), "refused").reason == "exercise"


def test_a_real_engineer_is_not_moved_into_a_drill() -> None:
    """Rule: registering somebody real in an exercise is refused where they are, and they stay."""
    scene = Scene()
    scene.on_shift("E1")
    assert only(scene.register("E1", region=DRILL), "refused").reason == "exercise"
    assert "E1" in scene.region.engineers


@pytest.mark.parametrize(("home", "to"), [("R1", "R2.exercise"), (DRILL, "R2")])
def test_nobody_is_lent_between_a_drill_and_what_is_real(home: str, to: str) -> None:
    """Rule: the loan is refused by the rule `exercise`."""
    scene = Scene() if home == "R1" else Drill()
    name = "E1" if home == "R1" else "exercise.E1"
    for number in range(8):
        scene.on_shift(f"{name}{number}")
    loan = Loan(
        loan_id="L1",
        engineer_id=f"{name}0",
        home_region=home,
        to_region=to,
        owner_epoch=1,
        until=START + timedelta(hours=8),
        staging=Place(lat=38, lon=-9),
        authority="lead-1",
    )
    assert only(scene.tell(home, CommitLoan(region=home, loan=loan)), "refused").reason == "exercise"


@pytest.mark.parametrize(("status", "stands"), [("Exercise", True), ("Actual", False)])
def test_a_warning_stands_where_it_is_of(status: Any, stands: bool) -> None:
    """Rule: an exercise's warning stands in drills alone, an actual one never."""
    drill = running()
    decided = drill.tell(DRILL, AlertRaised(region=DRILL, alert=alert("A", status=status)))
    assert kinds(decided) == (["alert_raised"] if stands else ["refused"])


def test_a_drills_load_is_counted_with_nothing() -> None:
    """Rule: the coordinator of what is real never hears of a drill."""
    drill = running()
    load = region_load(drill.region, "log-1", 9, to_ms(drill.now))
    assert load.exercise
    coordinator = Coordinator()
    assert coordinator.step(load) == []
    coordinator.remember(load)
    assert coordinator.outlooks == {}


def guest_of_another(drill: Drill) -> EngineerHandedOver:
    """An engineer whom the drill of R2 lends to this one, standing where the drill's own do."""
    loan = Loan(
        loan_id="L1",
        engineer_id="exercise.X1",
        home_region="R2.exercise",
        to_region=DRILL,
        owner_epoch=1,
        until=drill.now + timedelta(hours=8),
        staging=at(0),
        authority="leads:lead-1",
    )
    registered = EngineerRegistered(
        engineer_id="exercise.X1", region="R2.exercise", home=at(0), skills={"core": 3}
    )
    return EngineerHandedOver(
        region=DRILL,
        from_region="R2.exercise",
        loan=loan,
        engineer=registered,
        place=at(0),
        departed_at=drill.now,
        towards=at(0),
    )


def test_a_guest_goes_home_when_the_drill_ends_also_one_who_comes_late() -> None:
    """Rule: they belong to another drill, which goes on; said again until it has them."""
    drill = running()
    guest = guest_of_another(drill)
    drill.tell(DRILL, guest)
    said = only(drill.end(), "lending_released").handover
    assert said is not None
    assert (said.region, said.loan.owner_epoch) == ("R2.exercise", 2)
    late = guest.loan.model_copy(update={"loan_id": "L2", "owner_epoch": 3})
    decided = drill.tell(DRILL, guest.model_copy(update={"loan": late}))
    assert kinds(decided) == ["lending_travelling", "lending_released"]
    assert drill.region.engineers == {}
    assert set(kinds(drill.after(2))) == {"lending_released"}


def test_whoever_the_drill_has_lent_is_called_home_and_gone() -> None:
    """Rule: the other drill is told; who arrives after the end is in no drill any more."""
    drill = Drill()
    for number in range(8):
        drill.on_shift(f"exercise.E{number}")
    loan = guest_of_another(drill).loan.model_copy(
        update={"engineer_id": "exercise.E0", "home_region": DRILL, "to_region": "R2.exercise"}
    )
    given = only(drill.tell(DRILL, CommitLoan(region=DRILL, loan=loan)), "lending_committed").handover
    assert given is not None
    ((_, recall),) = told_by(only(drill.end(), "lending_recalled"))
    assert isinstance(recall, RecallLoan)
    assert (recall.region, recall.engineer_id) == ("R2.exercise", "exercise.E0")
    home = given.loan.model_copy(update={"owner_epoch": 2})
    back = given.model_copy(update={"region": DRILL, "from_region": "R2.exercise", "loan": home})
    assert kinds(drill.tell(DRILL, back)) == ["lending_travelling", "lending_returned"]
    assert drill.region.engineers == {}
    drill.tell(DRILL, RegionDefined(region=DRILL, exercise=True))
    drill.on_shift("exercise.E0")
    assert drill.region.engineers["exercise.E0"].owner_epoch == 3


def test_a_plan_that_stands_ends_with_the_drill() -> None:
    """Rule: nobody consents to it any more, and no other is proposed."""
    drill = running()
    move = PlannedMove(
        engineer_id="exercise.X1",
        home_region="R2.exercise",
        to_region=DRILL,
        owner_epoch=0,
        staging=at(0),
        until=drill.now + timedelta(hours=6),
    )
    plan = ProposePlan(
        region=DRILL,
        plan=MovePlan(moves=[move]),
        by="lead-1",
        reason="the flood",
        expires_at=drill.now + timedelta(hours=1),
    )
    drill.tell(DRILL, plan)
    assert only(drill.end(), "plan_withdrawn").reason == "exercise_over"
    assert only(drill.tell(DRILL, plan), "refused").reason == "exercise_over"


def test_an_exercise_that_ends_leaves_nobody_and_nothing() -> None:
    """Rule: whatever is under way is called off, everybody is gone, and what comes later is refused."""
    drill = running()
    drill.phone("exercise.E1", "acknowledged", "en_route", "on_site")
    drill.tell("R1", SwarmIncident(incident_id="exercise.I1", region="R1", crew=3, by="d-1", reason="all"))
    until = START + timedelta(hours=5)
    drill.tell("R1", DeclareDisaster(region="R1", until=until, by="lead-1", reason="the flood"))
    drill.reported("exercise.I2", 9)
    assert kinds(drill.end())[0] == "exercise_ended"
    region = drill.region
    assert (region.engineers, region.incidents, region.disaster, region.swarms) == ({}, {}, None, {})
    assert only(drill.reported("exercise.I3"), "refused").reason == "exercise_over"
    assert only(drill.register("exercise.E3"), "refused").reason == "exercise_over"
    assert only(drill.end(), "refused").reason == "exercise_over"
    again = DeclareDisaster(region="R1", until=until, by="lead-1", reason="the flood")
    warned = AlertRaised(region=DRILL, alert=alert("A", status="Exercise"))
    for late in (again, warned):
        assert only(drill.tell("R1", late), "refused").reason == "exercise_over"
    assert (region.disaster, region.alerts) == (None, {})
    assert drill.after(600) == []


def test_a_restored_incident_ends_with_its_exercise() -> None:
    """Rule: who is at the last of the work is released as well."""
    drill = running()
    drill.phone("exercise.E1", "acknowledged", "en_route", "on_site", "restored")
    drill.end()
    assert (drill.region.engineers, drill.region.incidents) == ({}, {})


def test_the_next_exercise_begins_empty() -> None:
    """Rule: defined again it runs again, and the names of the last one are free."""
    drill = running()
    drill.end()
    drill.tell(DRILL, RegionDefined(region=DRILL, exercise=True))
    drill.on_shift("exercise.E1")
    assert "assigned" in kinds(drill.reported("exercise.I1", 1))


def test_nothing_real_ends_as_an_exercise() -> None:
    """Rule: a real region refuses it."""
    scene = Scene()
    assert only(scene.tell("R1", EndExercise(region="R1", by="lead-1")), "refused").reason == "exercise"


def test_a_regions_name_says_whether_it_is_a_drill() -> None:
    """Rule: the flag and the name never disagree; an engineer's name in a drill is made of the real one."""
    assert exercise_of("R1") == DRILL
    assert is_exercise_name(exercise_name("E1"))
    assert belongs(DRILL, exercise_name("E1"))
    assert not belongs(DRILL, "E1")
