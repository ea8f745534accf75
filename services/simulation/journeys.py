"""Journeys of the simulated world: the straight line at constant speed, and the leg that it leaves behind."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from schemas.base import Place, rfc3339
from services.simulation.geometry import along

Outcome = Literal["arrived", "diverted", "moved"]
LEG_COLUMNS = (
    "engineer_id",
    "incident_id",
    "departed_at",
    "from_lat",
    "from_lon",
    "ended_at",
    "to_lat",
    "to_lon",
    "outcome",
)
_DEGREES = "{:.9f}"


class Journey(NamedTuple):
    """Somebody under way from `origin` to `site`, on the line in proportion to time."""

    origin: Place
    site: Place
    departed_at: datetime
    arrives_at: datetime

    def place(self, now: datetime) -> Place:
        """Where the traveller is at `now`."""
        whole = (self.arrives_at - self.departed_at) / timedelta(seconds=1)
        gone = (now - self.departed_at) / timedelta(seconds=1)
        return along(self.origin, self.site, gone / whole if whole > 0 else 1.0)

    def leg(self, engineer_id: str, incident_id: str, at: datetime, end: Place, outcome: Outcome) -> Leg:
        """The journey as it ended."""
        return Leg(engineer_id, incident_id, self.departed_at, self.origin, at, end, outcome)


class Leg(NamedTuple):
    """A journey that ended: arrived at the site, turned away under way, or moved without an incident."""

    engineer_id: str
    incident_id: str
    departed_at: datetime
    origin: Place
    ended_at: datetime
    end: Place
    outcome: Outcome

    def row(self) -> tuple[str, ...]:
        """The leg as the yardstick writes it, in the order of LEG_COLUMNS."""
        return (
            self.engineer_id,
            self.incident_id,
            with_fraction(self.departed_at),
            _DEGREES.format(self.origin.lat),
            _DEGREES.format(self.origin.lon),
            with_fraction(self.ended_at),
            _DEGREES.format(self.end.lat),
            _DEGREES.format(self.end.lon),
            self.outcome,
        )


def with_fraction(moment: datetime) -> str:
    """RFC 3339 in UTC, always with a fraction of a second."""
    text = rfc3339(moment)
    return text if "." in text else text.removesuffix("Z") + ".0Z"


def write_legs(path: Path, legs: Iterable[Leg]) -> None:
    """Write legs.csv in order of departure; times in UTC with fractions, degrees with nine decimals."""
    ordered = sorted(legs, key=lambda leg: (leg.departed_at, leg.engineer_id))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LEG_COLUMNS)
        writer.writerows(leg.row() for leg in ordered)
