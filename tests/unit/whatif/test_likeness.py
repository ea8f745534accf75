"""What the next reports are like: kinds and places as before, and the doubt that a short past leaves."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import islice, pairwise
from statistics import pstdev

import pytest

from schemas.regions import Terms
from services.dispatch.moments import minutes_ms
from services.dispatch.state import Engineer, Incident, RegionState
from services.whatif.likeness import SOLE_APART_DEG, Drawn, Likeness, likeness_of, nearest_other

NOW = minutes_ms(24 * 60)


def incident(
    number: int, lat: float = 40.0, lon: float = 5.0, product: str = "radio", level: int = 1
) -> Incident:
    """A report, four minutes after the one before."""
    return Incident(
        incident_id=f"I{number}",
        slot=number,
        lat=lat,
        lon=lon,
        tier="gold",
        product=product,
        level=level,
        reported_at=minutes_ms(4 * number),
        promised_at=minutes_ms(4 * number + 120),
        expected_service_ms=minutes_ms(60),
    )


def region(skills: dict[str, int], homes: list[tuple[float, float]]) -> RegionState:
    """A region of engineers with these skills, one a home."""
    state = RegionState(region="R1", time_zone="UTC", terms=Terms(), polygon=None)
    for number, (lat, lon) in enumerate(homes):
        state.engineers[f"E{number}"] = Engineer(
            engineer_id=f"E{number}",
            row=number,
            placed_at=0,
            languages=[],
            lat=lat,
            lon=lon,
            home_lat=lat,
            home_lon=lon,
            skills=dict(skills),
        )
    return state


def scattered(count: int) -> list[Incident]:
    """Reports from all over, half of them radio."""
    chance = random.Random(1)
    return [
        incident(n, 40 + chance.random(), 5 + chance.random(), "radio" if n % 2 else "core")
        for n in range(count)
    ]


def drawn(likeness: Likeness, seed: int, count: int = 200) -> list[Drawn]:
    """One future's first reports."""
    return list(islice(likeness.draws(random.Random(seed)), count))


def shares(past: list[Incident]) -> list[float]:
    """The share of radio in each of many futures."""
    likeness = likeness_of(region({"radio": 1, "core": 1}, []), past, [], NOW)
    return [sum(one.like.product == "radio" for one in drawn(likeness, seed)) / 200 for seed in range(60)]


def test_a_short_past_leaves_more_open_than_a_long_one() -> None:
    """Futures differ in what is reported: widely after ten reports, little after three hundred."""
    few, many = shares(scattered(10)), shares(scattered(300))
    assert 0.4 < sum(many) / len(many) < 0.6
    assert pstdev(few) > 1.5 * pstdev(many)


def test_the_next_report_comes_from_near_the_old_ones_and_not_from_where_they_came() -> None:
    """Who answered a report stands at its place: the next one does not come from just there."""
    past = scattered(60)
    likeness = likeness_of(region({}, []), past, [], NOW)
    places = {(one.lat, one.lon) for one in past}
    for one in drawn(likeness, 3):
        assert (one.lat, one.lon) not in places
        assert math.hypot(one.lat - one.like.lat, one.lon - one.like.lon) < 1


def test_reports_from_one_place_are_drawn_together() -> None:
    """A cable cut calls twice: two that followed on each other from one place do so in the futures too."""
    past = [incident(n, 40 + n // 2 * 0.1, 5.0) for n in range(40)]
    likeness = likeness_of(region({}, []), past, [], NOW)
    places = [(one.lat, one.lon) for one in drawn(likeness, 5)]
    assert sum(first == second for first, second in pairwise(places)) > 60


def test_a_region_without_a_past_has_the_reports_of_others_around_its_own_homes() -> None:
    """Only what somebody here could answer, and where they live; nothing where nothing is known anywhere."""
    others = [
        incident(1, product="radio"),
        incident(2, product="core"),
        incident(3, product="radio", level=4),
    ]
    state = region({"radio": 2}, [(60.0, 10.0), (60.1, 10.1)])
    found = drawn(likeness_of(state, [], others, NOW), 1)
    assert {one.like.incident_id for one in found} == {"I1"}
    assert all(abs(one.lat - 60) < 1 and abs(one.lon - 10) < 2 for one in found)
    assert drawn(likeness_of(state, [], [], NOW), 1) == []


def test_what_others_have_had_counts_less_with_every_report_of_ones_own() -> None:
    """Five reports count as much as everything from elsewhere, a hundred nearly twenty times as much."""
    others = [incident(900, 60.0, 10.0, "power")]
    state = region({"radio": 1, "core": 1, "power": 1}, [(40.0, 5.0)])
    strange = []
    for count in (5, 100):
        likeness = likeness_of(state, scattered(count), others, NOW)
        kinds = Counter(one.like.product for seed in range(20) for one in drawn(likeness, seed))
        strange.append(kinds["power"] / kinds.total())
    assert strange[0] == pytest.approx(0.5, abs=0.05)
    assert strange[1] == pytest.approx(5 / 105, abs=0.02)


def test_places_lie_as_far_apart_as_the_next_other_one() -> None:
    """Two reports from one place are one place; the only place known has room of about five km around it."""
    assert nearest_other([(40.0, 5.0), (40.0, 5.0), (40.1, 5.0)]) == pytest.approx([0.1, 0.1, 0.1])
    assert nearest_other([(40.0, 5.0), (40.0, 5.0)]) == [SOLE_APART_DEG] * 2
    assert nearest_other([(40.0, 5.0)]) == [SOLE_APART_DEG]
