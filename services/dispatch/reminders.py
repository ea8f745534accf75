"""What an incident has to be reminded of: its promise, and that its access closes."""

from __future__ import annotations

from services.dispatch.eligibility import closes_at
from services.dispatch.needs import FOREVER
from services.dispatch.state import Incident, RegionState


def watch_incident(region: RegionState, incident: Incident) -> None:
    """Remind the region of everything that still holds about it."""
    if not incident.promise_broken:
        region.set_timer(incident.promised_at, "promise", incident.incident_id)
    watch_window(region, incident)


def watch_window(region: RegionState, incident: Incident) -> None:
    """Remind the region when the incident's access has closed."""
    closes = closes_at(incident)
    if closes < FOREVER:
        region.set_timer(closes + 1, "window_closed", incident.incident_id)


def watch_again(region: RegionState, incident: Incident, now: int) -> None:
    """It waits once more: what passed while somebody had it (a promise, a window) is said after all."""
    if not incident.promise_broken and incident.promised_at <= now:
        region.set_timer(incident.promised_at, "promise", incident.incident_id)
    if closes_at(incident) < now:
        watch_window(region, incident)
