"""Areas of warnings and borders of regions: whether a ring is whole, what a circle is, what touches what.

Degrees as on a flat map: good enough for areas of a few hundred km away from the poles and the date line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.regions import Polygon

KM_PER_DEGREE = 111.195
CIRCLE_POINTS = 36
LEAST_RADIUS_KM = 0.1
"""A circle of radius 0 is a point (CAP 1.2 section 3.2.4): it touches the region that it lies in."""

Point = tuple[float, float]
"""Longitude and latitude in degrees."""
Edges = NDArray[np.float64]
"""One row an edge: longitude and latitude of its two ends."""


def fault_of_ring(ring: Sequence[Point]) -> str | None:
    """What is wrong with a ring of (longitude, latitude), in words; None where it bounds an area."""
    if len(ring) < 4:
        return f"it has {len(ring)} points: a polygon needs 4 or more, the last the same as the first"
    for lon, lat in ring:
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            return f"the point {lat},{lon} (latitude,longitude) does not lie on Earth"
    if ring[0] != ring[-1]:
        return "it is not closed: the last point must be the same as the first"
    corners = ring[:-1]
    if len(set(corners)) < len(corners):
        return "it visits a point twice"
    edges = _edges([ring])
    for i in range(len(edges) - 2):
        others = edges[i + 2 : len(edges) - 1 if i == 0 else None]
        if _crosses(edges[i], others):
            return f"it crosses itself on its edge from {_said(corners[i])}"
    return None


def _said(point: Point) -> str:
    return f"{point[1]},{point[0]} (latitude,longitude)"


def circle(lon: float, lat: float, radius_km: float) -> list[Point]:
    """The ring of 36 corners around a centre; cut off at the map's edges."""
    radius = max(LEAST_RADIUS_KM, radius_km) / KM_PER_DEGREE
    wide = radius / max(0.01, math.cos(math.radians(lat)))
    turns = [2 * math.pi * n / CIRCLE_POINTS for n in range(CIRCLE_POINTS)]
    ring = [
        (
            min(180.0, max(-180.0, round(lon + wide * math.cos(turn), 6))),
            min(90.0, max(-90.0, round(lat + radius * math.sin(turn), 6))),
        )
        for turn in turns
    ]
    return [*ring, ring[0]]


def touches(one: Polygon, other: Polygon) -> bool:
    """Whether two areas share a place; what lies in a hole of the other is outside of it."""
    mine, theirs = _edges(one.coordinates), _edges(other.coordinates)
    low, high = _box(mine), _box(theirs)
    if (low[0] > high[1]).any() or (high[0] > low[1]).any():
        return False
    if any(_crosses(edge, theirs) for edge in mine):
        return True
    return _covers(theirs, one.coordinates[0][0]) or _covers(mine, other.coordinates[0][0])


def _edges(rings: Sequence[Sequence[Point]]) -> Edges:
    return np.concatenate([np.hstack([np.array(ring)[:-1], np.array(ring)[1:]]) for ring in rings])


def _box(edges: Edges) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return edges[:, :2].min(axis=0), edges[:, :2].max(axis=0)


def _crosses(edge: NDArray[np.float64], others: Edges) -> bool:
    """Whether an edge and any of the others cross, or an end of one lies on the other side's line within."""
    a, b, c, d = edge[:2], edge[2:], others[:, :2], others[:, 2:]
    sides = _side(c, d, a) * _side(c, d, b)
    across = _side(a, b, c) * _side(a, b, d)
    return bool(((sides < 0) & (across < 0)).any())


def _side(a: NDArray[np.float64], b: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """On which side of the line from a to b a point lies: the cross product's sign."""
    along, away = b - a, p - a
    found: NDArray[np.float64] = along[..., 0] * away[..., 1] - along[..., 1] * away[..., 0]
    return np.sign(found)


def _covers(edges: Edges, point: Point) -> bool:
    """Even-odd over all rings."""
    lon, lat = point
    above = (edges[:, 1] > lat) != (edges[:, 3] > lat)
    west, south, east, north = edges[above].T
    return int((west + (lat - south) / (north - south) * (east - west) > lon).sum()) % 2 == 1
