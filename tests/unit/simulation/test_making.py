"""Invented scenarios look like the yardstick's in kind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from statistics import fmean

import pytest

from services.simulation.geometry import contains
from services.simulation.making import KINDS, Kind, make_scenario, write_builtin
from services.simulation.scenarios import read_scenario

COUNTS = {"day": (300, 480), "storm": (500, 900), "aid": (2100, 3300)}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_made_scenario_is_like_the_yardsticks_in_kind(kind: Kind, seed: int, tmp_path: Path) -> None:
    """Counts, tiers, levels and work lie where the yardstick's lie; all of it within the regions' borders."""
    make_scenario(kind, seed, tmp_path)
    made = read_scenario(tmp_path)
    low, high = COUNTS[kind]
    assert low <= len(made.reports) <= high
    shares = {tier: fmean(r.tier == tier for r in made.reports) for tier in ("platinum", "gold", "silver")}
    assert 0.05 < shares["platinum"] < 0.16
    assert 0.5 < shares["silver"] < 0.7
    assert {r.level for r in made.reports} == {1, 2, 3, 4}
    ratios = [made.service_min[r.incident_id] / (r.expected_service_min or 1) for r in made.reports]
    assert 0.9 < fmean(ratios) < 1.1
    borders = {region.region: region.polygon for region in made.regions}
    for report in made.reports:
        border = borders[report.region or ""]
        assert border is not None
        assert contains(border, report.place)
    assert len(made.regions) == (4 if kind == "aid" else 1)
    assert any(report.language for report in made.reports)
    assert any(report.certificate for report in made.reports)
    assert any(engineer.certificates for engineer in made.engineers)


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_can_do_every_job(kind: Kind, tmp_path: Path) -> None:
    """In each region every product has people up to level 4."""
    make_scenario(kind, 3, tmp_path)
    made = read_scenario(tmp_path)
    for report in made.reports:
        assert any(
            engineer.region == report.region and engineer.skills.get(report.product, 0) >= report.level
            for engineer in made.engineers
        ), report


def test_the_builtin_storm_strikes_within_its_first_hours(tmp_path: Path) -> None:
    """Played at 60 x it looks alive within a minute: the second hour is far busier than an ordinary one."""
    write_builtin(tmp_path / "first")
    write_builtin(tmp_path / "again")
    made = read_scenario(tmp_path / "first")
    start = made.reports[0].reported_at
    first, second = (
        sum(
            start + timedelta(hours=hour) <= report.reported_at < start + timedelta(hours=hour + 1)
            for report in made.reports
        )
        for hour in (0, 1)
    )
    assert first >= 15
    assert second >= 40
    for file in ("incidents.csv", "engineers.csv", "scenario.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
