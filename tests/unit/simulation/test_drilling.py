"""A storm laid over a drill: where its engineers are, for what they can do, under the drill's own names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.base import Place
from schemas.exercises import is_exercise_name
from schemas.regions import EngineerRegistered, RegionDefined
from services.simulation.drilling import accompanied, denser, laid_over, within
from services.simulation.feed_errors import FeedMistake
from services.simulation.making import make_scenario
from services.simulation.scenarios import Scenario, read_scenario

REGION = RegionDefined(region="R1.exercise", exercise=True)
BEGINS = datetime(2026, 11, 26, 9, tzinfo=UTC)


def engineers() -> list[EngineerRegistered]:
    """Three in the far north, of whom nobody is above level 2."""
    skills = ({"fibre": 2}, {"fibre": 1, "mast": 2}, {"fibre": 1})
    return [
        EngineerRegistered(
            engineer_id=f"exercise.E{n}",
            region=REGION.region,
            home=Place(lat=69 + n / 10, lon=19),
            skills=has,
        )
        for n, has in enumerate(skills)
    ]


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """An invented storm."""
    folder = tmp_path_factory.mktemp("drill") / "storm"
    make_scenario("storm", 1, folder)
    return read_scenario(folder)


def test_every_report_can_be_served_there_and_says_what_it_is(storm: Scenario) -> None:
    """Rule: moved in place and time, named for the drill, for products and levels that somebody has."""
    drill = laid_over(storm, REGION, engineers(), BEGINS, "a1")
    assert drill.reports[0].reported_at == BEGINS
    assert len(drill.reports) == len(drill.service_min) > 50
    for report in drill.reports:
        assert is_exercise_name(report.incident_id)
        assert report.region == REGION.region
        assert any(one.skills.get(report.product, 0) >= report.level for one in engineers())
        assert report.customer_id is None
    lat = sum(report.place.lat for report in drill.reports) / len(drill.reports)
    assert abs(lat - 69.1) < 0.01


def test_two_drills_share_no_name_and_hours_cut_one_short(storm: Scenario) -> None:
    """Rule: a run's names are its own; only the first hours are played."""
    first, second = (laid_over(storm, REGION, engineers(), BEGINS, run) for run in ("a1", "b2"))
    assert not first.service_min.keys() & second.service_min.keys()
    short = within(first, 1)
    assert short.reports[-1].reported_at <= BEGINS + timedelta(hours=1)
    assert len(short.reports) < len(first.reports)


def test_without_engineers_there_is_no_drill(storm: Scenario) -> None:
    """Rule: it is said, not played to nobody."""
    with pytest.raises(FeedMistake, match="nobody to drill"):
        laid_over(storm, REGION, [], BEGINS, "a1")


def test_neighbours_come_with_their_engineers_and_without_a_storm(storm: Scenario) -> None:
    """Rule: their phones answer, and nothing is reported there."""
    beside = RegionDefined(region="R2.exercise", exercise=True)
    other = EngineerRegistered(
        engineer_id="exercise.N1", region="R2.exercise", home=Place(lat=69, lon=21), skills={"fibre": 5}
    )
    alone = laid_over(storm, REGION, engineers(), BEGINS, "a1")
    drill = accompanied(alone, [(beside, [other])])
    assert [one.region for one in drill.regions] == ["R1.exercise", "R2.exercise"]
    assert drill.engineers == (*alone.engineers, other)
    assert drill.reports == alone.reports


def test_a_denser_storm_has_the_same_reports_in_less_time(storm: Scenario) -> None:
    """Rule: twice as strong is twice as fast, from the same first report on."""
    alone = laid_over(storm, REGION, engineers(), BEGINS, "a1")
    strong = denser(alone, 2.0)
    assert [one.incident_id for one in strong.reports] == [one.incident_id for one in alone.reports]
    assert strong.reports[-1].reported_at - BEGINS == (alone.reports[-1].reported_at - BEGINS) / 2
