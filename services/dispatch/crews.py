"""Crews: an incident that needs several engineers gets all of them at once, or nobody.

Crews come before the matching, the heaviest and most urgent first: single jobs would take each engineer as
they become free, and no crew would ever be whole. A crew is made of those who can be there soonest and are
free or about to be; while the last of them is at work, for `crew_hold_min` at most, the others are kept free.
Nobody is turned away from a job for a crew, and a crew under way is not turned.
"""

from __future__ import annotations

import numpy as np

from services.dispatch import lifecycle
from services.dispatch.cost import Pairs, supply_at, travel_ms_of
from services.dispatch.mirror import is_automatic
from services.dispatch.modes import suggest
from services.dispatch.moments import minutes_ms
from services.dispatch.rule_mask import fit_rows, fulfilled, in_time, may_go
from services.dispatch.state import Incident
from services.dispatch.turn import Turn
from services.dispatch.warm import UNDER_WAY, WORKING, Ints

CREWS_AN_EVENT = 4
"""So many crews are looked at on an event, all of them on a tick that plans everything."""


def form_crews(turn: Turn) -> None:
    """Assign every crew that can start now, and keep free who is needed for one that soon can."""
    by_slot, slots = turn.region.by_slot, turn.region.warm.incidents
    forming = sorted(
        (by_slot[slot] for slot in turn.region.warm.forming),
        key=lambda i: (-int(slots.weight[i.slot]), i.promised_at, i.incident_id),
    )
    for incident in forming if turn.everywhere else forming[:CREWS_AN_EVENT]:
        _form(turn, incident)


def _form(turn: Turn, incident: Incident) -> None:
    crew = soonest_crew(turn, incident)
    if crew is None:
        if incident.suggested:
            suggest(turn, incident, [])
        return
    rows, arrives, at_work = crew
    opens = int(turn.region.warm.incidents.not_before[incident.slot])
    at_once = not at_work.any() and turn.now + int(arrives.min()) >= opens
    engineers = [turn.region.by_row[row] for row in rows.tolist()]
    if not is_automatic(turn.region, incident):
        suggest(turn, incident, engineers if at_once else [])
    elif at_once:
        lifecycle.assign(turn, incident, engineers)
    elif turn.now + int(arrives.max()) >= opens and arrives.max() <= minutes_ms(turn.policy.crew_hold_min):
        turn.kept += rows[~at_work].tolist()


def soonest_crew(turn: Turn, incident: Incident) -> tuple[Ints, Ints, np.ndarray] | None:
    """The crew that is whole soonest: rows, ms to each arrival, who is still at work; None: there is none.

    Work starts when the last arrives: every rule of when is asked of that moment.
    """
    region, slots = turn.region, turn.region.warm.incidents
    rows = fit_rows(region, incident, turn.now)
    slot = np.full(len(rows), incident.slot)
    rows = rows[may_go(turn, slot, rows)]
    supply = supply_at(region, turn.policy, rows, turn.now)
    column = np.flatnonzero(supply.standing != UNDER_WAY)
    pairs = Pairs(slot[: len(column)], column, supply, column >= 0)
    arrives = travel_ms_of(region, pairs) + supply.ready[column]
    locked = [region.engineers[name].row for name in incident.locked_to if name in region.engineers]
    pinned = np.isin(rows[column], locked)
    until = np.minimum(
        fulfilled(region, pairs.slot, rows[column]), region.warm.engineers.works_until[rows[column]]
    )
    fit = np.flatnonzero(in_time(region, pairs, turn.now))
    order = fit[np.lexsort((rows[column[fit]], arrives[fit], ~pinned[fit]))]
    while len(order) >= incident.crew:
        chosen = order[: incident.crew]
        starts = max(turn.now + int(arrives[chosen].max()), int(slots.opens[incident.slot]))
        short = chosen[until[chosen] < starts + incident.expected_service_ms]
        if not len(short):
            if pinned[chosen].sum() < len(incident.locked_to):
                return None
            return rows[column[chosen]], arrives[chosen], supply.standing[column[chosen]] == WORKING
        order = order[~np.isin(order, short)]
    return None
