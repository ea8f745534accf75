"""Posting: an idle engineer waits where reports are expected, while that brings more than its road costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.dispatch import mirror
from services.dispatch.cost import supply_at
from services.dispatch.cover import Cover, cover_of, travel_to_cells
from services.dispatch.demand import Forecast, forecast
from services.dispatch.membership import send
from services.dispatch.moments import MINUTE_MS, minutes_ms
from services.dispatch.travel import ms_per_km, ms_per_radian, travel_ms_between
from services.dispatch.turn import Turn
from services.dispatch.warm import ABSENT, IDLE, UNDER_WAY, Floats, Ints

ENGINEERS_MOST = 192
"""Larger regions post nobody: somebody idle is near, and looking at all would cost too much."""
POSTED_A_ROUND = 3


class Move(NamedTuple):
    """An engineer (column of the cover) who would wait at a cell of the forecast instead."""

    column: int
    cell: int
    net_weighted_min: float


def post_idle(turn: Turn) -> None:
    """Send a few of those idle to where they would answer sooner, the move that brings most first."""
    region, policy = turn.region, turn.policy
    region.posted_at = turn.now
    by_hand = any(mode != "automatic" for mode in region.modes.values())
    if policy.posting_horizon_min <= 0 or by_hand or len(region.engineers) > ENGINEERS_MOST:
        return
    mirror.places_changed(region)
    rows = np.flatnonzero(region.warm.engineers.standing != ABSENT)
    columns = _postable(turn, rows)
    if not columns or (seen := forecast(region.demand, turn.now)) is None:
        return
    cover = cover_of(region, seen, rows, *_next_free(turn, rows))
    for _ in range(POSTED_A_ROUND):
        move = _best_move(turn, seen, cover, rows, columns)
        if move is None:
            return
        columns.remove(move.column)
        cover.move(move.column, travel_to_cells(region, seen, seen.places[:, [move.cell]])[:, 0])
        send(turn, region.by_row[int(rows[move.column])], seen.degrees[move.cell])


def _postable(turn: Turn, rows: Ints) -> list[int]:
    """Columns of those who stand idle, are pinned to nothing, and may work on for the horizon."""
    engineers = turn.region.warm.engineers
    until = turn.now + minutes_ms(turn.policy.posting_horizon_min)
    free = (engineers.standing[rows] == IDLE) & (engineers.leg_to[rows] <= turn.now)
    free &= (engineers.pins[rows] == 0) & (engineers.works_until[rows] > until)
    columns: list[int] = np.flatnonzero(free).tolist()
    return columns


def _next_free(turn: Turn, rows: Ints) -> tuple[Floats, Ints]:
    """Where (3 x rows) and in how many ms each could next set out."""
    region = turn.region
    incidents = region.warm.incidents
    supply = supply_at(region, turn.policy, rows, turn.now)
    places, ready = supply.places, supply.ready
    idle = np.flatnonzero(supply.standing == IDLE)
    places[:, idle] = region.warm.engineers.end.take(rows[idle], axis=1)
    moving = np.flatnonzero(supply.standing == UNDER_WAY)
    slots = supply.held_slot[moving]
    sites = incidents.place.take(slots, axis=1)
    left = travel_ms_between(places[:, moving], sites, ms_per_radian(region.terms))
    ready[moving] = left + incidents.service[slots]
    places[:, moving] = sites
    return places, ready


def _best_move(turn: Turn, seen: Forecast, cover: Cover, rows: Ints, columns: list[int]) -> Move | None:
    """The move that brings the most beyond the price of its road; None where none pays.

    While it is on the road half of a move's gain is taken to be there.
    """
    region, policy = turn.region, turn.policy
    posts = cover.longest_waiting()
    places = seen.places.take(posts, axis=1)
    soon = travel_to_cells(region, seen, places)
    weighted_per_min = seen.per_hour / 60 * _mean_weight(turn, seen)
    best: Move | None = None
    for column in columns:
        here = region.warm.engineers.end[:, [int(rows[column])]]
        took = travel_ms_between(here, places, ms_per_radian(region.terms))
        served_min = np.maximum(policy.posting_horizon_min - took / (2 * MINUTE_MS), 0.0)
        gained = cover.gains_ms(column, soon) / MINUTE_MS * weighted_per_min * served_min
        road_km = took / ms_per_km(region.terms) * region.terms.circuity
        net = gained - policy.posting_price_weighted_min_per_km * road_km
        post = int(net.argmax())
        if net[post] > (best.net_weighted_min if best else policy.posting_least_weighted_min):
            best = Move(column, int(posts[post]), float(net[post]))
    return best


def _mean_weight(turn: Turn, seen: Forecast) -> float:
    """The mean weight of a report, as the terms have it."""
    weights = turn.region.terms.weight
    counts: list[int] = seen.kind_share.tolist()
    whole: float = sum(weights[kind[2]] * count for kind, count in zip(seen.kinds, counts, strict=True))
    return whole / sum(counts)
