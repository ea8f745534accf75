"""Who else could have been sent to an incident, and why they were not: a rule, or what they would cost."""

from __future__ import annotations

import numpy as np

from schemas.receipts import Candidate, LeftOut
from services.dispatch.cost import travel_ms_between
from services.dispatch.eligibility import first_broken_rule
from services.dispatch.inquiry import Inquiry
from services.dispatch.state import Engineer, Incident, RegionState
from services.dispatch.travel import ms_per_radian
from services.dispatch.warm import UNDER_WAY, WORKING, Ints

LOOKED_AT = 64
"""Of those who stand outside the matching so many of the soonest are asked for a stored receipt."""


def candidate(inquiry: Inquiry, pair: int, beside: int | None = None) -> Candidate:
    """The engineer of a matched pair; costs are what they are more than those of the pair `beside`."""
    matched, supply = inquiry.matched, inquiry.matched.pairs.supply
    column = int(matched.pairs.column[pair])
    asked = np.array([pair] if beside is None else [pair, beside])
    parts = inquiry.parts(asked)
    rejected = int(matched.given[matched.place[pair]]) != column
    plan_cost = instead = None
    if rejected:
        sent = matched.slot_given(column)
        instead = inquiry.region.by_slot[sent].incident_id if sent >= 0 else None
        if inquiry.may_solve(1):
            plan_cost = inquiry.weighted_min(matched.dearer_with(pair))
    working = supply.standing[column] == WORKING
    return Candidate(
        engineer_id=inquiry.region.by_row[int(supply.rows[column])].engineer_id,
        travel_time_s=int(inquiry.travel_ms(asked)[0]) / 1000,
        free_in_s=int(supply.ready[column]) / 1000 if working else None,
        cost={
            name: inquiry.weighted_min(cost)
            for name, part in parts.items()
            if (cost := int(part[0] if beside is None else part[0] - part[1]))
        },
        plan_cost=plan_cost,
        instead=instead,
    )


def least_dear(inquiry: Inquiry, at: int) -> Ints:
    """The pairs of an incident that the plan did not choose, the least costly first."""
    matched = inquiry.matched
    pairs = matched.pairs_of(at)
    pairs = pairs[matched.pairs.column[pairs] != matched.given[at]]
    order: Ints = pairs[np.lexsort((matched.pairs.column[pairs], matched.cost[pairs]))]
    return order


def left_out(
    region: RegionState, incident: Incident, now: int, matched_rows: Ints, within_ms: int | None, most: int
) -> list[Candidate]:
    """Those who were not matched with the incident, soonest first: a rule forbids it, or another reason.

    `within_ms`: only those who would have been there sooner. Off shift nobody's travel is told.
    """
    found: list[Candidate] = []
    for engineer, took in _soonest_outside(region, incident, now, matched_rows, within_ms, most):
        rule = first_broken_rule(region, engineer, incident, now, took)
        found.append(
            Candidate(
                engineer_id=engineer.engineer_id,
                travel_time_s=None if engineer.state == "off_shift" else took / 1000,
                rule=rule,
                left_out=None if rule is not None else why_not_matched(region, engineer),
            )
        )
    return found


def _soonest_outside(
    region: RegionState, incident: Incident, now: int, matched_rows: Ints, within_ms: int | None, most: int
) -> list[tuple[Engineer, int]]:
    rows = np.array(sorted(region.by_row), np.int64)
    rows = rows[np.isin(rows, matched_rows, invert=True, assume_unique=True)]
    places = region.warm.engineers.places_at(rows, now)
    site = region.warm.incidents.place[:, [incident.slot]]
    took = travel_ms_between(places, site, ms_per_radian(region.terms))
    if within_ms is not None:
        near = took < within_ms
        rows, took = rows[near], took[near]
    if len(rows) > most:
        nearest = np.argpartition(took, most)[:most]
        rows, took = rows[nearest], took[nearest]
    order = np.lexsort((rows, took))
    return [
        (region.by_row[row], ms) for row, ms in zip(rows[order].tolist(), took[order].tolist(), strict=True)
    ]


def why_not_matched(region: RegionState, engineer: Engineer) -> LeftOut:
    """Of somebody who breaks no rule: under way and kept there, or not among those listed."""
    standing = region.warm.engineers.standing[engineer.row]
    return "committed" if standing == UNDER_WAY else "not_listed"


def broken_rules(region: RegionState, incident: Incident, now: int) -> dict[str, int]:
    """How many engineers of the region each rule is the first to forbid; nobody is left out of the count."""
    counts: dict[str, int] = {}
    for engineer in region.engineers.values():
        rule = first_broken_rule(region, engineer, incident, now)
        if rule is not None:
            counts[rule] = counts.get(rule, 0) + 1
    return dict(sorted(counts.items()))
