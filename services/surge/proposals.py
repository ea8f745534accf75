"""Who goes where: one assignment over all engineers offered and all the help that lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from schemas.base import Place
from schemas.lending import Offer
from services.dispatch.geometry import arc_km, unit_vector
from services.dispatch.moments import MINUTE_MS
from services.dispatch.solver import linear_sum_assignment

HELPS = 1_000_000
"""Anybody who has the skill is better than nobody; what comes on top decides who."""
STAYS = 1_000_000_000
MOST_PLACES = 200


@dataclass(frozen=True, slots=True)
class Lack:
    """A region lacks `short` engineers for this work (ms by product), and awaits them at `staging`."""

    region: str
    short: int
    wanted: Mapping[str, int]
    staging: Place
    certificates: Sequence[str] = ()
    until: datetime | None = None
    """Whoever goes must have the certificates to this moment."""


@dataclass(frozen=True, slots=True)
class Spare:
    """A donor can do without `most` of these."""

    region: str
    most: int
    offers: Sequence[Offer]
    closed: frozenset[str] = frozenset()
    """Regions to which no border lets its engineers go."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One engineer's move."""

    offer: Offer
    home_region: str
    to: Lack


def admits(certificates: Sequence[str], until: datetime | None, offer: Offer) -> bool:
    """Whether whoever is offered has these certificates, to that moment (None: at all)."""
    held = {one.name: one.expires_at for one in offer.certificates or ()}
    return all(name in held and (until is None or held[name] >= until) for name in certificates)


def travel_ms(start: Place, end: Place, ms_per_km: float) -> int:
    """Whole milliseconds of a journey between two places."""
    return round(arc_km(unit_vector(start.lat, start.lon), unit_vector(end.lat, end.lon)) * ms_per_km)


def who_goes(
    lacks: Sequence[Lack], spares: Sequence[Spare], ms_per_km: float, price_permille: int
) -> list[Sent]:
    """The moves worth most together: skills wanted, less the journeys; no donor gives more than it can.

    A place stands for one engineer in one region and product; each donor has as many places to stay as it
    must keep of those it offers. Whole numbers and a fixed order: the same on every machine.
    """
    offers = [(spare, offer) for spare in spares if spare.most > 0 for offer in spare.offers]
    places = [(lack, product, worth) for lack in lacks for product, worth in _places(lack)]
    if not offers or not places:
        return []
    table = _worths(offers, places, ms_per_km, price_permille)
    table = np.concatenate([table, _staying(offers, spares)], axis=1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return [
        Sent(offers[row][1], offers[row][0].region, places[column][0])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if column < len(places) and table[row, column] > 0
    ]


def _places(lack: Lack) -> list[tuple[str, int]]:
    """Places by product in proportion to the work, the largest first, each with its worth (1 to 1,000)."""
    total = sum(lack.wanted.values())
    if total == 0:
        return []
    count = min(lack.short, MOST_PLACES)
    most = max(lack.wanted.values())
    ranked = sorted(lack.wanted.items(), key=lambda item: (-item[1], item[0]))
    places: list[tuple[str, int]] = []
    for product, work in ranked:
        places += [(product, 500 + 500 * work // most)] * -(-count * work // total)
    return places[:count]


def _worths(
    offers: Sequence[tuple[Spare, Offer]],
    places: Sequence[tuple[Lack, str, int]],
    ms_per_km: float,
    price_permille: int,
) -> np.ndarray:
    """What each engineer is worth in each place; 0 where the skill is missing."""
    table = np.zeros((len(offers), len(places)))
    spots = [unit_vector(lack.staging.lat, lack.staging.lon) for lack, *_ in places]
    for row, (spare, offer) in enumerate(offers):
        here = unit_vector(offer.place.lat, offer.place.lon)
        for column, (lack, product, worth) in enumerate(places):
            level = offer.skills.get(product, 0)
            if level == 0 or lack.region in spare.closed:
                continue
            if lack.certificates and not admits(lack.certificates, lack.until, offer):
                continue
            travel = round(arc_km(here, spots[column]) * ms_per_km * price_permille / MINUTE_MS)
            value = worth * (700 + 20 * level) + 200 * _use(offer, lack.wanted)
            missed = 1_500_000 // (offer.others_qualified + 1)
            table[row, column] = HELPS + max(0, value - travel - missed - (50_000 if offer.under_way else 0))
    return table


def _use(offer: Offer, wanted: Mapping[str, int]) -> int:
    """The share (permille) of the wanted work that the engineer's products cover."""
    covered = sum(work for product, work in wanted.items() if product in offer.skills)
    return 1000 * covered // max(1, sum(wanted.values()))


def _staying(offers: Sequence[tuple[Spare, Offer]], spares: Sequence[Spare]) -> np.ndarray:
    """Places at home: as many as each donor must keep are worth more than any move, the others nothing."""
    columns = []
    for spare in spares:
        mine = np.array([region.region == spare.region for region, _ in offers])
        kept = max(0, int(mine.sum()) - max(0, spare.most))
        columns += [np.where(mine, STAYS, -STAYS)] * kept
        columns += [np.where(mine, 0, -STAYS)] * (int(mine.sum()) - kept)
    return np.stack(columns, axis=1).astype(np.float64)
