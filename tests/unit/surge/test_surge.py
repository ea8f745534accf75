"""When a surge is seen, what it takes to lend, and who goes: the coordinator on loads told in numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.base import Place
from schemas.decisions import Decision
from schemas.lending import CommitLoan, Demand, EngineersRequested, Offer, RegionLoad
from services.dispatch.moments import to_ms
from services.surge.commands import Command
from services.surge.coordinator import Coordinator
from services.surge.proposals import Lack, Spare, who_goes

START = datetime(2026, 3, 2, tzinfo=UTC)
PLACES = {"R1": Place(lat=38, lon=-9), "R2": Place(lat=39, lon=-9), "R3": Place(lat=38, lon=-8)}
HOUR_MS = 3_600_000
MS_PER_KM = 117_000.0


class Story:
    """Loads every five minutes: so many reports an hour in each region, an hour of work each."""

    def __init__(self) -> None:
        self.coordinator = Coordinator()
        self.now = START
        self.reported = dict.fromkeys(PLACES, 0.0)
        self.waiting = dict.fromkeys(PLACES, 0)
        self.quiet: set[str] = set()
        """Regions of which nothing is heard."""

    def pass_hours(self, hours: float, **per_h: float) -> list[Command]:
        """Time passes with these rates; what the coordinator says meanwhile."""
        told: list[Command] = []
        for _ in range(round(hours * 12)):
            self.now += timedelta(minutes=5)
            for region in PLACES:
                self.reported[region] += per_h.get(region, 10.0) / 12
                told += [] if region in self.quiet else self.coordinator.step(self.load(region))
        return told

    def load(self, region: str) -> RegionLoad:
        """The region's load now: forty engineers on duty."""
        count = int(self.reported[region])
        return RegionLoad(
            region=region,
            log="log",
            offset=count,
            at=self.now,
            demand={"core": Demand(reported=count, work_ms=count * HOUR_MS)},
            arrivals=1,
            travel_ms=600_000,
            waiting={"silver": self.waiting[region]},
            waiting_work_ms={"core": self.waiting[region] * HOUR_MS},
            on_duty=40,
            home_on_duty=40,
            home_strength=40,
            ms_per_km=MS_PER_KM,
            centre=PLACES[region],
        )

    def offer(self, request: EngineersRequested) -> list[Command]:
        """The donor offers ten engineers."""
        offers = [offer(f"{request.region}-{n}", request.region) for n in range(10)]
        return self.coordinator.step(self.answered(request, offers))

    def tells(self, kind: str, region: str, lent: CommitLoan) -> Decision:
        """What a region decides about a loan."""
        return Decision.model_validate(
            {"id": f"d/{kind}/{lent.loan.loan_id}", "decided_at": self.now, "log": "log", "region": region}
            | {"offset": 2, "n": 0, "kind": kind, "caused_by": "x", "loan": lent.loan}
        )

    def answered(self, request: EngineersRequested, offers: list[Offer]) -> Decision:
        """What a donor decides when it is asked."""
        return Decision(
            id=f"d/{request.request_id}",
            decided_at=self.now,
            log="log",
            region=request.region,
            offset=1,
            n=0,
            kind="lending_offered",
            caused_by=request.request_id,
            offers=offers,
        )


def offer(name: str, region: str, **fields: object) -> Offer:
    """An engineer with core at level 2 at the region's centre."""
    whole = {"place": PLACES[region], "skills": {"core": 2}, "owner_epoch": 0, "others_qualified": 9} | fields
    return Offer.model_validate({"engineer_id": name} | whole)


def requests(told: list[Command]) -> list[EngineersRequested]:
    """Who is asked for help."""
    return [command.event for command in told if isinstance(command.event, EngineersRequested)]


def test_an_ordinary_morning_moves_nobody() -> None:
    """Demand that rises and falls with the hours of the day is no surge."""
    story = Story()
    for per_h in (4, 4, 4, 4, 4, 5, 8, 14, 14, 15, 15, 16):
        assert story.pass_hours(1, R1=per_h, R2=per_h, R3=per_h) == []


def test_a_storm_asks_the_others_within_half_an_hour() -> None:
    """Far more than the hour usually brings, and more than the region can do: donors are asked."""
    story = Story()
    story.pass_hours(10)
    told = story.pass_hours(0.5, R1=90)
    assert {request.region for request in requests(told)} == {"R2", "R3"}
    assert {request.to_region for request in requests(told)} == {"R1"}


def test_once_all_donors_have_answered_the_loans_are_committed_and_not_asked_for_again() -> None:
    """A plan commits once; the next one counts those who are on their way."""
    story = Story()
    story.pass_hours(10)
    asked = requests(story.pass_hours(0.5, R1=90))[-2:]
    told = [command for request in asked for command in story.offer(request)]
    loans = [command.event.loan for command in told if isinstance(command.event, CommitLoan)]
    assert loans
    assert {loan.to_region for loan in loans} == {"R1"}
    assert len({loan.engineer_id for loan in loans}) == len(loans)
    assert [command for request in asked for command in story.offer(request)] == []


def lent_and_working() -> tuple[Story, CommitLoan]:
    """A storm in R1 for which others have lent, and one of theirs who is at work there."""
    story = Story()
    story.pass_hours(10)
    asked = requests(story.pass_hours(0.5, R1=90))[-2:]
    told = [command.event for request in asked for command in story.offer(request)]
    (first, *_) = [event for event in told if isinstance(event, CommitLoan)]
    story.coordinator.step(story.tells("lending_travelling", "R1", first))
    story.coordinator.step(story.tells("lending_working", "R1", first))
    return story, first


@pytest.mark.parametrize("silent", ["home", "to"])
def test_a_region_that_falls_silent_while_it_has_lent_or_borrowed_stops_no_plan(silent: str) -> None:
    """After an hour nothing is known of it any more: the others are planned for as before."""
    story, lent = lent_and_working()
    quiet = lent.loan.home_region if silent == "home" else "R1"
    other = next(name for name in ("R2", "R3") if name != quiet)
    story.quiet.add(quiet)
    told = story.pass_hours(3, R1=90, **{other: 90} if quiet == "R1" else {})
    assert story.coordinator.planned_at == to_ms(story.now)
    assert all(request.region != quiet for request in requests(told[-2:]))
    story.quiet.clear()
    story.pass_hours(1)
    assert story.coordinator.planned_at == to_ms(story.now)


def test_a_donor_that_does_not_answer_keeps_nobody_elses_help_back() -> None:
    """It is waited for through two rounds, then the others are asked without it."""
    story = Story()
    story.pass_hours(10)
    story.pass_hours(0.5, R1=90)
    story.quiet.add("R3")
    asked = requests(story.pass_hours(0.25, R1=90))
    assert [request.region for request in asked if request.request_id == asked[-1].request_id] == ["R2"]
    told = [command.event for command in story.offer(asked[-1])]
    assert {event.loan.home_region for event in told if isinstance(event, CommitLoan)} == {"R2"}


def test_loads_told_twice_or_late_change_nothing() -> None:
    """The coordinator goes by the newest load of each region, told once."""
    story = Story()
    story.pass_hours(1)
    old = story.load("R1")
    story.pass_hours(1)
    assert story.coordinator.step(story.load("R1")) == []
    assert story.coordinator.step(old) == []
    assert story.coordinator.outlooks["R1"].newest.at == story.now


def test_who_goes_has_the_skill_lives_near_and_is_missed_least() -> None:
    """One assignment: no skill, no move; of two alike the nearer; no donor gives more than it can."""
    lack = Lack("R1", 3, {"core": 10 * HOUR_MS}, PLACES["R1"])
    near = Place(lat=38.5, lon=-9)
    spares = [
        Spare("R2", 1, [offer("FAR", "R2"), offer("NEAR", "R2", place=near)]),
        Spare("R3", 2, [offer("NONE", "R3", skills={"power": 5}), offer("RARE", "R3", others_qualified=0)]),
        Spare("R4", 0, [offer("KEPT", "R2")]),
    ]
    sent = who_goes([lack], spares, MS_PER_KM, 1000)
    assert sorted(move.offer.engineer_id for move in sent) == ["NEAR", "RARE"]


def test_of_two_regions_in_need_each_gets_whom_it_can_use() -> None:
    """Help is shared out by the work that waits: radio to where radio waits."""
    lacks = [
        Lack("R1", 2, {"radio": HOUR_MS}, PLACES["R1"]),
        Lack("R2", 2, {"core": HOUR_MS}, PLACES["R2"]),
    ]
    radio = [offer(f"RADIO-{n}", "R3", skills={"radio": 2}) for n in range(2)]
    core = [offer(f"CORE-{n}", "R3") for n in range(2)]
    sent = who_goes(lacks, [Spare("R3", 4, [*radio, *core])], MS_PER_KM, 1000)
    assert {(move.offer.engineer_id[:4], move.to.region) for move in sent} == {("RADI", "R1"), ("CORE", "R2")}
