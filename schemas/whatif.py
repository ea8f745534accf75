"""What a fork tells of the futures with and without a plan of moves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.base import Command, Id, Moment, Tier, Wire
from schemas.lending import Count
from schemas.plans import MOST_MOVES, MovePlan

MOST_FUTURES = 200
MOST_REGIONS = 100

Role = Literal["donor", "receiver", "both", "other"]


class Spread(Wire):
    """One figure over the futures: `p10` to `p90` hold four in five of them.

    `mean_low` to `mean_high` is the 80 % interval of the mean; it narrows with the number of futures and is
    absent with one.
    """

    mean: float
    p10: float
    p50: float
    p90: float
    mean_low: float | None = None
    mean_high: float | None = None


class RegionFuture(Wire):
    """What a region may expect within the horizon, of all that waits now or is reported in it.

    `waited_min`: mean minutes from the report until somebody came, or until the horizon where nobody has.
    `stranded`: what waits at the end for a skill that nobody on duty there has.
    """

    incidents: Spread
    waited_min: Spread
    broken: dict[Tier, Spread] = Field(max_length=3)
    """Promises that break within the horizon."""
    left_waiting: Spread
    left_work_min: Spread
    stranded: Spread


class RolloutBias(Wire):
    """How far a fork's mean waiting lies from the dispatcher's own where both played the same future.

    Minutes, fork less dispatcher, over `n` such futures; `p10` to `p90` hold four in five of them. Of regions
    whose mean waiting is up to `up_to_min`, and above that of the band before.
    """

    up_to_min: float | None = None
    waited_min: float
    p10: float
    p90: float
    n: Count


class RegionFork(Wire):
    """One region's two futures, and their difference (with the move less without), future by future."""

    region: Id
    role: Role
    without: RegionFuture
    with_move: RegionFuture
    difference: RegionFuture
    bias: RolloutBias | None = None
    """Measured where people waited as long as here without the move."""


class Refusal(Wire):
    """A move that the home region would refuse now, with the rule that forbids it."""

    engineer_id: Id
    rule: Id
    detail: str = ""


class MoveJourney(Wire):
    """When a moved engineer would be there, and the work in hand that goes back to the queue."""

    engineer_id: Id
    arrives_at: Moment
    in_hand: Id | None = None


class Position(Wire):
    """Up to where a region's log was folded for the fork."""

    region: Id
    log: Id
    next_offset: int = Field(ge=0)


class ForkReport(Wire):
    """What is known after `futures` of `wanted` futures; a later report replaces an earlier one."""

    at: Moment
    horizon_min: float
    futures: Count
    wanted: Count
    plan: MovePlan
    plan_hash: str
    positions: list[Position] = Field(max_length=MOST_REGIONS)
    refused: list[Refusal] = Field(default=[], max_length=MOST_MOVES)
    journeys: list[MoveJourney] = Field(default=[], max_length=MOST_MOVES)
    regions: Annotated[list[RegionFork], Field(max_length=MOST_REGIONS)]
    cpu_s_per_future: float = 0.0


class WhatIfBody(Command):
    """What to fork: these moves, or `count` engineers to `to_region`; neither: what comes if nobody moves.

    `regions`: those looked at; others lend nobody. Futures beyond the first twenty narrow the intervals.
    """

    regions: list[Id] = Field(min_length=1, max_length=MOST_REGIONS)
    plan: MovePlan = MovePlan()
    to_region: Id | None = None
    count: int = Field(default=5, ge=1, le=MOST_MOVES)
    loan_min: float = Field(default=360.0, ge=1, le=10_000)
    horizon_min: float = Field(default=180.0, ge=15, le=720)
    futures: int = Field(default=60, ge=1, le=MOST_FUTURES)

    @model_validator(mode="after")
    def _one_question(self) -> WhatIfBody:
        named = {region for move in self.plan.moves for region in (move.home_region, move.to_region)}
        named |= {self.to_region} if self.to_region is not None else set()
        if self.plan.moves and self.to_region is not None:
            raise ValueError("ask about the moves of a plan or about a count of engineers, not about both")
        if missing := sorted(named - set(self.regions)):
            raise ValueError(f"regions lacks {', '.join(missing)}, of which the plan speaks")
        return self
