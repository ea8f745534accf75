"""Reads what is open, who has it in hand and who may have it from the regions' states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from schemas.base import TIERS, Tier
from services.dispatch.eligibility import closes_at, not_before, opens_at
from services.dispatch.geometry import unit_vector
from services.dispatch.mirror import weight_unit
from services.dispatch.needs import FOREVER, fulfilled_until, needs_of
from services.dispatch.state import ATTENDED, Engineer, Incident, RegionState
from services.dispatch.warm import Flags
from services.whatif.columns import NOBODY, Jobs


class Open(NamedTuple):
    """What is open: its rows, whose each is, who has which in hand, and who may have what has needs."""

    jobs: Jobs
    incidents: tuple[str, ...]
    held: dict[str, int]
    fit: dict[int, Flags]


def open_work(states: Mapping[str, RegionState], products: Mapping[str, int], names: Sequence[str]) -> Open:
    """Every open incident, a row each pair of hands; `names` are the engineers' rows."""
    rows: list[dict[str, Any]] = []
    incidents: list[str] = []
    held: dict[str, int] = {}
    fit: dict[int, Flags] = {}
    where = {name: row for row, name in enumerate(names)}
    for at, region in enumerate(states[name] for name in sorted(states)):
        crews: dict[str, list[str]] = {}
        for engineer in region.engineers.values():
            crews.setdefault(engineer.incident_id or "", []).append(engineer.engineer_id)
        for incident in region.incidents.values():
            if incident.waits_for is not None:
                continue  # nobody is sent there
            may_go = _fit(region, incident, where, len(names))
            hands, head = crews.get(incident.incident_id, []), len(rows)
            for number in range(max(incident.crew, len(hands))):
                holder = hands[number] if number < len(hands) else None
                if holder is not None:
                    held[holder] = len(rows)
                if may_go is not None:
                    fit[len(rows)] = may_go
                rows.append(_row(region, at, incident, products, head, where.get(holder or "", NOBODY)))
                incidents.append(incident.incident_id)
    return Open(columns_of(rows), tuple(incidents), held, fit)


def _row(
    region: RegionState, at: int, incident: Incident, products: Mapping[str, int], head: int, holder: int
) -> dict[str, Any]:
    attended = incident.state in ATTENDED
    return {
        "region": at,
        "place": unit_vector(incident.lat, incident.lon),
        "tier": TIERS.index(incident.tier),
        "weight": weight_of(region, incident.tier),
        "reported": incident.reported_at,
        "promised": incident.promised_at,
        "expected": max(1, incident.expected_service_ms),
        "product": products[incident.product],
        "level": incident.level,
        "opens": opens_at(incident),
        "not_before": not_before(incident),
        "closes": closes_at(incident),
        "head": head,
        "holder": holder,
        "arrived": (incident.on_site_at or incident.reported_at) if attended else FOREVER,
        "work": 0,
    }


def weight_of(region: RegionState, tier: Tier) -> int:
    """The tier's weight in the matcher's whole numbers."""
    return max(1, round(region.terms.weight[tier] * weight_unit(region.terms)))


def columns_of(rows: Sequence[Mapping[str, Any]]) -> Jobs:
    """Rows as columns."""
    if not rows:
        nothing: dict[str, Any] = {column.name: np.zeros(0, np.int64) for column in fields(Jobs)}
        return Jobs(**(nothing | {"place": np.zeros((3, 0))}))
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Jobs(**(columns | {"place": columns["place"].T.copy()}))


def _fit(region: RegionState, incident: Incident, where: Mapping[str, int], count: int) -> Flags | None:
    """Who may go where the incident asks for more than product and level; None where it does not."""
    needs = needs_of(incident)
    if not needs and not incident.locked_to and not incident.barred and not region.pins:
        return None
    may_go = np.zeros(count, np.bool_)
    for engineer in region.engineers.values():
        may_go[where[engineer.engineer_id]] = _is_fit(region, incident, engineer)
    return may_go


def _is_fit(region: RegionState, incident: Incident, engineer: Engineer) -> bool:
    if engineer.engineer_id in incident.barred:
        return False
    full = len(incident.locked_to) >= incident.crew and bool(incident.locked_to)
    pinned = full or bool(region.pins.get(engineer.engineer_id))
    if pinned and engineer.engineer_id not in incident.locked_to:
        return False
    return all(fulfilled_until(engineer, need) > 0 for need in needs_of(incident))
