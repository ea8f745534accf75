"""Who else could have been sent to an incident, and why they were not: a rule, or what they would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from schemas.receipts import Candidate, LeftOut
from services.dispatch.cost import supply_at
from services.dispatch.eligibility import first_broken_rule
from services.dispatch.inquiry import Inquiry
from services.dispatch.state import Engineer, Incident, RegionState
from services.dispatch.travel import ms_per_radian, travel_ms_between
from services.dispatch.warm import UNDER_WAY, WORKING, Ints

if TYPE_CHECKING:
    from services.dispatch.turn import Turn

LOOKED_AT = 16
"""In a large region so many of the nearest are looked at for each place among those left out."""


def candidates(
    inquiry: Inquiry, chosen: int | None, rivals: Ints
) -> tuple[Candidate | None, list[Candidate]]:
    """The engineer of the chosen pair, and those of `rivals`: what they are dearer than the chosen one."""
    asked = rivals if chosen is None else np.concatenate([[chosen], rivals])
    if not len(asked):
        return None, []
    parts = inquiry.parts(asked)
    travel = inquiry.travel_ms(asked).tolist()
    told = []
    for number, pair in enumerate(asked.tolist()):
        compared = chosen is not None and number > 0
        cost = {
            name: inquiry.weighted_min(value)
            for name, part in parts.items()
            if (value := int(part[number] - part[0] if compared else part[number]))
        }
        told.append(_candidate(inquiry, pair, travel[number], cost, is_chosen=pair == chosen))
    return (None, told) if chosen is None else (told[0], told[1:])


def _candidate(
    inquiry: Inquiry, pair: int, travel_ms: int, cost: dict[str, float], *, is_chosen: bool
) -> Candidate:
    matched, supply = inquiry.matched, inquiry.matched.pairs.supply
    column = int(matched.pairs.column[pair])
    sent = -1 if is_chosen else matched.slot_given(column)
    working = supply.standing[column] == WORKING
    return Candidate(
        engineer_id=inquiry.region.by_row[int(supply.rows[column])].engineer_id,
        travel_time_s=travel_ms / 1000,
        free_in_s=int(supply.ready[column]) / 1000 if working else None,
        cost=cost,
        plan_cost=None if is_chosen else inquiry.weighted_min(inquiry.dearer_with(pair)),
        instead=inquiry.region.by_slot[sent].incident_id if sent >= 0 else None,
    )


def best_rivals(inquiry: Inquiry, at: int) -> Ints:
    """The pairs of an incident that the plan did not choose, those first that would burden it least."""
    matched, found = inquiry.matched, inquiry.alternatives(at)
    column = matched.pairs.column[found.pairs]
    order = np.lexsort((column, found.dearer))
    rivals: Ints = found.pairs[order[column[order] != matched.given[at]]]
    return rivals


def left_out(
    turn: Turn, incident: Incident, matched_rows: Ints, within_ms: int | None, most: int
) -> list[Candidate]:
    """Those who were not matched with the incident, soonest first: a rule forbids it, or another reason.

    `within_ms`: only those who would have been there by then. Off shift nobody's travel is told.
    """
    region, found = turn.region, []
    for row, took, ready in _soonest_outside(turn, incident, matched_rows, within_ms, most):
        engineer = region.by_row[row]
        rule = first_broken_rule(region, engineer, incident, turn.now, ready + took)
        found.append(
            Candidate(
                engineer_id=engineer.engineer_id,
                travel_time_s=None if engineer.state == "off_shift" else took / 1000,
                free_in_s=ready / 1000 if ready else None,
                rule=rule,
                left_out=None if rule is not None else why_not_matched(region, engineer),
            )
        )
    return found


def _soonest_outside(
    turn: Turn, incident: Incident, matched_rows: Ints, within_ms: int | None, most: int
) -> list[tuple[int, int, int]]:
    """Row, travel (ms) and how long they are still at work (ms)."""
    region = turn.region
    rows = _nearest_rows(region, incident, LOOKED_AT * most + len(matched_rows), within_ms)
    rows = rows[np.isin(rows, matched_rows, invert=True, assume_unique=True)]
    supply = supply_at(region, turn.policy, rows, turn.now)
    site = region.warm.incidents.place[:, [incident.slot]]
    took = travel_ms_between(supply.places, site, ms_per_radian(region.terms))
    there = took + supply.ready
    near = np.arange(len(rows)) if within_ms is None else np.flatnonzero(there <= within_ms)
    if len(near) > most:
        near = near[np.argpartition(there[near], most)[:most]]
    near = near[np.lexsort((rows[near], there[near]))]
    return list(zip(rows[near].tolist(), took[near].tolist(), supply.ready[near].tolist(), strict=True))


def _nearest_rows(region: RegionState, incident: Incident, most: int, within_ms: int | None) -> Ints:
    """The rows of about so many engineers who stand, or are going, nearest: one pass over a large region."""
    if len(region.by_row) <= most:
        return np.array(sorted(region.by_row), np.int64)
    apart = region.warm.engineers.end - region.warm.incidents.place[:, [incident.slot]]
    apart *= apart
    squared = apart[0] + apart[1] + apart[2]
    near = np.arange(len(squared))
    if within_ms is not None:
        near = np.flatnonzero(squared <= (within_ms / ms_per_radian(region.terms)) ** 2)
    if len(near) > most:
        near = np.sort(near[np.argpartition(squared[near], most)[:most]])
    return np.array([row for row in near.tolist() if row in region.by_row], np.int64)


def why_not_matched(region: RegionState, engineer: Engineer) -> LeftOut:
    """Of somebody who breaks no rule: under way and kept there, or not among those listed."""
    standing = region.warm.engineers.standing[engineer.row]
    return "committed" if standing == UNDER_WAY else "not_listed"


def broken_rules(region: RegionState, incident: Incident, now: int) -> dict[str, int]:
    """How many engineers of the region each rule is the first to forbid; nobody is left out of the count."""
    counts: dict[str, int] = {}
    qualified = region.warm.engineers.qualified(incident.product, incident.level).tolist()
    if unqualified := len(region.engineers) - len(qualified):
        counts["unqualified"] = unqualified  # the first rule asked; the others are asked of the rest
    for row in qualified:
        rule = first_broken_rule(region, region.by_row[row], incident, now)
        if rule is not None:
            counts[rule] = counts.get(rule, 0) + 1
    return dict(sorted(counts.items()))
