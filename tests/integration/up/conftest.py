"""A small scenario for feeds: an hour in one town, short jobs, eight engineers; the same bytes each time."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.base import rfc3339
from services.simulation.scenario_rows import ENGINEER_COLUMNS, INCIDENT_COLUMNS

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
PRODUCTS = ("access", "radio", "power")
INCIDENTS, ENGINEERS = 16, 8
TERMS = {
    "name": "small",
    "speed_kmh": 40,
    "circuity": 1.3,
    "response_sla_min": {"platinum": 60, "gold": 120, "silver": 240},
    "weight": {"platinum": 8, "gold": 3, "silver": 1},
    "breach_penalty_min": 60,
}


@pytest.fixture
def small_scenario(tmp_path: Path) -> Path:
    """The directory of a scenario that is over within an hour and a half."""
    folder, chance = tmp_path / "scenario", random.Random("feed/small")
    folder.mkdir()
    (folder / "scenario.json").write_text(json.dumps(TERMS, indent=1))
    _write(folder / "engineers.csv", ENGINEER_COLUMNS, [_engineer(n, chance) for n in range(ENGINEERS)])
    _write(folder / "incidents.csv", INCIDENT_COLUMNS, [_incident(n, chance) for n in range(INCIDENTS)])
    return folder


def _engineer(number: int, chance: random.Random) -> tuple[object, ...]:
    skills = "|".join(f"{product}:{chance.randint(2, 4)}" for product in chance.sample(PRODUCTS, 2))
    return (f"R1-{number:03}", "R1", *_place(chance), skills, rfc3339(START))


def _incident(number: int, chance: random.Random) -> tuple[object, ...]:
    reported_at = START + timedelta(seconds=60 + number * 150)
    tier, product = chance.choice(["platinum", "gold", "silver"]), chance.choice(PRODUCTS)
    service_min = round(chance.uniform(5, 12), 2)
    kind = ("R1", tier, product, chance.randint(1, 2), service_min, 8.0)
    return (f"INC-{number:05}", rfc3339(reported_at), *_place(chance), *kind)


def _place(chance: random.Random) -> tuple[float, float]:
    return round(48.2 + chance.uniform(-0.05, 0.05), 6), round(16.35 + chance.uniform(-0.07, 0.07), 6)


def _write(path: Path, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
