"""The draws of invented scenarios: places, people, work. Chance is a seeded generator that is passed in."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from schemas.base import rfc3339
from services.simulation.cities import City

EXPECTED_MIN = {
    "access": 35.0,
    "core": 90.0,
    "datacom": 40.0,
    "power": 45.0,
    "radio": 67.5,
    "transmission": 55.0,
}
"""Mean minutes of work by product."""
ORDINARY = {"core": 27, "datacom": 25, "radio": 21, "transmission": 13, "power": 8, "access": 6}
STRUCK = {"radio": 45, "power": 28, "transmission": 15, "access": 8, "datacom": 4}
TIERS = {"silver": 61, "gold": 29, "platinum": 10}
LEVELS = {"1": 55, "2": 27, "3": 14, "4": 4}
SKILL_LEVELS = {1: 22, 2: 36, 3: 28, 4: 13, 5: 1}
BY_HOUR = (
    *(0.35, 0.28, 0.25, 0.25, 0.3, 0.45, 0.8, 1.25, 1.4, 1.45, 1.4, 1.45),
    *(1.6, 1.45, 1.4, 1.4, 1.5, 1.75, 1.6, 1.3, 1.05, 0.85, 0.65, 0.5),
)
"""How much busier than its mean each local hour of a day is."""
CERTIFICATES = ("tower", "high-voltage", "confined-space")
REACH_DEGREES = 0.33
BORDER_DEGREES = 0.4
WORK_SPREAD = 0.48
"""Sigma of the lognormal between expected and true work."""

K = TypeVar("K")


def pick(chance: random.Random, weights: Mapping[K, float]) -> K:
    """One key, as likely as its weight."""
    return chance.choices(list(weights), list(weights.values()))[0]


@dataclass(frozen=True, slots=True)
class Ground:
    """A region's ground: most faults happen in a few clusters, the rest all over; a storm cell crosses it."""

    city: City
    clusters: tuple[tuple[float, float, float], ...]
    """north and east of the centre, spread; in degrees of latitude"""
    heading: float

    def place(self, north: float, east: float) -> tuple[float, float]:
        """Degrees at an offset from the centre (in degrees of latitude), drawn in at the region's reach."""
        away = math.hypot(north, east)
        pull = min(1.0, REACH_DEGREES / away) if away > 0 else 1.0
        stretch = math.cos(math.radians(self.city.lat))
        return self.city.lat + north * pull, self.city.lon + east * pull / stretch

    def fault(self, chance: random.Random) -> tuple[float, float]:
        """Where an ordinary fault happens."""
        if chance.random() < 0.75:
            north, east, spread = chance.choice(self.clusters)
        else:
            north, east, spread = 0.0, 0.0, 0.12
        return self.place(chance.gauss(north, spread), chance.gauss(east, spread))

    def struck(self, chance: random.Random, passed: float) -> tuple[float, float]:
        """Where a storm's fault happens when the cell has `passed` (0 to 1) of its way across."""
        if chance.random() < 0.4:
            return self.fault(chance)
        along = (min(1.0, passed) - 0.5) * 0.5
        north, east = along * math.cos(self.heading), along * math.sin(self.heading)
        return self.place(chance.gauss(north, 0.06), chance.gauss(east, 0.06))

    def polygon(self) -> dict[str, object]:
        """The region's border as a GeoJSON polygon, an octagon around the city."""
        stretch = math.cos(math.radians(self.city.lat))
        ring = [
            [
                round(self.city.lon + BORDER_DEGREES * math.cos(turn * math.pi / 4) / stretch, 4),
                round(self.city.lat + BORDER_DEGREES * math.sin(turn * math.pi / 4), 4),
            ]
            for turn in range(8)
        ]
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def ground_of(city: City, chance: random.Random) -> Ground:
    """Eight clusters around a city and a storm's way across it."""
    clusters = tuple(
        (chance.gauss(0, 0.09), chance.gauss(0, 0.09), chance.uniform(0.015, 0.04)) for _ in range(8)
    )
    return Ground(city, clusters, chance.uniform(0, 2 * math.pi))


def true_service_min(chance: random.Random, expected: float) -> float:
    """What the work will really take: lognormal with the expected mean, between 8 and 300 minutes."""
    drawn = expected * math.exp(chance.gauss(-(WORK_SPREAD**2) / 2, WORK_SPREAD))
    return min(300.0, max(8.0, drawn))


def arrivals(count_per_h: float, chance: random.Random, minute: datetime) -> list[datetime]:
    """The moments within one minute at which something is reported (Poisson), in order."""
    limit, product, moments = math.exp(-count_per_h / 60), chance.random(), []
    while product > limit:
        moments.append(minute + timedelta(seconds=chance.randrange(60)))
        product *= chance.random()
    return sorted(moments)


def skills_of(count: int, chance: random.Random) -> list[dict[str, int]]:
    """Skills of a region's engineers: four products each, at times five; two experts a product."""
    products = sorted(EXPECTED_MIN)
    people = [
        {
            product: pick(chance, SKILL_LEVELS)
            for product in sorted(chance.sample(products, 5 if chance.random() < 0.05 else 4))
        }
        for _ in range(count)
    ]
    for product in products:
        able = [skills for skills in people if product in skills]
        for skills in chance.sample(able, min(2, len(able))):
            skills[product] = max(4, skills[product])
    return people


def engineer_row(
    engineer_id: str, ground: Ground, skills: Mapping[str, int], start: datetime, chance: random.Random
) -> dict[str, str]:
    """One line of engineers.csv; the optional columns are filled for a share."""
    lat, lon = ground.place(chance.gauss(0, 0.11), chance.gauss(0, 0.11))
    languages = [ground.city.language] + (["en"] if chance.random() < 0.6 else [])
    held = [name for name in CERTIFICATES if chance.random() < 0.6]
    expiry = [start + timedelta(days=chance.choice([-20, 200, 400, 800])) for _ in held]
    start_late = chance.random() < 0.15
    return {
        "engineer_id": engineer_id,
        "region": engineer_id.partition("-")[0],
        "lat": f"{lat:.6f}",
        "lon": f"{lon:.6f}",
        "skills": "|".join(f"{product}:{level}" for product, level in sorted(skills.items())),
        "available_from": rfc3339(start),
        "languages": "|".join(sorted(set(languages))),
        "certificates": "|".join(f"{name}:{rfc3339(when)}" for name, when in zip(held, expiry, strict=True)),
        "worked_min_before": str(chance.randrange(0, 240, 15)) if start_late else "",
        "parts": _some(chance, [f"{product}-unit" for product in sorted(skills)], 0.5),
        "excluded_customers": f"CUST-{chance.randrange(40):03d}" if chance.random() < 0.05 else "",
    }


def incident_row(
    number: int,
    region: str,
    reported_at: datetime,
    place: tuple[float, float],
    product: str,
    chance: random.Random,
) -> dict[str, str]:
    """One line of incidents.csv; the optional columns are filled for a share."""
    expected = EXPECTED_MIN[product]
    window = reported_at + timedelta(minutes=chance.randrange(30, 180, 15))
    windowed = chance.random() < 0.02
    return {
        "incident_id": f"INC-{number:05d}",
        "reported_at": rfc3339(reported_at),
        "lat": f"{place[0]:.6f}",
        "lon": f"{place[1]:.6f}",
        "region": region,
        "tier": pick(chance, TIERS),
        "product": product,
        "level": pick(chance, LEVELS),
        "service_min": f"{true_service_min(chance, expected):.2f}",
        "expected_service_min": f"{expected:.1f}",
        "language": "en" if chance.random() < 0.08 else "",
        "certificate": chance.choice(CERTIFICATES) if chance.random() < 0.04 else "",
        "window_from": rfc3339(window) if windowed else "",
        "window_to": rfc3339(window + timedelta(hours=4)) if windowed else "",
        "parts": f"{product}-unit" if chance.random() < 0.05 else "",
        "customer_id": f"CUST-{chance.randrange(40):03d}",
    }


def _some(chance: random.Random, names: Sequence[str], share: float) -> str:
    return "|".join(name for name in names if chance.random() < share)
