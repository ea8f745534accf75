"""What the engineer on site says about the end of the work; the plan reckons with it from then on."""

from __future__ import annotations

from schemas.engineers import WorkEstimateUpdated
from services.dispatch import mirror
from services.dispatch.engineer_events import device_is_behind, heard_from
from services.dispatch.moments import minutes_ms, to_ms
from services.dispatch.state import ATTENDED
from services.dispatch.statuses import is_current, refuse_unknown
from services.dispatch.turn import Turn


def work_estimate_updated(turn: Turn, event: WorkEstimateUpdated) -> None:
    """So much work is left: as if a job of that length had begun when it was said."""
    region = turn.region
    engineer = region.engineers.get(event.engineer_id)
    incident = region.incidents.get(event.incident_id) or region.closed.get(event.incident_id)
    if engineer is None or incident is None:
        refuse_unknown(turn, event, engineer)
        return
    said_at = to_ms(event.occurred_at)
    if turn.in_the_future(said_at):
        detail = "occurred_at is more than 5 min after the log's clock"
        turn.refuse("in_the_future", detail, incident, engineer)
        return
    behind = device_is_behind(engineer, event)
    heard_from(turn, engineer)
    if not is_current(incident, engineer, event):
        reason = "stale_epoch" if event.epoch != incident.epoch else "not_yours"
        turn.refuse(reason, f"an estimate under epoch {event.epoch}", incident, engineer)
        return
    if incident.state not in ATTENDED or incident.on_site_at is None:
        turn.refuse("not_on_site", f"{incident.incident_id} is {incident.state}", incident, engineer)
        return
    said_at = max(min(said_at, turn.now), incident.on_site_at)
    if behind or said_at < (incident.estimated_at or 0):
        detail = "an estimate came after a later report of the same device"
        turn.decide("conflicted", incident, engineer, reason="out_of_order", detail=detail)
        return
    incident.estimated_at, incident.estimated_left_ms = said_at, minutes_ms(event.minutes_left)
    mirror.engineer_changed(region, engineer)
    turn.freed.append(engineer.row)
    turn.replan = True
    turn.decide("work_estimated", incident, engineer, occurred_at=said_at, work_left_min=event.minutes_left)
