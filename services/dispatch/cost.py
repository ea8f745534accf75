"""What it costs to send an engineer to an incident, in whole weighted milliseconds, pair by pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.dispatch import objective_terms as terms
from services.dispatch.mirror import weight_unit
from services.dispatch.moments import minutes_ms
from services.dispatch.policy import DispatchPolicy
from services.dispatch.remaining_work import work_left_ms
from services.dispatch.state import RegionState
from services.dispatch.travel import ms_per_radian, travel_ms_between
from services.dispatch.warm import JOINING, TURNABLE, UNDER_WAY, WAITING, WORKING, Flags, Floats, Ints


@dataclass(frozen=True, slots=True)
class Supply:
    """Engineers as columns: where they will be free, in how many ms, and how they can be matched."""

    rows: Ints
    places: Floats
    ready: Ints
    standing: Ints
    held_slot: Ints


def supply_at(region: RegionState, policy: DispatchPolicy, rows: Ints, now: int) -> Supply:
    """The engineers in `rows` as the matching sees them at `now` (ms).

    Who has reached the site works already, whatever their phone has said.
    """
    engineers = region.warm.engineers
    places = engineers.places_at(rows, now)
    standing = engineers.standing[rows].astype(np.int64)
    held = engineers.held_slot[rows]
    moving = np.flatnonzero(standing == UNDER_WAY)
    if len(moving):
        sites = region.warm.incidents.place.take(held[moving], axis=1)
        left = travel_ms_between(places[:, moving], sites, ms_per_radian(region.terms))
        arrived = left <= minutes_ms(policy.freeze_min)
        standing[moving[arrived]] = WORKING
        places[:, moving[arrived]] = sites[:, arrived]
    ready = np.zeros(len(rows), np.int64)
    joining = np.flatnonzero(standing == JOINING)
    if len(joining):
        ready[joining] = np.maximum(engineers.leg_to[rows[joining]] - now, 0)
        places[:, joining] = engineers.end.take(rows[joining], axis=1)
    working = np.flatnonzero(standing == WORKING)
    if len(working):
        left = work_left_ms(region, policy, rows[working], now)
        ready[working] = left * policy.soon_free_permille // 1000
    standing[joining] = WORKING
    return Supply(rows, places, ready, standing, held)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who may be sent where: `slot[k]` to `supply` column `column[k]`; not `at_once[k]`: only planned for."""

    slot: Ints
    column: Ints
    supply: Supply
    at_once: Flags


def pair_costs(region: RegionState, policy: DispatchPolicy, pairs: Pairs, now: int) -> Ints:
    """The cost of each pair, less what leaving the incident without a plan would cost: its parts' sum."""
    total = np.zeros(len(pairs.slot), np.int64)
    for part in cost_parts(region, policy, pairs, now).values():
        total += part
    return total


def cost_parts(
    region: RegionState, policy: DispatchPolicy, pairs: Pairs, now: int, took: Ints | None = None
) -> dict[str, Ints]:
    """What each pair costs, part by part, in whole weighted milliseconds; what is 0 for all may be absent.

    `took`: other travel times (ms) than the real ones, to see what would change.
    `response` and `promise`: weight x (wait, and the penalty where the promise would break), less the same of
    an incident left without a plan. `time`: the engineer's minutes while others wait (in an overload this
    orders by weight over work). `churn`: less the price of turning somebody away, where nobody is. The others
    are those of `objective_terms`, where the policy has a price for them.
    """
    incidents, supply = region.warm.incidents, pairs.supply
    weight = incidents.weight[pairs.slot]
    took = travel_ms_of(region, pairs) if took is None else took
    wait = took + supply.ready[pairs.column]
    wait = np.maximum(wait, incidents.opens[pairs.slot] - now)  # whoever is early waits at the gate
    spare = incidents.promised[pairs.slot] - now
    postponed = minutes_ms(policy.postpone_min)
    breaks = ((spare >= 0) & (wait > spare)).astype(np.int64)
    breaks -= (spare >= 0) & (postponed > spare)
    stays = incidents.standing[pairs.slot] == TURNABLE
    stays &= supply.held_slot[pairs.column] == pairs.slot
    engineer_time = took + incidents.service[pairs.slot]
    response = weight * (wait - postponed)
    parts = {
        "response": response,
        "promise": weight * (minutes_ms(region.terms.breach_penalty_min) * breaks),
        "time": time_price_permille(region, policy) * engineer_time // 1000,
        "churn": -(stays * churn_price(region, policy)),
    }
    return parts | terms.priced(region, policy, pairs, now + wait, took, response)


def travel_ms_of(region: RegionState, pairs: Pairs) -> Ints:
    """Milliseconds of travel of each pair, from where the engineer will be free."""
    places = pairs.supply.places.take(pairs.column, axis=1)
    sites = region.warm.incidents.place.take(pairs.slot, axis=1)
    return travel_ms_between(sites, places, ms_per_radian(region.terms))


def churn_price(region: RegionState, policy: DispatchPolicy) -> int:
    """The price of turning an engineer away, in the matcher's weighted milliseconds."""
    price = round(minutes_ms(policy.churn_price_weighted_min) * weight_unit(region.terms))
    return price + minutes_ms(policy.churn_price_per_backlog_min) * backlog_permille(region) // 1000


def time_price_permille(region: RegionState, policy: DispatchPolicy) -> int:
    """What an engineer's time costs those who wait: the policy's share of the backlog, x 1000."""
    return round(policy.backlog_share * backlog_permille(region))


def backlog_permille(region: RegionState) -> int:
    """The waiting weight for each engineer on duty, x 1000."""
    warm = region.warm
    waiting = int(warm.incidents.weight[warm.incidents.standing == WAITING].sum())
    on_duty = max(1, int(np.count_nonzero(warm.engineers.standing)))
    return round(1000 * waiting / on_duty)
