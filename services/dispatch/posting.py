"""Posting: an idle engineer waits where reports are expected, while that brings more than its road costs."""

from __future__ import annotations

import numpy as np

from services.dispatch import mirror, posting_receipts
from services.dispatch.cost import supply_at
from services.dispatch.cover import cover_of, travel_to_cells
from services.dispatch.demand import Forecast, forecast
from services.dispatch.membership import send
from services.dispatch.moments import minutes_ms
from services.dispatch.moves import Outlook, Round
from services.dispatch.travel import ms_per_km, ms_per_radian, travel_ms_between
from services.dispatch.turn import Turn
from services.dispatch.warm import ABSENT, IDLE, UNDER_WAY, Floats, Ints

ENGINEERS_MOST = 192
"""Larger regions post nobody: somebody idle is near, and looking at all would cost too much."""
POSTED_A_ROUND = 3


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
    outlook = Outlook(rows, seen, cover_of(region, seen, rows, *_next_free(turn, rows)))
    for _ in range(min(POSTED_A_ROUND, len(columns))):
        weighed = _weigh(turn, outlook, columns)
        if (best := weighed.best()) is None:
            return
        posting_receipts.explain(turn, outlook, weighed, best)
        column, cell = columns.pop(best[0]), int(weighed.posts[best[1]])
        outlook.cover.move(column, travel_to_cells(region, seen, seen.places[:, [cell]])[:, 0])
        send(turn, region.by_row[int(rows[column])], seen.degrees[cell])


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


def _weigh(turn: Turn, outlook: Outlook, columns: list[int]) -> Round:
    """Every move of those who may be posted to the places that wait longest."""
    region, policy, seen = turn.region, turn.policy, outlook.seen
    posts = outlook.cover.longest_waiting()
    places = seen.places.take(posts, axis=1)
    soon = travel_to_cells(region, seen, places)
    per_radian = ms_per_radian(region.terms)
    here = region.warm.engineers.end
    took = [travel_ms_between(here[:, [int(outlook.rows[one])]], places, per_radian) for one in columns]
    return Round(
        columns=tuple(columns),
        posts=posts,
        sooner_ms=outlook.cover.gains_ms(columns, soon),
        travel_ms=np.array(took),
        horizon_min=policy.posting_horizon_min,
        per_hour=seen.per_hour,
        mean_weight=_mean_weight(turn, seen),
        price_per_km=policy.posting_price_weighted_min_per_km,
        least=policy.posting_least_weighted_min,
        ms_per_km=ms_per_km(region.terms),
        circuity=region.terms.circuity,
    )


def _mean_weight(turn: Turn, seen: Forecast) -> float:
    """The mean weight of a report, as the terms have it."""
    weights = turn.region.terms.weight
    counts: list[int] = seen.kind_share.tolist()
    whole: float = sum(weights[kind[2]] * count for kind, count in zip(seen.kinds, counts, strict=True))
    return whole / sum(counts)
