"""Where and when work is reported: counted by cell, hour and kind as it comes, forgotten slowly.

All counts are whole numbers, so that a restored region forecasts what the one that never stopped would.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from schemas.base import Tier
from services.dispatch.geometry import unit_vector
from services.dispatch.warm import Floats, Ints

CELL_DEG = 0.03
"""A cell is about 3 km wide."""
CELLS_KEPT = 256
KINDS_KEPT = 256
RECENT_KEPT = 32
"""So many reports say how much comes at present."""
FORGET_ABOVE = 4096
"""Once so many reports are counted every count is halved."""
HOUR_MS = 3_600_000
NEAR_HOURS = 3
"""A report counts so many times more where it came at this hour of the day, or at the one before or after."""

Kind = tuple[str, int, Tier]
"""Product, level, tier."""
_LAT, _LON, _FIRST_HOUR = 0, 1, 2
MICRODEGREES = 1_000_000


@dataclass(slots=True)
class Demand:
    """What has been reported here. `cells`: sums of latitude and longitude (microdegrees), then 24 hours."""

    cells: dict[str, list[int]] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    """By "product/level/tier": how many reports."""
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT_KEPT))
    """When the last reports came (ms)."""
    counted: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected next: `places` (3 x cells) with their `share`, kinds with theirs, reports an hour."""

    places: Floats
    degrees: list[tuple[float, float]]
    share: Ints
    kinds: list[Kind]
    kind_share: Ints
    per_hour: float


def learn_report(demand: Demand, at: int, place: tuple[float, float], kind: Kind) -> None:
    """Count a report that came at `at` (ms), at `place` (degrees), of this product, level and tier."""
    name = "/".join(map(str, kind))
    cell = demand.cells.setdefault(cell_of(place, CELL_DEG), [0] * (_FIRST_HOUR + 24))
    cell[_LAT] += round(place[0] * MICRODEGREES)
    cell[_LON] += round(place[1] * MICRODEGREES)
    cell[_FIRST_HOUR + at // HOUR_MS % 24] += 1
    demand.kinds[name] = demand.kinds.get(name, 0) + 1
    demand.recent.append(at)
    demand.counted += 1
    if demand.counted > FORGET_ABOVE:
        _forget(demand)
    _keep_within(demand)


def cell_of(place: tuple[float, float], degrees: float) -> str:
    """The name of the cell, so many degrees of latitude high and about as wide, in which `place` lies."""
    lat = math.floor(place[0] / degrees)
    narrower = math.cos(math.radians((lat + 0.5) * degrees))
    return f"{lat}/{math.floor(place[1] * max(narrower, 0.01) / degrees)}"


def _forget(demand: Demand) -> None:
    demand.counted = 0
    for cell in demand.cells.values():
        before = sum(cell[_FIRST_HOUR:])
        cell[_FIRST_HOUR:] = [count // 2 for count in cell[_FIRST_HOUR:]]
        after = sum(cell[_FIRST_HOUR:])
        for axis in (_LAT, _LON):
            cell[axis] = cell[axis] * after // before
        demand.counted += after
    demand.cells = {name: cell for name, cell in demand.cells.items() if any(cell[_FIRST_HOUR:])}
    demand.kinds = {name: count // 2 for name, count in demand.kinds.items() if count > 1}


def _keep_within(demand: Demand) -> None:
    """Let the least of too many go, a quarter at once: looking for one at each report would cost more."""
    if len(demand.cells) > CELLS_KEPT:
        newest_first = reversed(list(demand.cells))
        busiest = sorted(newest_first, key=lambda name: -sum(demand.cells[name][_FIRST_HOUR:]))
        for least in busiest[CELLS_KEPT * 3 // 4 :]:
            del demand.cells[least]
    if len(demand.kinds) > KINDS_KEPT:
        del demand.kinds[min(reversed(list(demand.kinds)), key=demand.kinds.__getitem__)]


def forecast(demand: Demand, now: int) -> Forecast | None:
    """What to expect at `now` (ms); None before enough has been seen."""
    if len(demand.recent) < RECENT_KEPT:
        return None
    hour = now // HOUR_MS % 24
    near = [_FIRST_HOUR + (hour + step) % 24 for step in (-1, 0, 1)]
    degrees, share = [], []
    for name in sorted(demand.cells):
        cell = demand.cells[name]
        count = sum(cell[_FIRST_HOUR:])
        degrees.append((cell[_LAT] / count / MICRODEGREES, cell[_LON] / count / MICRODEGREES))
        share.append(count + NEAR_HOURS * sum(cell[at] for at in near))
    kinds = sorted(demand.kinds)
    span = max(now - demand.recent[0], 1)
    return Forecast(
        places=np.array([unit_vector(*place) for place in degrees]).T,
        degrees=degrees,
        share=np.array(share, np.int64),
        kinds=[_kind_of(name) for name in kinds],
        kind_share=np.array([demand.kinds[name] for name in kinds], np.int64),
        per_hour=len(demand.recent) * HOUR_MS / span,
    )


def _kind_of(name: str) -> Kind:
    product, level, tier = name.rsplit("/", 2)
    return product, int(level), cast("Tier", tier)
