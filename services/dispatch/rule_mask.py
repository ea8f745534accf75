"""The hard rules of `eligibility` for many pairs at once: one call, and nothing where no rule applies."""

from __future__ import annotations

import numpy as np

from services.dispatch.cost import Pairs, supply_at, travel_ms_of
from services.dispatch.state import Incident, RegionState
from services.dispatch.turn import Turn
from services.dispatch.warm import UNDER_WAY, WORKING, Flags, Ints


def allowed_pairs(turn: Turn, slots: Ints, slot: Ints, row: Ints) -> Pairs:
    """Of the pairs (`slot[k]`, `row[k]`) those that break no hard rule; `slots` are all of the plan.

    Who is under way to what this plan does not look at stays with it: nobody would take it back from them.
    """
    region = turn.region
    allowed = may_go(turn, slot, row)
    slot, row = slot[allowed], row[allowed]
    rows, column = np.unique(row, return_inverse=True)
    supply = supply_at(region, turn.policy, rows, turn.now)
    at_once = (supply.standing != WORKING)[column]
    pairs = Pairs(slot, column.astype(np.int64), supply, at_once)
    place = np.minimum(np.searchsorted(slots, supply.held_slot), len(slots) - 1)
    kept_out = (supply.standing == UNDER_WAY) & (slots[place] != supply.held_slot)
    free = ~kept_out[column]
    if region.modes:  # nobody is turned before somebody has confirmed it
        free &= ~(region.warm.incidents.by_people[slot] & (supply.standing == UNDER_WAY)[column])
    if region.warm.is_timed():
        early = _too_soon(region, pairs, turn.now)
        at_once &= ~early
        turned = (supply.standing == UNDER_WAY)[column]
        free &= in_time(region, pairs, turn.now) & ~(early & turned)
    return Pairs(slot[free], pairs.column[free], supply, at_once[free])


def may_go(turn: Turn, slot: Ints, row: Ints) -> Flags:
    """Which pairs break no rule of who: on duty, level, pins, not declined before."""
    engineers, incidents = turn.region.warm.engineers, turn.region.warm.incidents
    allowed: Flags = engineers.standing[row] > 0
    allowed &= engineers.levels[incidents.product[slot], row] >= incidents.level[slot]
    if turn.region.pins:
        locked = incidents.locked_row[slot]
        allowed &= (locked == row) | ((locked < 0) & (engineers.pins[row] == 0))
    if turn.kept:
        allowed &= ~np.isin(row, turn.kept)
    allowed &= ~_barred(turn, slot, row)
    return allowed


def in_time(region: RegionState, pairs: Pairs, now: int) -> Flags:
    """Which pairs break no rule of when: needs fulfilled to the job's end, window, working time.

    Whoever has the incident already is not held to what takes time.
    """
    incidents, engineers, supply = region.warm.incidents, region.warm.engineers, pairs.supply
    slot, column = pairs.slot, pairs.column
    row = supply.rows[column]
    arrives = now + travel_ms_of(region, pairs) + supply.ready[column]
    opens, closes = incidents.opens[slot], incidents.closes[slot]
    ends = np.maximum(arrives, opens) + incidents.service[slot]
    held = supply.held_slot[column] == slot
    until = fulfilled(region, slot, row)
    on_the_way: Flags = held & (until >= now)
    fit: Flags = (ends <= np.minimum(until, engineers.works_until[row])) & (arrives <= closes)
    return fit | on_the_way


def _too_soon(region: RegionState, pairs: Pairs, now: int) -> Flags:
    """Which pairs would wait before a closed gate, were they to leave now: no reason to turn anybody."""
    arrives = now + travel_ms_of(region, pairs) + pairs.supply.ready[pairs.column]
    held = pairs.supply.held_slot[pairs.column] == pairs.slot
    soon: Flags = ~held & (arrives < region.warm.incidents.not_before[pairs.slot])
    return soon


def fulfilled(region: RegionState, slot: Ints, row: Ints) -> Ints:
    """Until when (ms) the engineer of each pair fulfils all needs of the incident."""
    lines = region.warm.incidents.needs[:, slot]
    least: Ints = region.warm.lines.until[lines, row].min(axis=0)
    return least


def fit_rows(region: RegionState, incident: Incident, now: int) -> Ints:
    """The rows worth a place on the shortlist: qualified, not kept from it, with time enough left."""
    warm, slot = region.warm, incident.slot
    rows = warm.engineers.qualified(incident.product, incident.level)
    if incident.locked_to and incident.crew == 1:
        pinned = warm.incidents.locked_row[slot]
        rows = rows[rows == pinned]
    ends = max(now, int(warm.incidents.opens[slot])) + incident.expected_service_ms
    if warm.timed_rows:
        rows = rows[warm.engineers.works_until[rows] >= ends]
    if slot in warm.timed_slots:
        rows = rows[fulfilled(region, np.full(len(rows), slot), rows) >= ends]
    return rows


def _barred(turn: Turn, slot: Ints, row: Ints) -> Flags:
    barred = np.zeros(len(slot), np.bool_)
    for number, names in turn.region.warm.incidents.barred.items():
        for name, until in names.items():
            engineer = turn.region.engineers.get(name)
            if engineer is not None and until > turn.now:
                barred |= (slot == number) & (row == engineer.row)
    return barred
