"""The coordinator plans on whatever it hears, in whatever order, and whoever falls silent."""

from __future__ import annotations

from random import Random

import pytest

from schemas.decisions import Decision
from schemas.lending import CommitLoan, EngineersRequested
from schemas.proposals import ProposePlan
from services.dispatch.moments import to_ms
from services.surge.commands import Command
from services.surge.coordinator import Coordinator
from tests.unit.surge.test_surge import PLACES, Story, offer

STAGES = ("committed", "travelling", "working", "extended", "recalled", "released", "returned")
MOODS = ("automatic", "proposed")


class Anything(Story):
    """Storms and silence; what is asked is answered late, twice or never; loans move on at random."""

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self.rng = rng
        self.coordinator = Coordinator(unset=rng.choice(MOODS))  # type: ignore[arg-type]
        self.asked: list[EngineersRequested] = []
        self.loans: list[CommitLoan] = []
        self.pass_hours(rng.choice((1, 8)))

    def hear(self, told: list[Command]) -> None:
        """Remember what may be answered."""
        for command in told:
            if isinstance(command.event, EngineersRequested):
                self.asked.append(command.event)
            elif isinstance(command.event, CommitLoan):
                self.loans.append(command.event)
            elif isinstance(command.event, ProposePlan):
                assert command.event.plan.moves

    def happen(self) -> None:
        """Time passes somewhere, somebody falls silent or speaks again, or something is answered."""
        rng, region = self.rng, self.rng.choice(sorted(PLACES))
        what = rng.randrange(6)
        if what == 0:
            self.quiet ^= {region}
        elif what == 1 and self.asked:
            self.hear(self.answer(rng.choice(self.asked[-6:])))
        elif what == 2 and self.loans:
            loan = rng.choice(self.loans)
            where = rng.choice((loan.loan.home_region, loan.loan.to_region))
            self.hear(self.coordinator.step(self.tells(f"lending_{rng.choice(STAGES)}", where, loan)))
        else:
            self.waiting[region] = rng.choice((0, 5, 60))
            self.hear(self.pass_hours(rng.choice((1, 3, 14)) / 12, **{region: rng.choice((0.0, 10.0, 90.0))}))

    def answer(self, request: EngineersRequested) -> list[Command]:
        """So many as the chance says, of whom some are under way."""
        named = [f"{request.region}-{n}" for n in range(self.rng.randrange(12))]
        offers = [offer(name, request.region, under_way=self.rng.random() < 0.3) for name in named]
        return self.coordinator.step(self.answered(request, offers))


@pytest.mark.parametrize("seed", range(12))
def test_it_plans_on_whatever_happens(seed: int) -> None:
    """Nothing that regions say, or do not say, stops it; who still speaks is planned for to the end."""
    story = Anything(Random(seed))
    for _ in range(120):
        story.happen()
    story.quiet = {"R2"}
    story.pass_hours(1.5, R1=90.0)
    assert story.coordinator.planned_at == to_ms(story.now)


def test_a_region_of_nobody_is_no_stumbling_block() -> None:
    """Defined, and nothing else: it has no place, can give nobody, and needs nobody."""
    story = Story()
    story.pass_hours(10)
    empty = story.load("R1").model_copy(
        update={"region": "R0", "on_duty": 0, "home_on_duty": 0, "home_strength": 0, "centre": None}
    )
    said: list[Command | Decision] = []
    for _ in range(12):
        told = story.pass_hours(1 / 12, R1=90.0)
        said += [*told, *story.coordinator.step(empty.model_copy(update={"at": story.now, "demand": {}}))]
    assert {one.event.region for one in said if isinstance(one, Command)} <= {"R1", "R2", "R3"}
    assert said
