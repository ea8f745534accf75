"""What else the objective can count, each at a price of the policy: 0 as shipped, since none of it paid.

Each takes pairs and gives whole weighted milliseconds a pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.dispatch.mirror import weight_unit
from services.dispatch.moments import minutes_ms
from services.dispatch.policy import DispatchPolicy
from services.dispatch.state import RegionState
from services.dispatch.travel import ms_per_km, ms_per_radian, travel_ms_between
from services.dispatch.warm import IDLE, Ints

if TYPE_CHECKING:
    from services.dispatch.cost import Pairs


def priced(
    region: RegionState, policy: DispatchPolicy, pairs: Pairs, arrives: Ints, took: Ints, response: Ints
) -> dict[str, Ints]:
    """The terms that the policy has a price for; `arrives`, `took` (travel): ms; `response`: its cost."""
    parts = {}
    if policy.travel_price_weighted_min_per_min:
        parts["travel"] = travel(region, policy, took)
    if policy.overtime_price_weighted_min_per_min:
        parts["overtime"] = overtime(region, policy, pairs, arrives)
    if policy.scarcity_price_weighted_min_per_level:
        parts["scarcity"] = scarcity(region, policy, pairs)
    if policy.cover_price_weighted_min:
        parts["cover"] = cover(region, policy, pairs)
    if policy.fairness_permille:
        parts["fairness"] = fairness(region, pairs, response)
    return parts


def travel(region: RegionState, policy: DispatchPolicy, took: Ints) -> Ints:
    """The price of the road, beside the waiting it means."""
    per_ms = round(policy.travel_price_weighted_min_per_min * weight_unit(region.terms))
    return per_ms * took


def overtime(region: RegionState, policy: DispatchPolicy, pairs: Pairs, begins: Ints) -> Ints:
    """What would run over the shift if the work took longer than expected; `begins`: ms of each arrival."""
    incidents, engineers = region.warm.incidents, region.warm.engineers
    longer = incidents.service[pairs.slot] * policy.overtime_service_permille // 1000
    until = engineers.works_until[pairs.supply.rows[pairs.column]]
    over = np.maximum(begins + longer - until, 0)
    cost: Ints = round(policy.overtime_price_weighted_min_per_min * weight_unit(region.terms)) * over
    return cost


def scarcity(region: RegionState, policy: DispatchPolicy, pairs: Pairs) -> Ints:
    """What the levels cost that the engineer has above those the incident asks for."""
    incidents = region.warm.incidents
    product = incidents.product[pairs.slot]
    has = region.warm.engineers.levels[product, pairs.supply.rows[pairs.column]].astype(np.int64)
    above = np.maximum(has - incidents.level[pairs.slot], 0)
    price = minutes_ms(policy.scarcity_price_weighted_min_per_level)
    cost: Ints = round(price * weight_unit(region.terms)) * above
    return cost


def cover(region: RegionState, policy: DispatchPolicy, pairs: Pairs) -> Ints:
    """The price of each idle engineer fewer than the floor that would be left near where this one stands."""
    supply = pairs.supply
    idle = np.flatnonzero(supply.standing == IDLE)
    places = supply.places.take(idle, axis=1)
    reach_ms = policy.cover_reach_km * ms_per_km(region.terms)
    apart = travel_ms_between(places[:, :, None], places[:, None, :], ms_per_radian(region.terms))
    left = (apart <= reach_ms).sum(axis=1) - 1
    missing = np.zeros(len(supply.rows), np.int64)
    missing[idle] = np.maximum(policy.cover_floor_engineers - left, 0)
    price = round(minutes_ms(policy.cover_price_weighted_min) * weight_unit(region.terms))
    return price * missing[pairs.column]


def fairness(region: RegionState, pairs: Pairs, response: Ints) -> Ints:
    """More weight to what lies where reports have been answered later than elsewhere."""
    return region.warm.incidents.unfair[pairs.slot] * (response // 1000)
