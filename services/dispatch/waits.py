"""Why an incident is left waiting: nobody may go, it is planned for somebody, or others come first."""

from __future__ import annotations

import numpy as np

from schemas.receipts import Waiting
from services.dispatch.candidates import broken_rules
from services.dispatch.eligibility import not_before
from services.dispatch.inquiry import Inquiry
from services.dispatch.moments import to_moment
from services.dispatch.state import Incident, RegionState
from services.dispatch.warm import Ints


def why_waiting(inquiry: Inquiry, at: int, incident: Incident) -> Waiting:
    """The reason of an incident of the plan that nobody is sent to now."""
    matched = inquiry.matched
    column = int(matched.given[at])
    if column >= 0:
        return _planned(inquiry, at, column)
    pairs = matched.pairs_of(at)
    if not len(pairs):
        return without_a_pair(inquiry.region, incident, inquiry.now)
    return _others_first(inquiry, at, pairs)


def without_a_pair(region: RegionState, incident: Incident, now: int) -> Waiting:
    """The reason where nobody was matched with the incident at all."""
    if incident.waits_for is not None:
        return Waiting(why="cause", waits_for=incident.waits_for)
    rules = broken_rules(region, incident, now)
    everybody = sum(rules.values()) == len(region.engineers)
    if everybody:
        return Waiting(why="nobody_may_go", rules=rules)
    return Waiting(why="nobody_listed" if incident.crew == 1 else "crew_incomplete", rules=rules)


def _planned(inquiry: Inquiry, at: int, column: int) -> Waiting:
    matched, supply = inquiry.matched, inquiry.matched.pairs.supply
    pair, slot = matched.pair_of(at, column), int(matched.slots[at])
    free_at = inquiry.now + int(supply.ready[column])
    travel = int(inquiry.travel_ms(matched.pairs_of(at))[matched.pairs_of(at).tolist().index(pair)])
    return Waiting(
        why="planned",
        engineer_id=inquiry.region.by_row[int(supply.rows[column])].engineer_id,
        free_at=to_moment(free_at),
        arrives_at=to_moment(max(free_at + travel, not_before(inquiry.region.by_slot[slot]))),
    )


def _others_first(inquiry: Inquiry, at: int, pairs: Ints) -> Waiting:
    """What serving it all the same would cost the whole plan, and whom that would take from where."""
    matched = inquiry.matched
    pair = int(pairs[np.argmin(inquiry.alternatives(at).dearer)])
    column = int(matched.pairs.column[pair])
    slot = matched.slot_given(column)
    return Waiting(
        why="others_first",
        engineer_id=inquiry.region.by_row[int(matched.pairs.supply.rows[column])].engineer_id,
        plan_cost=inquiry.weighted_min(inquiry.dearer_with(pair)),
        instead_of=inquiry.region.by_slot[slot].incident_id if slot >= 0 else None,
    )
