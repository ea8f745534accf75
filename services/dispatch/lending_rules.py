"""Whom a region may lend: its rules, each with a word, and how many it can spare."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from schemas.exercises import is_exercise_region, real_region
from services.dispatch.eligibility import limits_of
from services.dispatch.state import ATTENDED, Engineer, RegionState
from services.dispatch.turn import Turn

SENTENCES = {
    "unknown_engineer": "does not belong to this region",
    "at_home": "is in that region already",
    "already_lent": "is lent already",
    "on_loan": "is on loan here: only the home region lends",
    "returning": "is still on the way home from another loan",
    "off_shift": "is off shift",
    "shift_end": "ends the shift before the loan does",
    "rest": "must rest before the loan ends",
    "week": "has used up the week's hours before the loan ends",
    "resting": "is resting",
    "pinned": "is pinned to an incident here",
    "on_site": "is at work on site",
    "unreachable": "can not be reached",
    "stale_epoch": "has changed regions since the plan was made",
    "exercise": "may not be lent between an exercise and what is real",
    "border": "may not be lent across that border",
    "certificate": "has no certificate, to the end of the loan, that is needed there",
    "too_late": "would be lent for a time that has passed",
    "last_of_the_skill": "is among the last here with a skill",
    "below_the_floor": "is needed: the region would keep fewer than its floor",
}


MAX_LOAN_MS = 14 * 24 * 3600 * 1000
"""No loan is planned or extended for longer than this from now: every loan ends."""


def first_broken_rule(
    region: RegionState,
    name: str,
    now: int,
    until: int,
    to_region: str | None = None,
    certificates: Iterable[str] = (),
) -> str | None:
    """The first rule that forbids lending this engineer, as a fixed word; None where none does.

    `to_region` and the `certificates` needed there: where they would go, if that is known.
    """
    engineer = region.engineers.get(name)
    if engineer is None:
        gone = region.handed_over.get(name)
        lent = gone is not None and gone.loan.home_region == region.region != gone.to_region
        return "already_lent" if lent else "unknown_engineer"
    if engineer.loan is not None:
        return "returning" if engineer.loan.home_region == region.region else "on_loan"
    if until <= now:
        return "too_late"
    if (rule := _not_admitted(region, engineer, until, to_region, certificates)) is not None:
        return rule
    return _not_at_hand(region, engineer, until)


def _not_admitted(
    region: RegionState, engineer: Engineer, until: int, to_region: str | None, certificates: Iterable[str]
) -> str | None:
    """Whether a border or a certificate keeps them out of where they would go."""
    if to_region is not None and is_exercise_region(to_region) != region.exercise:
        return "exercise"
    lends_to = region.rules.lends_to
    if to_region is not None and lends_to is not None and real_region(to_region) not in lends_to:
        return "border"
    return "certificate" if lacks_certificate(engineer, certificates, until) else None


def lacks_certificate(engineer: Engineer, certificates: Iterable[str], until: int) -> bool:
    """Whether one of these certificates is missing, or expires before `until` (ms)."""
    held = dict(sorted(engineer.certificates, key=lambda one: one[1]))
    return any(held.get(name, -1) < until for name in certificates)


def _not_at_hand(region: RegionState, engineer: Engineer, until: int) -> str | None:
    if engineer.state == "off_shift" or engineer.leaving or engineer.called_until is not None:
        return "off_shift"
    if engineer.state == "on_break":
        return "resting"
    limits = limits_of(region, engineer)
    rule = next((rule for rule in ("shift_end", "rest", "week") if limits.get(rule, until) < until), None)
    if rule is not None or region.pins.get(engineer.engineer_id):
        return rule or "pinned"
    incident = region.incidents.get(engineer.incident_id or "")
    if incident is not None and incident.state in ATTENDED:
        return "on_site"
    return None if engineer.reachable else "unreachable"


def spare(turn: Turn) -> int:
    """How many of its own the region could give and still keep its floor."""
    here, strength = home_strength(turn.region)
    floor = -(-strength * turn.policy.lending_floor_permille // 1000)
    return max(0, here - floor)


def home_strength(region: RegionState) -> tuple[int, int]:
    """Of the region's own engineers on shift: those who are here, and all with those lent."""
    here = sum(
        e.state != "off_shift" and (e.loan is None or e.loan.home_region == region.region)
        for e in region.engineers.values()
    )
    away = sum(
        gone.loan.home_region == region.region
        and gone.to_region != region.region
        and name not in region.engineers
        for name, gone in region.handed_over.items()
    )
    return here, here + away


def others_qualified(region: RegionState, engineer: Engineer) -> int:
    """How many others on duty can do what the engineer can, in the product where they are fewest."""
    rows = region.warm.engineers
    on_duty = rows.standing > 0
    counts = [
        int(np.count_nonzero(on_duty[rows.qualified(product, level)]))
        for product, level in engineer.skills.items()
    ]
    return min(counts, default=1) - 1
