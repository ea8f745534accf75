"""Distributions, intervals, how long work lasts, and the plan's hash: the fork's arithmetic."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from statistics import fmean

import pytest
from pydantic import ValidationError

from schemas.base import Place
from schemas.plans import MovePlan, PlannedMove, plan_hash
from schemas.regions import Terms
from services.dispatch.remaining_work import remaining_table
from services.dispatch.shipped import shipped_policy
from services.dispatch.state import RegionState
from services.whatif.lasting import Lasting
from services.whatif.spreads import quantile, spread_of


def test_the_10_and_90_percent_points_of_twenty_hold_four_in_five_of_the_next() -> None:
    """The interval is one of prediction: it allows for how few futures it is taken from."""
    chance = random.Random(1)
    held = 0
    for _ in range(4000):
        seen = sorted(chance.gauss(0, 1) for _ in range(20))
        held += quantile(seen, 0.1) <= chance.gauss(0, 1) <= quantile(seen, 0.9)
    assert 0.77 < held / 4000 < 0.83


def test_the_mean_of_the_futures_lies_in_its_interval_four_times_in_five() -> None:
    """The 80 % interval of the mean is Student's, also for a few futures."""
    chance = random.Random(2)
    held = 0
    for _ in range(3000):
        found = spread_of([chance.gauss(5, 2) for _ in range(4)])
        assert found.mean_low is not None
        assert found.mean_high is not None
        held += found.mean_low <= 5 <= found.mean_high
    assert 0.77 < held / 3000 < 0.83


def test_more_futures_narrow_the_interval() -> None:
    """Four times as many: about half as wide. One alone has none."""
    chance = random.Random(3)
    values = [chance.gauss(0, 1) for _ in range(400)]
    few, many = spread_of(values[:100]), spread_of(values)
    assert few.mean_high is not None
    assert few.mean_low is not None
    assert many.mean_high is not None
    assert many.mean_low is not None
    assert many.mean_high - many.mean_low < 0.65 * (few.mean_high - few.mean_low)
    assert spread_of([1.0]).mean_low is None


@pytest.mark.parametrize("elapsed", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_work_lasts_in_the_futures_as_the_plan_expects_it_to(elapsed: float) -> None:
    """On average what is left of a job is what the dispatcher's table says, however long it has lasted."""
    policy, chance = shipped_policy(), random.Random(4)
    region = RegionState(region="R1", time_zone="UTC", terms=Terms(), polygon=None)
    region.lasting["core"] = [200] * 15 + [100] * 10 + [5] * 16
    lasting = Lasting(region, "core", policy)
    left = fmean(lasting.total(chance.random(), elapsed) - elapsed for _ in range(20_000))
    table = remaining_table(policy, region.lasting["core"])
    assert left == pytest.approx(table[min(round(elapsed * 10), len(table) - 1)] / 1000, rel=0.06)


def move(engineer_id: str, **changes: object) -> PlannedMove:
    """A planned move of this engineer."""
    fields = {
        "engineer_id": engineer_id,
        "home_region": "R2",
        "to_region": "R1",
        "owner_epoch": 0,
        "staging": Place(lat=38, lon=-9),
        "until": datetime(2026, 3, 2, 18, tzinfo=UTC),
    }
    return PlannedMove.model_validate(fields | changes)


def test_a_plans_hash_names_its_moves_whatever_their_order() -> None:
    """The same moves have the same hash; any other engineer, region, time or epoch has another."""
    first, second = move("A"), move("B")
    seal = plan_hash(MovePlan(moves=[first, second]))
    assert seal == plan_hash(MovePlan(moves=[second, first]))
    others = [move("C"), move("B", to_region="R3"), move("B", owner_epoch=1)]
    others.append(move("B", until=datetime(2026, 3, 2, 19, tzinfo=UTC)))
    assert len({seal, *(plan_hash(MovePlan(moves=[first, other])) for other in others)}) == 5


def test_nobody_is_moved_twice_in_a_plan() -> None:
    """A plan that names an engineer twice is refused, and says whom."""
    with pytest.raises(ValidationError, match="engineer A is moved twice"):
        MovePlan(moves=[move("A"), move("A", to_region="R3")])
