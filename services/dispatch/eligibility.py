"""Who may be sent: hard rules, each with a name. A missing skill is no skill."""

from __future__ import annotations

from services.dispatch.state import Engineer, Incident


def is_qualified(engineer: Engineer, product: str, level: int) -> bool:
    """Whether the engineer has the product at the level or above."""
    return engineer.skills.get(product, 0) >= level


def takes_work(engineer: Engineer) -> bool:
    """Whether new work may be planned for them: on shift, no break, heard of, not about to leave."""
    return engineer.state not in ("off_shift", "on_break") and engineer.reachable and not engineer.leaving


def first_broken_rule(engineer: Engineer, incident: Incident, now: int) -> str | None:
    """The first hard rule that forbids sending this engineer, as a fixed word; None where none does."""
    if not is_qualified(engineer, incident.product, incident.level):
        return "unqualified"
    if engineer.state == "off_shift" or engineer.leaving:
        return "off_shift"
    if engineer.state == "on_break":
        return "on_break"
    if not engineer.reachable:
        return "unreachable"
    if incident.barred.get(engineer.engineer_id, now) > now:
        return "declined_before"
    return None
