"""Reads who is where, on what and until when from the regions' states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from schemas.lending import EngineerHandedOver
from services.dispatch.eligibility import limits_of, takes_work
from services.dispatch.geometry import unit_vector
from services.dispatch.handover import known_epoch
from services.dispatch.moments import minutes_ms, to_ms
from services.dispatch.needs import FOREVER
from services.dispatch.policy import DispatchPolicy
from services.dispatch.state import HELD, Engineer, RegionState
from services.dispatch.travel import travel_ms
from services.dispatch.warm import ABSENT, IDLE, JOINING, UNDER_WAY, WORKING
from services.whatif.columns import NOBODY, Engineers


class People:
    """Collects the rows of all engineers, region by region."""

    def __init__(
        self, states: Mapping[str, RegionState], products: Mapping[str, int], policy: DispatchPolicy, now: int
    ) -> None:
        self.names: list[str] = []
        self._rows: list[dict[str, Any]] = []
        self._states, self._products, self._now = states, products, now
        self._regions = {name: at for at, name in enumerate(sorted(states))}
        self._joins_before = minutes_ms(policy.lending_joins_min)
        for name in self._regions:
            for engineer in states[name].engineers.values():
                self._add(states[name], engineer)
        for handover in untaken(states):
            self._add_under_way(handover)

    def columns(self, held: Mapping[str, int]) -> Engineers:
        """Everybody; `held`: the job that each has in hand."""
        for name, row in zip(self.names, self._rows, strict=True):
            row["held"] = held.get(name, NOBODY)
        columns = {field: np.array([row[field] for row in self._rows]) for field in self._rows[0]}
        vectors = {name: columns[name].T.copy() for name in ("start", "end", "home")}
        levels = np.zeros((len(self._products), len(self._rows)), np.int64)
        for at, skills in enumerate(columns.pop("skills")):
            for product, level in skills.items():
                levels[self._products[product], at] = level
        return Engineers(**(columns | vectors), levels=levels)

    def _add(self, region: RegionState, engineer: Engineer) -> None:
        incident = region.incidents.get(engineer.incident_id or "")
        began, expected = 0, 1
        if incident is not None:
            began = incident.on_site_at or engineer.arrives_at or incident.assigned_at or self._now
            expected = max(1, incident.expected_service_ms)
            if incident.estimated_at is not None:
                began, expected = incident.estimated_at, max(1, incident.estimated_left_ms)
        here = unit_vector(engineer.lat, engineer.lon)
        moves = engineer.arrives_at is not None
        there = unit_vector(engineer.to_lat, engineer.to_lon) if moves else here
        self._keep(
            engineer.engineer_id,
            region=self._regions[region.region],
            phase=_phase(region, engineer),
            start=here,
            end=there,
            leg_from=engineer.placed_at,
            leg_to=engineer.placed_at if engineer.arrives_at is None else engineer.arrives_at,
            began=began,
            expected=expected,
            comes_on=_comes_on(engineer),
            works_until=min(limits_of(region, engineer).values(), default=FOREVER),
            loan_ends=self._loan_ends(region, engineer),
            home_region=self._home_region(region, engineer),
            home=unit_vector(engineer.home_lat, engineer.home_lon),
            skills=engineer.skills,
        )

    def _add_under_way(self, told: EngineerHandedOver) -> None:
        """Given by one region and not yet taken by the other: on the road, whoever has heard of it."""
        here = unit_vector(told.place.lat, told.place.lon)
        there = unit_vector(told.towards.lat, told.towards.lon)
        left, target = to_ms(told.departed_at), self._states[told.region]
        arrives = left + travel_ms(target.terms, here, there)
        going_home = told.region == told.loan.home_region
        self._keep(
            told.loan.engineer_id,
            region=self._regions[told.region],
            phase=JOINING if told.state == "available" else ABSENT,
            start=here,
            end=there,
            leg_from=left,
            leg_to=arrives,
            began=left,
            expected=max(1, arrives - left),
            comes_on=max(self._now, arrives - self._joins_before),
            works_until=FOREVER,
            loan_ends=FOREVER if going_home else to_ms(told.loan.until),
            home_region=self._regions.get(told.loan.home_region, NOBODY),
            home=unit_vector(told.engineer.home.lat, told.engineer.home.lon),
            skills=told.engineer.skills,
        )

    def _keep(self, name: str, **row: Any) -> None:
        self.names.append(name)
        self._rows.append({**row, "ends": FOREVER, "idle_since": self._now})

    def _home_region(self, region: RegionState, engineer: Engineer) -> int:
        home = region.region if engineer.loan is None else engineer.loan.home_region
        return self._regions.get(home, NOBODY)

    def _loan_ends(self, region: RegionState, engineer: Engineer) -> int:
        """Who has been called back goes home after the work in hand."""
        if engineer.loan is None or engineer.loan.home_region == region.region:
            return FOREVER
        return self._now if engineer.due_back else engineer.loan.until


def untaken(states: Mapping[str, RegionState]) -> Iterator[EngineerHandedOver]:
    """Handovers that one of these regions has said and the other has not heard yet."""
    for name in sorted(states):
        for gone in states[name].handed_over.values():
            target = states.get(gone.to_region)
            if gone.handover is None or target is None:
                continue
            if known_epoch(target, gone.engineer_id) < gone.owner_epoch:
                yield EngineerHandedOver.model_validate_json(gone.handover)


def _phase(region: RegionState, engineer: Engineer) -> int:
    incident = region.incidents.get(engineer.incident_id or "")
    if incident is not None:
        return UNDER_WAY if incident.state in HELD else WORKING
    if not takes_work(engineer) and not engineer.due_back:
        return ABSENT
    return IDLE if engineer.joins_at is None else JOINING


def _comes_on(engineer: Engineer) -> int:
    if engineer.joins_at is not None:
        return engineer.joins_at
    if engineer.state == "on_break" and engineer.duty is not None:
        return engineer.duty.break_ends_at or FOREVER
    return FOREVER if engineer.starts_at is None else engineer.starts_at
