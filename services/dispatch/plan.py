"""One plan: who goes where now, who is turned, and what waits for somebody about to be free."""

from __future__ import annotations

import numpy as np

from services.dispatch import lifecycle, mirror, receipts, shortlist
from services.dispatch.cost import Pairs, pair_costs, supply_at
from services.dispatch.crews import form_crews
from services.dispatch.matched import Matched
from services.dispatch.modes import suggest
from services.dispatch.rule_mask import allowed_pairs
from services.dispatch.state import HELD, Engineer
from services.dispatch.swarm_places import fill_places
from services.dispatch.travel import ms_per_radian, travel_ms_between
from services.dispatch.turn import Turn
from services.dispatch.warm import TURNABLE, UNDER_WAY, Ints

WHOLE_REGION = 192
"""Regions with no more engineers than this use whole lists."""
FEWEST_NEAR = 8
PAIRS = 256
"""In large regions an incident is matched with the first of its list: about so many pairs a plan."""


def plan(turn: Turn) -> None:
    """Match what waits, and what could be turned, with engineers; let happen now what can happen now."""
    region = turn.region
    region.planned_at = turn.now
    waiting = shortlist.waiting_slots(turn)
    if not len(waiting) and not turn.freed and not region.warm.forming:
        return
    mirror.places_changed(region)
    form_crews(turn)
    if region.swarms:
        fill_places(turn)
        waiting = shortlist.waiting_slots(turn)
    shortlist.bring_up_to_date(turn, waiting)
    waiting = _concerned(turn, waiting)
    held = _worth_turning(turn, waiting)
    shortlist.bring_held_up_to_date(turn, held)
    slots = np.union1d(waiting, held)
    if not len(slots):
        return
    pairs = _allowed_pairs(turn, slots)
    cost = pair_costs(region, turn.policy, pairs, turn.now)
    matched = Matched.solve(slots, pairs, cost)
    receipts.explain(turn, matched)
    _carry_out(turn, matched)


def _concerned(turn: Turn, waiting: Ints) -> Ints:
    """What waits and could be served otherwise because of this event: in large regions, what is near it."""
    region = turn.region
    if turn.everywhere or len(region.engineers) <= WHOLE_REGION:
        return waiting
    near = region.warm.incidents.near
    concerned = np.zeros(len(region.warm.engineers.standing) + 1, np.bool_)
    concerned[turn.freed] = True
    for incident in turn.queued:
        concerned[incident.near] = True
    kept: Ints = waiting[concerned[near[waiting]].any(axis=1)]
    return kept


def _worth_turning(turn: Turn, waiting: Ints) -> Ints:
    """Incidents whose engineer could be turned; in large regions those nearest to what changed."""
    region, most = turn.region, turn.policy.held_considered
    incidents = region.warm.incidents
    slots = np.flatnonzero(incidents.standing == TURNABLE)
    if not len(slots):
        return slots
    holders = incidents.holder[slots]
    if len(slots) > most:
        slots, holders = _nearest_to_change(turn, waiting, slots, holders, most)
    supply = supply_at(region, turn.policy, holders, turn.now)
    turnable = slots[supply.standing == UNDER_WAY].tolist()
    again = [slot for slot in turnable if region.by_slot[slot].diversions < turn.policy.diversions_most]
    return np.array(again, np.int64)


def _nearest_to_change(turn: Turn, waiting: Ints, slots: Ints, holders: Ints, most: int) -> tuple[Ints, Ints]:
    """The `most` whose engineer could soonest reach what changed, or that a freed one could."""
    region = turn.region
    engineers, incidents = region.warm.engineers, region.warm.incidents
    per_radian = ms_per_radian(region.terms)
    nearest = np.full(len(slots), np.iinfo(np.int64).max)
    changed = [i.slot for i in turn.queued if i.state == "waiting"] or waiting[:4].tolist()
    places = engineers.places_at(holders, turn.now)
    for slot in changed[:4]:
        nearest = np.minimum(nearest, travel_ms_between(places, incidents.place[:, [slot]], per_radian))
    for row in turn.freed[:4]:
        place = engineers.places_at(np.array([row]), turn.now)
        nearest = np.minimum(nearest, travel_ms_between(incidents.place[:, slots], place, per_radian))
    picked = np.sort(np.argpartition(nearest, most)[:most])
    return slots[picked], holders[picked]


def _allowed_pairs(turn: Turn, slots: Ints) -> Pairs:
    """Each incident with the engineers of its list who may be sent there, and with the one it has."""
    region = turn.region
    incidents = region.warm.incidents
    whole = len(region.engineers) <= WHOLE_REGION
    width = turn.policy.shortlist_size if whole else max(FEWEST_NEAR, PAIRS // len(slots))
    near = incidents.near[slots][:, :width].astype(np.int64)
    near = np.concatenate([near, incidents.holder[slots][:, None]], axis=1)
    # Whoever holds an incident may stand in its list as well: once is enough.
    near[:, :-1][near[:, :-1] == near[:, -1:]] = -1
    at, place = np.nonzero(near >= 0)
    row, slot = near[at, place], slots[at]
    return allowed_pairs(turn, slots, slot, row)


def _carry_out(turn: Turn, matched: Matched) -> None:
    """Turn away whoever goes elsewhere, then assign whoever can go now; the rest of the plan waits."""
    region, slots = turn.region, matched.slots
    rows = [matched.row_given(at) for at in range(len(slots))]
    turned: dict[int, tuple[Engineer, str]] = {}
    for slot, row in zip(slots.tolist(), rows, strict=True):
        incident = region.by_slot[slot]
        if incident.state not in HELD or region.assigned_engineer(incident).row == row:
            continue
        engineer = lifecycle.take_back(turn, incident, "diverted")
        turned[engineer.row] = (engineer, incident.incident_id)
    for at, (slot, row) in enumerate(zip(slots.tolist(), rows, strict=True)):
        incident = region.by_slot[slot]
        if incident.state != "waiting":
            continue
        if not mirror.is_automatic(region, incident):
            suggest(turn, incident, [region.by_row[row]] if matched.at_once[at] else [])
            continue
        if not matched.at_once[at]:
            continue
        _, left = turned.pop(row, (None, None))
        lifecycle.assign(turn, incident, [region.by_row[row]], left)
    for engineer, _ in turned.values():
        lifecycle.change_engineer(turn, engineer, "available", "stood_down")
