"""Carries what changed in the state over to the matcher's arrays, one engineer or incident at a time."""

from __future__ import annotations

from schemas.regions import Terms
from services.dispatch.eligibility import takes_work
from services.dispatch.geometry import unit_vector
from services.dispatch.state import HELD, Engineer, FreeNumbers, Incident, RegionState
from services.dispatch.warm import ABSENT, IDLE, SENT, TURNABLE, UNDER_WAY, WAITING, WORKING

HEAVIEST = 8_000
"""Weights are whole numbers up to this, relative to the heaviest tier: sums stay exact in a float64."""


def weight_unit(terms: Terms) -> float:
    """What one unit of the terms' weight is in the matcher's whole numbers."""
    return HEAVIEST / max(terms.weight.values())


def engineer_changed(region: RegionState, engineer: Engineer) -> None:
    """The engineer's standing, place or work is different now."""
    rows, row = region.warm.engineers, engineer.row
    rows.make_room(row)
    region.warm.moved[row] = None
    incident = region.incidents.get(engineer.incident_id or "")
    rows.held_slot[row] = -1 if incident is None else incident.slot
    if not takes_work(engineer):
        rows.standing[row] = ABSENT
    elif incident is None:
        rows.standing[row] = IDLE
    elif incident.state in HELD:
        rows.standing[row] = UNDER_WAY
    else:
        rows.standing[row] = WORKING
    if incident is not None:
        began = incident.on_site_at or engineer.arrives_at or incident.assigned_at
        rows.work_began[row] = began or 0
        rows.work_expected[row] = max(1, incident.expected_service_ms)
        region.warm.incidents.holder[incident.slot] = row


def skills_changed(region: RegionState, engineer: Engineer) -> None:
    """The engineer has other skills now."""
    region.warm.engineers.make_room(engineer.row)
    region.warm.engineers.set_skills(engineer.row, engineer.skills)


def places_changed(region: RegionState) -> None:
    """Bring the places of everybody who moved since the last plan up to date."""
    for row in region.warm.moved:
        engineer = region.by_row.get(row)
        if engineer is None:
            continue
        start = unit_vector(engineer.lat, engineer.lon)
        began, end = engineer.placed_at, start
        if engineer.arrives_at is not None:
            end = unit_vector(engineer.to_lat, engineer.to_lon)
        until = began if engineer.arrives_at is None else engineer.arrives_at
        region.warm.set_leg(row, start, end, began, until)
    region.warm.moved.clear()


def engineer_left(region: RegionState, row: int) -> None:
    """Nobody has this row any more."""
    rows = region.warm.engineers
    rows.standing[row], rows.held_slot[row] = ABSENT, -1
    rows.set_skills(row, {})
    region.warm.moved.pop(row, None)


def incident_changed(region: RegionState, incident: Incident) -> None:
    """The incident's standing is different now."""
    slots, slot = region.warm.incidents, incident.slot
    if incident.state == "waiting":
        slots.standing[slot], slots.holder[slot] = WAITING, -1
    elif incident.state in HELD:
        # Who has not answered yet is not turned: words would cross, the more the slower the way to them.
        settled = incident.acknowledged and incident.settles_at is None
        slots.standing[slot] = TURNABLE if settled else SENT
    else:
        slots.standing[slot] = ABSENT
    if incident.barred:
        slots.barred[slot] = incident.barred
    else:
        slots.barred.pop(slot, None)


def incident_opened(region: RegionState, incident: Incident) -> None:
    """A new incident, or one from a snapshot, gets its columns."""
    slots, slot = region.warm.incidents, incident.slot
    slots.make_room(slot)
    weight = region.terms.weight[incident.tier] * weight_unit(region.terms)
    slots.place[:, slot] = unit_vector(incident.lat, incident.lon)
    slots.weight[slot] = max(1, round(weight))
    slots.promised[slot] = incident.promised_at
    slots.service[slot] = incident.expected_service_ms
    slots.product[slot] = region.warm.engineers.product_number(incident.product)
    slots.level[slot] = incident.level
    near_changed(region, incident)
    incident_changed(region, incident)


def near_changed(region: RegionState, incident: Incident) -> None:
    """The incident's shortlist is different now."""
    row = region.warm.incidents.near[incident.slot]
    row[:] = -1
    row[: len(incident.near)] = incident.near


def incident_closed(region: RegionState, slot: int) -> None:
    """The slot is nobody's."""
    slots = region.warm.incidents
    slots.standing[slot], slots.holder[slot] = ABSENT, -1
    slots.barred.pop(slot, None)


def terms_changed(region: RegionState) -> None:
    """Other weights: every open incident's column is written anew."""
    for incident in region.by_slot.values():
        incident_opened(region, incident)


def rebuild(region: RegionState) -> None:
    """Everything derived, from the state alone (after a restore)."""
    region.by_row = {e.row: e for e in region.engineers.values()}
    region.by_slot = {i.slot: i for i in region.incidents.values()}
    region.rows, region.slots = FreeNumbers(region.by_row), FreeNumbers(region.by_slot)
    for incident in region.incidents.values():
        incident_opened(region, incident)
    for engineer in region.engineers.values():
        skills_changed(region, engineer)
        engineer_changed(region, engineer)
