"""The travel model haversine-1: great circle x circuity at constant speed, linear in degrees."""

from __future__ import annotations

import numpy as np

from schemas.regions import Terms
from services.dispatch.geometry import EARTH_KM, Vector, arc_km, arc_over_chord
from services.dispatch.warm import Floats, Ints

TRAVEL_VERSION = "haversine-1"


def ms_per_km(terms: Terms) -> float:
    """Milliseconds that one km as the crow flies takes on the region's roads."""
    return terms.circuity / terms.speed_kmh * 3_600_000


def travel_ms(terms: Terms, start: Vector, end: Vector) -> int:
    """Whole milliseconds of travel between two points."""
    return int(arc_km(start, end) * ms_per_km(terms) + 0.5)


def ms_per_radian(terms: Terms) -> float:
    """Milliseconds for one radian of arc."""
    return EARTH_KM * ms_per_km(terms)


def travel_ms_between(start: Floats, end: Floats, per_radian: float) -> Ints:
    """Milliseconds of travel between unit vectors (3 x ...): +, * and sqrt, the same bits everywhere."""
    apart = start - end
    apart *= apart
    squared = apart[0] + apart[1] + apart[2]
    arc = np.sqrt(squared) * arc_over_chord(squared)
    took: Ints = (arc * per_radian + 0.5).astype(np.int64)
    return took
