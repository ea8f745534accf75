"""An incident becomes part of a region: known, watched, and put before the matcher."""

from __future__ import annotations

from services.dispatch import mirror
from services.dispatch.reminders import watch_incident
from services.dispatch.state import Incident
from services.dispatch.turn import Turn


def open_incident(turn: Turn, incident: Incident) -> None:
    """From now on it waits here; nothing is decided yet."""
    region = turn.region
    region.incidents[incident.incident_id] = incident
    region.by_slot[incident.slot] = incident
    watch_incident(region, incident)
    mirror.incident_opened(region, incident)
    turn.queued.append(incident)
