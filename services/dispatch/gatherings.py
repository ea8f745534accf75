"""What a region remembers of swarms and of causes with many sites. Times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field

SWARMS_KEPT = 50
CAUSES_KEPT = 200


@dataclass(slots=True)
class Swarm:
    """Many on one incident: its own engineer, and a place (an incident of its own) for each who joins."""

    incident_id: str
    crew: int
    by: str
    reason: str
    since: int
    lead_id: str | None = None
    named_lead: str | None = None
    places: list[str] = field(default_factory=list)
    made: int = 0
    """So many places have been made, gone ones included."""
    there: list[str] = field(default_factory=list)
    """Who of those who joined has arrived."""
    reached_at: int | None = None
    """When the first of them did."""


@dataclass(slots=True)
class Cause:
    """One cause: while it is declared its sites wait for the root."""

    cause_id: str
    root_id: str
    by: str
    reason: str
    since: int


def first_there(swarms: dict[str, Swarm], incident_id: str, at: int) -> int:
    """When the first of those who work on an incident was there, if its own engineer arrives at `at`."""
    swarm = swarms.get(incident_id)
    return at if swarm is None or swarm.reached_at is None else min(at, swarm.reached_at)
