"""What a decision under a disaster must name: the permission that it needs."""

from __future__ import annotations

from schemas.disasters import Permit
from services.dispatch.state import Engineer, Incident
from services.dispatch.turn import Permitted


def permitted(incident: Incident, engineer: Engineer) -> Permitted:
    """Which permits of the standing disaster sending this engineer needs; empty where it needs none."""
    needed: list[Permit] = []
    if engineer.called_until is not None:
        needed.append("off_shift")
    if engineer.exclusions_lifted and incident.customer_id in engineer.excluded_customers:
        needed.append("excluded_customers")
    return Permitted(permits=needed) if needed else Permitted()
