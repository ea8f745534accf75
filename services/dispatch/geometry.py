"""Places as unit vectors: trigonometry once a point, then only + and *: the same bits everywhere."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

EARTH_KM = 6371.0088
Number = TypeVar("Number", float, NDArray[np.float64])
Vector = tuple[float, float, float]


def unit_vector(lat: float, lon: float) -> Vector:
    """The point on the unit sphere at `lat`, `lon` (degrees)."""
    phi, lam = math.radians(lat), math.radians(lon)
    across = math.cos(phi)
    return across * math.cos(lam), across * math.sin(lam), math.sin(phi)


def arc_km(a: Vector, b: Vector) -> float:
    """Great-circle distance in km: a series in the chord, relative error below 1e-9 up to 1,000 km.

    Source: 2 asin(c/2) = c + c^3/24 + 3 c^5/640 + 5 c^7/7168 + ...; no numpy transcendental decides anything.
    """
    dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    squared = dx * dx + dy * dy + dz * dz
    return EARTH_KM * (math.sqrt(squared) * arc_over_chord(squared))


def arc_over_chord(squared: Number) -> Number:
    """The arc's length over its chord's, from the chord squared."""
    return 1.0 + squared * (1 / 24 + squared * (3 / 640 + squared * (5 / 7168)))


def part_way(start: tuple[float, float], end: tuple[float, float], done: float) -> tuple[float, float]:
    """The point after the share `done` of a straight leg, linear in latitude and longitude (degrees)."""
    done = min(1.0, max(0.0, done))
    return (
        start[0] + (end[0] - start[0]) * done,
        start[1] + (end[1] - start[1]) * done,
    )
