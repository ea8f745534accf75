"""Invented scenarios in the yardstick's format around real cities: a seed gives always the same bytes."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from services.simulation.cities import CITIES, NEIGHBOURS, City
from services.simulation.invented import (
    BY_HOUR,
    ORDINARY,
    STRUCK,
    Ground,
    arrivals,
    engineer_row,
    ground_of,
    incident_row,
    pick,
    skills_of,
)
from services.simulation.scenario_rows import (
    ENGINEER_COLUMNS,
    ENGINEER_OPTIONAL,
    INCIDENT_COLUMNS,
    INCIDENT_OPTIONAL,
)

Kind = Literal["day", "storm", "aid"]
KINDS: tuple[Kind, ...] = ("day", "storm", "aid")
BUILTIN_SEED = 7
INCIDENTS = (*INCIDENT_COLUMNS, *(column for column in INCIDENT_OPTIONAL if column != "crew"))
"""Without `crew`: the yardstick's scorer knows no crews."""
ENGINEERS = (*ENGINEER_COLUMNS, *ENGINEER_OPTIONAL)


@dataclass(frozen=True, slots=True)
class Wave:
    """A storm's wave: it starts so many hours after the scenario and dies down."""

    after_h: float
    peak_per_h: float
    fades_in_h: float

    def per_h(self, hour: float) -> float:
        """Faults an hour, `hour` hours into the scenario."""
        if hour < self.after_h:
            return 0.0
        return self.peak_per_h * math.exp(-(hour - self.after_h) / self.fades_in_h)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The size of a kind of scenario; the waves strike the first region."""

    note: str
    hours: int
    starts_at_h: int
    engineers: int
    ordinary_per_h: float
    speed_kmh: int
    waves: tuple[Wave, ...] = ()


def recipe_of(kind: Kind, chance: random.Random) -> Recipe:
    """How much of everything; a storm strikes within its first hour, so that a film of it begins with it."""
    if kind == "day":
        return Recipe("one region, an ordinary day", 24, 0, 36, chance.uniform(15, 18), 40)
    if kind == "storm":
        onset = chance.uniform(0.3, 0.7)
        waves = (Wave(onset, chance.uniform(50, 70), 4), Wave(onset + 7, chance.uniform(20, 30), 3))
        return Recipe("one region, a storm from the first hour", 24, 6, 44, 13, 35, waves)
    waves = (Wave(10, chance.uniform(95, 120), 6), Wave(18, chance.uniform(30, 45), 5))
    note = "four regions; a storm strikes R1 at 10:00 on the first day; lending engineers is allowed"
    return Recipe(note, 36, 0, 44, 13, 40, waves)


def make_scenario(kind: Kind, seed: int, out: Path) -> None:
    """Write a scenario directory; the same kind and seed give the same bytes."""
    chance = random.Random(f"muster/{kind}/{seed}")
    cities = chance.choice(NEIGHBOURS) if kind == "aid" else (chance.choice(CITIES),)
    write_scenario(f"{kind}-{seed}", recipe_of(kind, chance), cities, chance, out)


def write_scenario(
    name: str, recipe: Recipe, cities: Sequence[City], chance: random.Random, out: Path
) -> None:
    """Write a scenario of any size, a region around each city, beginning at the first city's local hour."""
    zone = ZoneInfo(cities[0].time_zone)
    day = datetime(2026, 3, 2, recipe.starts_at_h, tzinfo=zone) + timedelta(days=chance.randrange(300))
    start = day.astimezone(UTC)
    grounds = {f"R{n}": ground_of(city, chance) for n, city in enumerate(cities, start=1)}
    out.mkdir(parents=True, exist_ok=True)
    _write_terms(out / "scenario.json", name, recipe, grounds)
    _write_rows(out / "engineers.csv", ENGINEERS, _engineers(recipe, grounds, start, chance))
    _write_rows(out / "incidents.csv", INCIDENTS, _incidents(recipe, grounds, start, chance))


def write_builtin(path: Path) -> None:
    """The scenario that `make up` plays: a storm, always the same, that strikes in its first hour."""
    make_scenario("storm", BUILTIN_SEED, path)


def _engineers(
    recipe: Recipe, grounds: dict[str, Ground], start: datetime, chance: random.Random
) -> list[dict[str, str]]:
    return [
        engineer_row(f"{region}-{number:03d}", ground, skills, start, chance)
        for region, ground in grounds.items()
        for number, skills in enumerate(skills_of(recipe.engineers, chance))
    ]


def _incidents(
    recipe: Recipe, grounds: dict[str, Ground], start: datetime, chance: random.Random
) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for minute in range(recipe.hours * 60):
        now = start + timedelta(minutes=minute)
        found = [
            arrival
            for region, ground in grounds.items()
            for arrival in _arrivals_of(recipe, region, ground, now, minute / 60, chance)
        ]
        for reported_at, region, product, place in sorted(found):
            rows.append(incident_row(len(rows), region, reported_at, place, product, chance))
    return rows


def _arrivals_of(
    recipe: Recipe, region: str, ground: Ground, now: datetime, hour: float, chance: random.Random
) -> list[tuple[datetime, str, str, tuple[float, float]]]:
    """What is reported in one region within one minute: ordinary faults by the local hour, and a storm's."""
    local = now.astimezone(ZoneInfo(ground.city.time_zone))
    rate = recipe.ordinary_per_h * BY_HOUR[local.hour]
    found = [(at, region, pick(chance, ORDINARY), ground.fault(chance)) for at in arrivals(rate, chance, now)]
    if region == "R1" and recipe.waves:
        rate = sum(wave.per_h(hour) for wave in recipe.waves)
        passed = (hour - recipe.waves[0].after_h) / 8
        found += [
            (at, region, pick(chance, STRUCK), ground.struck(chance, passed))
            for at in arrivals(rate, chance, now)
        ]
    return found


def _write_terms(path: Path, name: str, recipe: Recipe, grounds: dict[str, Ground]) -> None:
    terms = {
        "name": name,
        "note": recipe.note,
        "speed_kmh": recipe.speed_kmh,
        "circuity": 1.3,
        "response_sla_min": {"platinum": 60, "gold": 120, "silver": 240},
        "weight": {"platinum": 8, "gold": 3, "silver": 1},
        "breach_penalty_min": 60,
        "regions": {
            region: {
                "city": ground.city.name,
                "time_zone": ground.city.time_zone,
                "polygon": ground.polygon(),
            }
            for region, ground in grounds.items()
        },
    }
    path.write_text(json.dumps(terms, indent=1) + "\n", encoding="utf-8")


def _write_rows(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
