"""What the next reports are like, and where: drawn from those before, with the doubt that few leave.

Each future draws its own weights on what was reported (the Bayesian bootstrap: Rubin, 1981), so that a few
reports leave much open and many little. It takes them in runs of some on end (the stationary bootstrap:
Politis and Romano, 1994), because reports come in clusters, and moves each run by about as far as places lie
from their nearest neighbours (Breiman, Meisel and Purcell, 1977): who answered a report stands where it was,
and the next one comes from elsewhere. Until a region has a past of its own, what other regions had reported
counts for some of it, around the homes of its own engineers.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from services.dispatch.moments import minutes_ms
from services.dispatch.state import Incident, RegionState

FADES_MS = minutes_ms(12 * 60)
"""A report so old counts for half of a new one."""
RUN = 8
"""Reports on end that are taken together, on average."""
ELSEWHERE = 5.0
"""So many reports of a region's own count as much as all that is known from elsewhere."""
SAME_PLACE_DEG = 0.0005
"""Two reports from within about 50 m are from one place."""
SOLE_APART_DEG = 0.05
"""How far from the only place known the next one may lie: about 5 km."""

Point = tuple[float, float]


class Drawn(NamedTuple):
    """A report to come: of the kind of this one, at this place."""

    like: Incident
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """A region's reports of the last day, the oldest first, and what stands in for those it has not had.

    `fresh`: what each counts for; `apart`: how far (degrees of latitude) its place lies from the nearest
    other one; `elsewhere`: reports of other regions that somebody here could answer.
    """

    past: Sequence[Incident]
    fresh: Sequence[float]
    apart: Sequence[float]
    elsewhere: Sequence[Incident]
    homes: Sequence[Point]
    homes_apart: Sequence[float]

    def draws(self, chance: random.Random) -> Iterator[Drawn]:
        """One future's reports without end; none where nothing was ever reported."""
        known = self.elsewhere and self.homes
        strange = ELSEWHERE / (ELSEWHERE + len(self.past)) if known else 0.0
        if not self.past and not known:
            return
        sums = list(accumulate(fresh * chance.expovariate(1.0) for fresh in self.fresh))
        at, off = len(self.past), (0.0, 0.0)
        while True:
            if chance.random() < strange:
                yield self._strange(chance)
                continue
            at += 1
            if at >= len(self.past) or chance.random() < 1 / RUN:
                at = bisect_left(sums, chance.random() * sums[-1])
                off = (chance.gauss(0, 1), chance.gauss(0, 1))
            like, apart = self.past[at], self.apart[at]
            yield _moved(like, (like.lat, like.lon), (off[0] * apart, off[1] * apart))

    def _strange(self, chance: random.Random) -> Drawn:
        like, home = chance.choice(self.elsewhere), chance.randrange(len(self.homes))
        apart = self.homes_apart[home]
        return _moved(like, self.homes[home], (chance.gauss(0, apart), chance.gauss(0, apart)))


def likeness_of(
    region: RegionState, past: Sequence[Incident], others: Iterable[Incident], now: int
) -> Likeness:
    """What a region's reports (the oldest first) and those of other regions say about the next ones."""
    levels: dict[str, int] = {}
    for engineer in region.engineers.values():
        for product, level in engineer.skills.items():
            levels[product] = max(level, levels.get(product, 0))
    homes = sorted({(e.home_lat, e.home_lon) for e in region.engineers.values()})
    return Likeness(
        past=past,
        fresh=[1 / (1 + (now - incident.reported_at) / FADES_MS) for incident in past],
        apart=nearest_other([(incident.lat, incident.lon) for incident in past]),
        elsewhere=[other for other in others if levels.get(other.product, 0) >= other.level],
        homes=homes,
        homes_apart=nearest_other(homes),
    )


def nearest_other(points: Sequence[Point]) -> list[float]:
    """How far (degrees of latitude) each point lies from the nearest one that is another place."""
    if len(points) < 2:
        return [SOLE_APART_DEG] * len(points)
    lat, lon = np.array(points).T
    lon = lon * np.cos(np.radians(lat.mean()))
    apart = np.hypot(lat[:, None] - lat[None, :], lon[:, None] - lon[None, :])
    apart[apart < SAME_PLACE_DEG] = np.inf
    nearest: list[float] = np.where(np.isinf(apart).all(axis=1), SOLE_APART_DEG, apart.min(axis=1)).tolist()
    return nearest


def _moved(like: Incident, place: Point, off: Point) -> Drawn:
    wider = 1 / max(0.01, math.cos(math.radians(place[0])))
    return Drawn(like, max(-90.0, min(90.0, place[0] + off[0])), place[1] + off[1] * wider)
