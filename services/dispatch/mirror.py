"""Carries what changed in the state over to the matcher's arrays, one engineer or incident at a time."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.regions import Terms
from services.dispatch.eligibility import closes_at, limits_of, not_before, opens_at, takes_work
from services.dispatch.geometry import unit_vector
from services.dispatch.needs import FOREVER, needs_of
from services.dispatch.numbers import FreeNumbers
from services.dispatch.state import HELD, Engineer, Incident, RegionState
from services.dispatch.warm import ABSENT, FORMING, IDLE, JOINING, SENT, TURNABLE, UNDER_WAY, WAITING, WORKING

NOBODY = -2
"""The row of whoever is not here: an incident locked to them waits."""

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
    elif engineer.joins_at is not None and incident is None:
        rows.standing[row] = JOINING
        rows.work_began[row] = engineer.placed_at
        rows.work_expected[row] = max(1, (engineer.arrives_at or engineer.placed_at) - engineer.placed_at)
    elif incident is None:
        rows.standing[row] = IDLE
    elif incident.state in HELD:
        rows.standing[row] = UNDER_WAY
    else:
        rows.standing[row] = WORKING
    if incident is not None:
        began = incident.on_site_at or engineer.arrives_at or incident.assigned_at
        expected = incident.expected_service_ms
        if incident.estimated_at is not None:
            began, expected = incident.estimated_at, incident.estimated_left_ms
        rows.work_began[row] = began or 0
        rows.work_expected[row] = max(1, expected)
        rows.work_product[row] = rows.product_number(incident.product)
        region.warm.incidents.holder[incident.slot] = row


def limits_changed(region: RegionState, engineer: Engineer) -> None:
    """The engineer's shift end, rest, break or week is another now."""
    until = min(limits_of(region, engineer).values(), default=FOREVER)
    region.warm.engineers.works_until[engineer.row] = until
    if until < FOREVER:
        region.warm.timed_rows.add(engineer.row)
    else:
        region.warm.timed_rows.discard(engineer.row)


def skills_changed(region: RegionState, engineer: Engineer) -> None:
    """The engineer has other skills, languages, certificates, parts or exclusions now."""
    region.warm.engineers.make_room(engineer.row)
    region.warm.engineers.set_skills(engineer.row, engineer.skills)
    region.warm.engineers.pins[engineer.row] = region.pins.get(engineer.engineer_id, 0)
    region.warm.lines.make_room(engineer.row)
    region.warm.lines.set_row(engineer)


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
    rows.works_until[row], rows.pins[row] = FOREVER, 0
    region.warm.timed_rows.discard(row)
    region.warm.lines.clear_row(row)
    rows.set_skills(row, {})
    region.warm.moved.pop(row, None)


def is_automatic(region: RegionState, incident: Incident) -> bool:
    """Whether the tier's decisions are carried out without anybody's word."""
    sent_by_word = incident.swarm_of is not None  # who raised the swarm has said so
    return sent_by_word or region.modes.get(incident.tier, "automatic") == "automatic"


def incident_changed(region: RegionState, incident: Incident) -> None:
    """The incident's standing is different now."""
    slots, slot = region.warm.incidents, incident.slot
    if incident.state == "waiting":
        slots.standing[slot] = WAITING if incident.crew == 1 else FORMING
        if incident.waits_for is not None:
            slots.standing[slot] = ABSENT
        slots.holder[slot] = -1
    elif incident.state in HELD:
        # Who has not answered yet is not turned: words would cross, the more the slower the way to them.
        settled = incident.acknowledged and incident.settles_at is None and incident.crew == 1
        settled = settled and incident.lock is None and is_automatic(region, incident)
        settled = settled and incident.swarm_of is None and incident.incident_id not in region.swarms
        slots.standing[slot] = TURNABLE if settled else SENT
    else:
        slots.standing[slot] = ABSENT
    if slots.standing[slot] == FORMING:
        region.warm.forming.add(slot)
    else:
        region.warm.forming.discard(slot)
    pins_changed(region, incident)
    if incident.barred:
        slots.barred[slot] = incident.barred
    else:
        slots.barred.pop(slot, None)


def pins_changed(region: RegionState, incident: Incident) -> None:
    """Who must go is another now, or the incident waits no more: nobody is kept for what somebody has."""
    slot = incident.slot
    locked = -1
    if incident.locked_to and incident.crew == 1:
        engineer = region.engineers.get(incident.locked_to[0])
        locked = NOBODY if engineer is None else engineer.row
    region.warm.incidents.locked_row[slot] = locked
    _count_pins(region, slot, _kept_for(incident))


def _kept_for(incident: Incident) -> tuple[str, ...]:
    """Who is kept free for it: nobody while it waits for the root of its cause."""
    waits = incident.state == "waiting" and incident.waits_for is None
    return tuple(incident.locked_to) if waits else ()


def _count_pins(region: RegionState, slot: int, wanted: tuple[str, ...]) -> None:
    pinned = region.warm.incidents.pinned
    before = pinned.pop(slot, ())
    if wanted:
        pinned[slot] = wanted
    for names, change in ((before, -1), (wanted, 1)):
        for name in names:
            count = region.pins.pop(name, 0) + change
            if count:
                region.pins[name] = count
            if (engineer := region.engineers.get(name)) is not None:
                region.warm.engineers.make_room(engineer.row)
                region.warm.engineers.pins[engineer.row] = count


def window_changed(region: RegionState, incident: Incident) -> None:
    """The incident's access or the lock of its start is another now."""
    slots, slot = region.warm.incidents, incident.slot
    slots.opens[slot], slots.closes[slot] = opens_at(incident), closes_at(incident)
    slots.not_before[slot] = not_before(incident)
    if slots.opens[slot] or slots.closes[slot] < FOREVER or slots.needs[:, slot].any():
        region.warm.timed_slots.add(slot)
    else:
        region.warm.timed_slots.discard(slot)


def needs_changed(region: RegionState, incident: Incident) -> None:
    """The incident asks for other things than before, or somebody excludes its customer now."""
    slots, lines, slot = region.warm.incidents, region.warm.lines, incident.slot
    before = slots.asked.pop(slot, [])
    asked = [n for n in needs_of(incident) if n.rule != "customer_excluded" or n.what[0] in region.excluded]
    slots.needs[:, slot] = 0
    for place, need in enumerate(asked):
        slots.needs[place, slot] = lines.take(need, region.engineers.values())
    for need in before:
        lines.give_back(need)
    if asked:
        slots.asked[slot] = asked


def exclusions_changed(region: RegionState, engineer: Engineer, before: Iterable[str] = ()) -> None:
    """The engineer is kept from other customers than before: those customers' incidents ask for it."""
    after = set(engineer.excluded_customers)
    before = set(before)
    for customers, change in ((before - after, -1), (after - before, 1)):
        for customer in customers:
            count = region.excluded.pop(customer, 0) + change
            if count:
                region.excluded[customer] = count
    if changed := before ^ after:
        for incident in region.incidents.values():
            if incident.customer_id in changed and incident.slot in region.by_slot:
                needs_changed(region, incident)
                window_changed(region, incident)


def incident_opened(region: RegionState, incident: Incident) -> None:
    """A new incident, or one from a snapshot, gets its columns."""
    slots, slot = region.warm.incidents, incident.slot
    slots.make_room(slot)
    weight = region.terms.weight[incident.tier] * weight_unit(region.terms)
    slots.place[:, slot] = unit_vector(incident.lat, incident.lon)
    slots.weight[slot] = max(1, round(weight))
    slots.promised[slot] = incident.promised_at
    slots.service[slot] = incident.expected_service_ms
    slots.unfair[slot] = incident.unfair_permille
    slots.product[slot] = region.warm.engineers.product_number(incident.product)
    slots.level[slot] = incident.level
    slots.by_people[slot] = not is_automatic(region, incident)
    needs_changed(region, incident)
    window_changed(region, incident)
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
    region.warm.forming.discard(slot)
    _count_pins(region, slot, ())
    for need in slots.asked.pop(slot, []):
        region.warm.lines.give_back(need)
    region.warm.timed_slots.discard(slot)


def terms_changed(region: RegionState) -> None:
    """Other weights: every open incident's column is written anew."""
    for incident in region.by_slot.values():
        incident_opened(region, incident)


def rebuild(region: RegionState) -> None:
    """Everything derived, from the state alone (after a restore)."""
    region.by_row = {e.row: e for e in region.engineers.values()}
    region.by_slot = {i.slot: i for i in region.incidents.values()}
    region.rows, region.slots = FreeNumbers(region.by_row), FreeNumbers(region.by_slot)
    for engineer in region.engineers.values():
        for customer in set(engineer.excluded_customers):
            region.excluded[customer] = region.excluded.get(customer, 0) + 1
        if engineer.pinned_incident is not None:
            region.wishes.setdefault(engineer.pinned_incident, []).append(engineer.engineer_id)
        region.warm.lines.make_room(engineer.row)
    for incident in region.incidents.values():
        incident_opened(region, incident)
    for engineer in region.engineers.values():
        skills_changed(region, engineer)
        engineer_changed(region, engineer)
        limits_changed(region, engineer)
