"""Who may be sent: hard rules, each with a name. A missing skill is no skill.

This is the scalar face, for receipts, refusals and what people decide; `rule_mask` is the same for many pairs
at once, and a property test holds that both agree.
"""

from __future__ import annotations

from services.dispatch.duty import working_time
from services.dispatch.geometry import unit_vector
from services.dispatch.moments import minutes_ms
from services.dispatch.needs import FOREVER, fulfilled_until, needs_of
from services.dispatch.state import HELD, Engineer, Incident, RegionState
from services.dispatch.travel import travel_ms

SENTENCES = {
    "unqualified": "is not qualified for it",
    "language": "does not speak its language",
    "certificate": "has no certificate for it to the end of the job",
    "parts": "does not have its parts on the van",
    "customer_excluded": "may not go to its customer",
    "pinned": "is not the one it is pinned to, or is pinned to another",
    "off_shift": "is off shift",
    "on_break": "is on a break",
    "unreachable": "can not be reached",
    "declined_before": "has declined it",
    "window": "can not be there while it may be entered",
    "shift_end": "would work past the end of the shift",
    "rest": "would work into the daily rest",
    "break": "would work past the break that is due",
    "week": "would work more than the week allows",
    "on_site": "is at work at another site",
    "crew": "does not go alone",
}
"""What each of RULES says of whoever breaks it; the last two are asked only where people send somebody."""

EARLY_MS = minutes_ms(10)
"""Where access opens for less than this, people come so much before it closes, and wait."""


def is_qualified(engineer: Engineer, product: str, level: int) -> bool:
    """Whether the engineer has the product at the level or above."""
    return engineer.skills.get(product, 0) >= level


def takes_work(engineer: Engineer) -> bool:
    """Whether new work may be planned for them: on shift, no break, heard of, not about to leave."""
    here = engineer.state not in ("off_shift", "on_break") and engineer.reachable
    return here and not (engineer.leaving or engineer.due_back)


def opens_at(incident: Incident) -> int:
    """From when (ms) work may begin: access, or a lock; 0: at once."""
    return max(incident.window_from or 0, incident.lock_from or 0)


def closes_at(incident: Incident) -> int:
    """Until when (ms) one must have arrived."""
    window_to = FOREVER if incident.window_to is None else incident.window_to
    return window_to if incident.lock_to is None else min(window_to, incident.lock_to)


def not_before(incident: Incident) -> int:
    """When (ms) to arrive at the earliest: nobody is sent to wait before a closed gate."""
    return min(opens_at(incident), closes_at(incident) - EARLY_MS)


def travel_to(region: RegionState, engineer: Engineer, incident: Incident, now: int) -> int:
    """Travel (ms) from where the engineer is to the incident's site."""
    here = unit_vector(*engineer.place_at(now))
    return travel_ms(region.terms, here, unit_vector(incident.lat, incident.lon))


def limits_of(region: RegionState, engineer: Engineer) -> dict[str, int]:
    """Until when (ms) each rule of working time lets the engineer work, by the rule's word."""
    ends = [at for at in (engineer.ends_at, engineer.called_until) if at is not None]
    limits = {"shift_end": min(ends)} if ends else {}
    if engineer.duty is not None:
        limits |= engineer.duty.limits(working_time(region.rules, region.time_zone))
    return limits


def first_lasting_rule(engineer: Engineer, incident: Incident, ends: int) -> str | None:
    """The first rule that no waiting mends: skill, language, certificate to `ends` (ms), parts, customer."""
    if not is_qualified(engineer, incident.product, incident.level):
        return "unqualified"
    return next((n.rule for n in needs_of(incident) if fulfilled_until(engineer, n) < ends), None)


def first_broken_rule(
    region: RegionState, engineer: Engineer, incident: Incident, now: int, arrives_in_ms: int | None = None
) -> str | None:
    """The first hard rule that forbids sending this engineer, as a word of RULES; None where none does.

    `arrives_in_ms` is when they could be there: until they are free, and the travel; without it the travel
    from where they are. Whoever is on the way already is not held to what takes time.
    """
    has_it = engineer.incident_id == incident.incident_id and incident.state in HELD
    if arrives_in_ms is None:
        arrives_in_ms = travel_to(region, engineer, incident, now)
    arrives = now + arrives_in_ms
    ends = now if has_it else max(arrives, opens_at(incident)) + incident.expected_service_ms
    return (
        first_lasting_rule(engineer, incident, ends)
        or _pinned(region, engineer, incident)
        or _standing(engineer)
        or _declined(engineer, incident, now)
        or (None if has_it else _out_of_time(region, engineer, incident, arrives, ends))
    )


def _pinned(region: RegionState, engineer: Engineer, incident: Incident) -> str | None:
    if engineer.engineer_id in incident.locked_to:
        return None
    full = len(incident.locked_to) >= incident.crew
    return "pinned" if full or region.pins.get(engineer.engineer_id) else None


def _standing(engineer: Engineer) -> str | None:
    if engineer.state == "off_shift" or engineer.leaving or engineer.due_back:
        return "off_shift"
    if engineer.state == "on_break":
        return "on_break"
    return None if engineer.reachable else "unreachable"


def _declined(engineer: Engineer, incident: Incident, now: int) -> str | None:
    return "declined_before" if incident.barred.get(engineer.engineer_id, now) > now else None


def _out_of_time(
    region: RegionState, engineer: Engineer, incident: Incident, arrives: int, ends: int
) -> str | None:
    if arrives > closes_at(incident):
        return "window"
    return next((rule for rule, until in limits_of(region, engineer).items() if ends > until), None)
