"""The coordinator of drills: moves between drills alone; the real one hears nothing of them."""

from __future__ import annotations

from datetime import timedelta

from schemas.decisions import Decision
from schemas.exercises import exercise_of
from schemas.lending import CommitLoan, Demand, EngineersRequested, RecallLoan, RegionLoad
from services.surge.commands import Command
from services.surge.coordinator import Coordinator
from tests.unit.surge.test_surge import HOUR_MS, PLACES, Story, offer

STORM_PER_H = 80.0


class Practice(Story):
    """A calm country, and drills on copies of its regions."""

    def __init__(self) -> None:
        super().__init__()
        self.drills = Coordinator(drills_of=self.coordinator)
        self.drilled = dict.fromkeys(PLACES, 0.0)
        self.said: list[Command] = []
        """By the real coordinator, since the drills began."""

    def practise(self, hours: float, **per_h: float) -> list[Command]:
        """Ordinary time passes, in the drills with these rates; what is said in drills."""
        told: list[Command] = []
        for _ in range(round(hours * 12)):
            self.said += self.pass_hours(1 / 12)
            for region in PLACES:
                self.drilled[region] += per_h.get(region, 10.0) / 12
                load = self.of_the_drill(region)
                self.said += self.coordinator.step(load)
                told += self.drills.step(load)
        return told

    def of_the_drill(self, region: str) -> RegionLoad:
        """What the drill's copy of a region publishes."""
        count = int(self.drilled[region])
        own = {
            "region": exercise_of(region),
            "exercise": True,
            "demand": {"core": Demand(reported=count, work_ms=count * HOUR_MS)},
        }
        return self.load(region).model_copy(update=own)

    def answer(self, request: EngineersRequested) -> list[Command]:
        """The donor's copy offers two engineers."""
        real = request.region.removesuffix(".exercise")
        offers = [offer(f"exercise.{real}-{n}", real) for n in range(2)]
        decision = self.answered(request, offers).model_copy(update={"exercise": True})
        self.said += self.coordinator.step(decision)
        return self.drills.step(decision)


def stormy() -> tuple[Practice, list[EngineersRequested]]:
    """A day of ordinary time, then drills with a storm in R1's copy from their first minute."""
    practice = Practice()
    practice.pass_hours(24)
    told = practice.practise(2, R1=STORM_PER_H)
    return practice, [command.event for command in told if isinstance(command.event, EngineersRequested)]


def test_drills_lend_to_each_other_from_the_first_hours_on() -> None:
    """What is usual is known from the region that was copied: a storm is seen to be one at once."""
    practice, requests = stormy()
    assert {request.to_region for request in requests} == {"R1.exercise"}
    assert {request.region for request in requests} <= {"R2.exercise", "R3.exercise"}
    at = requests[-1].request_id.split("/")[1]
    newest = [request for request in requests if request.request_id.split("/")[1] == at]
    moves = [command.event for request in newest for command in practice.answer(request)]
    assert moves
    for move in moves:
        assert isinstance(move, CommitLoan)
        assert move.loan.home_region in ("R2.exercise", "R3.exercise")
        assert move.loan.engineer_id.startswith("exercise.")


def test_the_real_coordinator_hears_nothing_of_a_storm_in_a_drill() -> None:
    """Nobody real is asked for, whatever happens in drills."""
    practice, _ = stormy()
    assert practice.said == []
    assert sorted(practice.coordinator.outlooks) == sorted(PLACES)
    assert sorted(practice.drills.outlooks) == sorted(map(exercise_of, PLACES))


def test_a_drill_that_ended_is_forgotten_and_the_next_begins_anew() -> None:
    """What is usual comes from the real region, never from the storm that was practised."""
    practice, _ = stormy()
    over = Decision(
        id="d/over", decided_at=practice.now, log="log", region="R1.exercise", offset=2, n=0,
        kind="exercise_ended", caused_by="x", exercise=True,
    )  # fmt: skip
    assert practice.drills.step(over) == []
    assert "R1.exercise" not in practice.drills.outlooks
    practice.now += timedelta(minutes=5)
    practice.drills.step(practice.of_the_drill("R1"))
    again, real = practice.drills.outlooks["R1.exercise"], practice.coordinator.outlooks["R1"]
    assert (len(again.loads), again.always, again.always.weight > 0) == (1, real.always, True)


def test_a_new_coordinator_remembers_drills_apart() -> None:
    """Loads and recalls of a drill that it reads from the past are a drill's."""
    real = Coordinator()
    drills = Coordinator(drills_of=real)
    load = Practice().of_the_drill("R1")
    recall = RecallLoan(region="R1.exercise", loan_id="L1", engineer_id="exercise.E1")
    for event in (load, recall):
        real.remember(event)
        drills.remember(event)
    assert (list(real.outlooks), list(drills.outlooks)) == ([], ["R1.exercise"])
