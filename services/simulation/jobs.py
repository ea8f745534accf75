"""An assignment as a simulated phone knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schemas.base import Place
from services.simulation.journeys import Journey


@dataclass(slots=True, eq=False)
class Job:
    """One assignment; `crew` how many go, `opens_at` when the gate opens, `working` from the arrival on."""

    incident_id: str
    epoch: int
    site: Place
    ready: bool = False
    journey: Journey | None = None
    crew: int = 1
    opens_at: datetime | None = None
    working: bool = False
    started: bool = False
    arrived_at: datetime | None = None
