"""Whom an incident is matched with: everybody where few qualify, else those who could be there soonest.

Shortlists belong to the state: they stand in the snapshot, so a restored region decides as if it had never
stopped. Only a new incident, or a list grown old, looks at everybody: an event costs the same in any region.
"""

from __future__ import annotations

import numpy as np

from services.dispatch import mirror
from services.dispatch.geometry import unit_vector
from services.dispatch.rule_mask import fit_rows, fulfilled
from services.dispatch.state import Incident
from services.dispatch.travel import ms_per_radian, travel_ms_between
from services.dispatch.turn import Turn
from services.dispatch.warm import IDLE, WAITING, EngineerRows, Flags, Floats, Ints

LOOKS_A_PLAN = 2
MANY = 256
"""More engineers freed at once, as when a shift begins, are found by looking anew, not offered one by one."""
LOOKED_AT = 2
"""Busy engineers looked at for each place on the list, the nearest first."""


def bring_up_to_date(turn: Turn, waiting: Ints) -> None:
    """Let whoever became free join the lists of those who wait, and look anew where a list is due."""
    region = turn.region
    freed = dict.fromkeys(turn.freed)
    many = len(freed) > MANY
    for row in () if many else freed:
        _offer(turn, row, waiting)
    for slot in waiting.tolist():
        incident = region.by_slot[slot]
        if many or incident.near_until <= turn.now:
            look_around(turn, incident)


def bring_held_up_to_date(turn: Turn, held: Ints) -> None:
    """The same for what is under way; of long lists only a few a plan are looked at anew."""
    freed = dict.fromkeys(turn.freed)
    for row in () if len(freed) > MANY else freed:
        _offer(turn, row, held)
    looks = LOOKS_A_PLAN
    for slot in held.tolist():
        incident = turn.region.by_slot[slot]
        if incident.near_until > turn.now:
            continue
        if not incident.near_all:
            looks -= 1
        if looks >= 0:
            look_around(turn, incident)


def look_around(turn: Turn, incident: Incident) -> None:
    """Find the incident's shortlist among all engineers of the region."""
    region, size = turn.region, turn.policy.shortlist_size
    rows = fit_rows(region, incident, turn.now)
    incident.near_all = len(rows) <= size
    if not incident.near_all:
        rows, soonest = _soonest(turn, incident, rows)
        incident.near_reach = int(soonest[-1]) if len(soonest) == size else 0
    incident.near = rows.tolist()
    region.warm.incidents.near[incident.slot] = -1
    region.warm.incidents.near[incident.slot, : len(rows)] = rows
    incident.near_until = turn.now + round(turn.policy.shortlist_refresh_s * 1000)


def _soonest(turn: Turn, incident: Incident, rows: Ints) -> tuple[Ints, Ints]:
    """Up to the list's size of those on duty, the soonest first, and how soon (ms)."""
    region, size = turn.region, turn.policy.shortlist_size
    engineers = region.warm.engineers
    site = np.array(unit_vector(incident.lat, incident.lon))[:, None]
    # Where they stand or are going says well enough who is worth a closer look.
    apart = engineers.end.take(rows, axis=1)
    apart -= site
    apart *= apart
    squared = apart[0] + apart[1] + apart[2]
    standing = engineers.standing.take(rows)
    idle = _nearest(squared, standing == IDLE, size // 2)
    busy = _nearest(squared, standing > IDLE, LOOKED_AT * size)
    listed = np.concatenate([idle, busy])
    found = rows[listed]
    soon = (np.sqrt(squared[listed]) * ms_per_radian(region.terms)).astype(np.int64)
    soon[len(idle) :] += _roughly_left(engineers, rows[busy], turn.now)
    best_busy = len(idle) + np.argsort(soon[len(idle) :], kind="stable")[: size - len(idle)]
    kept = np.concatenate([np.arange(len(idle)), best_busy])
    order = kept[np.lexsort((found[kept], soon[kept]))]
    return found[order], soon[order]


def _roughly_left(engineers: EngineerRows, busy: Ints, now: int) -> Ints:
    """About how long (ms) before the busy are free: at least half of the expected work, also under way."""
    expected = engineers.work_expected.take(busy)
    left: Ints = np.maximum(expected + engineers.work_began.take(busy) - now, expected >> 1)
    return left


def _nearest(squared: Floats, which: Flags, count: int) -> Ints:
    """The places of the `count` least of `squared` among `which`, in no order."""
    there = np.flatnonzero(which)
    if len(there) <= count:
        return there
    picked: Ints = there[np.argpartition(squared[there], count)[:count]]
    return picked


def _offer(turn: Turn, row: int, waiting: Ints) -> None:
    region, size = turn.region, turn.policy.shortlist_size
    engineers, incidents = region.warm.engineers, region.warm.incidents
    qualified = engineers.levels[incidents.product[waiting], row] >= incidents.level[waiting]
    place = engineers.places_at(np.array([row]), turn.now)
    soon = travel_ms_between(incidents.place[:, waiting], place, ms_per_radian(region.terms))
    if turn.region.warm.is_timed():
        qualified &= fulfilled(region, waiting, np.full(len(waiting), row)) >= turn.now
    if turn.region.pins:
        locked = incidents.locked_row[waiting]
        qualified &= (locked < 0) | (locked == row)
    missing = ~(incidents.near[waiting] == row).any(axis=1)
    for at in np.flatnonzero(qualified & missing).tolist():
        incident = region.by_slot[int(waiting[at])]
        if incident.near_all and len(incident.near) >= size:
            incident.near_all, incident.near_until = False, 0
        elif len(incident.near) < size:
            incident.near = [row, *incident.near]
        elif soon[at] < incident.near_reach:
            incident.near = [row, *incident.near[:-1]]
        mirror.near_changed(region, incident)


def waiting_slots(turn: Turn) -> Ints:
    """The slots of all that waits, in order."""
    return np.flatnonzero(turn.region.warm.incidents.standing == WAITING)
