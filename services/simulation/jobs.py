"""What a simulated phone has in hand: an assignment, or a post to wait at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schemas.base import Place
from schemas.decisions import Decision
from services.simulation.journeys import Journey

REASONS = ("no_parts", "vehicle_fault", "too_far", "unwell")
"""Why a job is declined."""
LOG_LIMIT = 10_000
"""Entries a phone can keep while it is offline: a spell of hours makes a handful."""

TOLD = frozenset({"assigned", "withdrawn", "posted", "crew_complete"})
"""What a phone is told of; the rest concerns the board."""
SWARM_OVER = frozenset({"swarm_over", "takes_over"})
"""Why somebody who joined a swarm leaves what they are working on: it is done, or they have another part."""


@dataclass(slots=True, eq=False)
class Job:
    """An assignment as the phone knows it; without an incident a post to wait at, gone once it is reached."""

    incident_id: str
    epoch: int
    site: Place
    ready: bool = False
    journey: Journey | None = None
    crew: int = 1
    opens_at: datetime | None = None
    """When the gate opens; `crew`: how many go."""
    working: bool = False
    """From the arrival on."""
    started: bool = False
    arrived_at: datetime | None = None

    @classmethod
    def of(cls, decision: Decision) -> Job:
        """What the decision gives: to a post one sets out at once."""
        assert decision.place is not None
        return cls(
            decision.incident_id or "",
            decision.epoch or 0,
            decision.place,
            ready=decision.kind == "posted",
            crew=decision.crew or 1,
            opens_at=decision.window_from,
        )

    @property
    def named(self) -> tuple[str, int]:
        """Incident and epoch."""
        return self.incident_id, self.epoch

    def is_worked_on_as(self, decision: Decision) -> bool:
        """Whether this is what the decision is about, and the engineer is there."""
        return self.working and self.named == (decision.incident_id, decision.epoch)

    @property
    def is_post(self) -> bool:
        """Whether it is only a place to wait at."""
        return not self.incident_id


def is_release(decision: Decision) -> bool:
    """Whether the decision ends one's part in a swarm, wherever one is."""
    return decision.reason in SWARM_OVER


def is_told(decision: Decision) -> bool:
    """Whether a phone is told of a decision about its engineer."""
    return decision.kind in TOLD or (decision.kind == "resolved" and is_release(decision))
