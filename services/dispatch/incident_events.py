"""What is reported and called off: IncidentTriaged, CancelIncident."""

from __future__ import annotations

from schemas.exercises import belongs
from schemas.incidents import CancelIncident, IncidentTriaged
from services.dispatch import lifecycle
from services.dispatch.demand import learn_report
from services.dispatch.fairness import unfair_permille
from services.dispatch.locks import pin_as_registered
from services.dispatch.moments import to_ms, to_ms_or_none
from services.dispatch.opening import open_incident
from services.dispatch.remaining_work import expected_service_ms
from services.dispatch.servable import why_never
from services.dispatch.state import Incident
from services.dispatch.turn import Turn


def incident_triaged(turn: Turn, event: IncidentTriaged) -> None:
    """A new incident waits; what is known already, or lies in the future, is refused."""
    region, report = turn.region, event.report
    known = region.incidents.get(report.incident_id) or region.closed.get(report.incident_id)
    if known is not None:
        turn.refuse(
            "duplicate_incident",
            f"{report.incident_id} is known here and {known.state}",
            incident_id=report.incident_id,
            epoch=known.epoch,
        )
        return
    if region.exercise_over or not belongs(region.region, report.incident_id):
        word = "exercise_over" if region.exercise_over else "exercise"
        detail = f"{report.incident_id} does not belong in {region.region}, or the exercise is over"
        turn.refuse(word, detail, incident_id=report.incident_id)
        return
    if turn.in_the_future(to_ms(report.reported_at)):
        turn.refuse(
            "in_the_future",
            "reported_at is more than 5 min after the log's clock",
            incident_id=report.incident_id,
        )
        return
    incident = _opened(turn, event)
    _queue(turn, incident)
    for name in sorted(region.wishes.get(incident.incident_id, ())):
        pin_as_registered(turn, incident, region.engineers[name])
    turn.replan = True


def _opened(turn: Turn, event: IncidentTriaged) -> Incident:
    region, report = turn.region, event.report
    incident = Incident(
        incident_id=report.incident_id,
        slot=region.slots.take(),
        tier=report.tier,
        product=report.product,
        level=report.level,
        lat=report.place.lat,
        lon=report.place.lon,
        reported_at=to_ms(report.reported_at),
        promised_at=to_ms(event.promised_at),
        expected_service_ms=expected_service_ms(
            region, turn.policy, report.product, report.expected_service_min
        ),
        expected_service_min=report.expected_service_min,
        external_id=report.external_id,
        site_id=report.site_id,
        equipment_id=report.equipment_id,
        customer_id=report.customer_id,
        language=report.language,
        cause_id=report.cause_id,
        crew=report.crew,
        certificate=report.certificate,
        parts=list(report.parts),
        window_from=to_ms_or_none(report.window_from),
        window_to=to_ms_or_none(report.window_to),
    )
    count, work_ms = region.reported.get(incident.product, (0, 0))
    region.reported[incident.product] = (count + 1, work_ms + incident.expected_service_ms)
    incident.unfair_permille = unfair_permille(region, turn.policy, (incident.lat, incident.lon))
    open_incident(turn, incident)
    kind = (incident.product, incident.level, incident.tier)
    learn_report(region.demand, incident.reported_at, (incident.lat, incident.lon), kind)
    return incident


def _queue(turn: Turn, incident: Incident) -> None:
    reason, detail = why_never(turn, incident)
    turn.decide(
        "queued",
        incident,
        expected_service_min=incident.expected_service_ms / 60_000,
        reason=reason,
        detail=detail,
        **lifecycle.described(incident),
    )


def cancel_incident(turn: Turn, event: CancelIncident) -> None:
    """Call an incident off; whoever was going or at work is free. What is restored stays so."""
    region = turn.region
    incident = region.incidents.get(event.incident_id)
    if incident is None:
        _refuse_cancel(turn, event)
        return
    if incident.state == "restored":
        turn.refuse(
            "already_restored",
            f"{incident.incident_id} is restored: it can be resolved, not called off",
            incident,
        )
        return
    engineer = None
    if lifecycle.crew_of(region, incident):
        engineer = lifecycle.take_back(turn, incident, "cancelled")
    incident.state = "cancelled"
    lifecycle.close(turn, incident)
    turn.decide("cancelled", incident, reason=event.reason or "called_off")
    if engineer is not None:
        lifecycle.released(turn, engineer)


def _refuse_cancel(turn: Turn, event: CancelIncident) -> None:
    closed = turn.region.closed.get(event.incident_id)
    if closed is None:
        turn.refuse(
            "unknown_incident",
            f"{event.incident_id} is not known in {turn.region.region}",
            incident_id=event.incident_id,
        )
        return
    turn.refuse(
        f"already_{closed.state}",
        f"{event.incident_id} is {closed.state}",
        incident_id=event.incident_id,
        epoch=closed.epoch,
    )
