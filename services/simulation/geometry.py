"""The simulated world's ground: distances, straight journeys and borders.

The world keeps its own geometry, apart from the dispatcher's travel model: what is true must not change with
what is believed.
"""

from __future__ import annotations

import itertools
import math

from schemas.base import Place
from schemas.regions import Polygon, Terms

EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG), as the yardstick's scorer has it."""


def haversine_km(a: Place, b: Place) -> float:
    """The great-circle distance between two places in km (haversine formula)."""
    north, south = math.radians(a.lat), math.radians(b.lat)
    east = math.radians(b.lon - a.lon)
    h = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(east / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, h)))


def travel_time_s(a: Place, b: Place, terms: Terms, pace: float = 1.0) -> float:
    """Seconds to drive from a to b: haversine x circuity at the region's speed times `pace`."""
    return haversine_km(a, b) * terms.circuity / (terms.speed_kmh * pace) * 3600


def along(a: Place, b: Place, share: float) -> Place:
    """The place a share (0 to 1) of the way from a to b, linear in latitude and longitude."""
    share = min(1.0, max(0.0, share))
    return Place(lat=a.lat + (b.lat - a.lat) * share, lon=a.lon + (b.lon - a.lon) * share)


def contains(polygon: Polygon, place: Place) -> bool:
    """True where the place lies in the outer ring and in none of the holes (even-odd rule)."""
    outer, *holes = polygon.coordinates
    return _in_ring(outer, place) and not any(_in_ring(hole, place) for hole in holes)


def _in_ring(ring: list[tuple[float, float]], place: Place) -> bool:
    inside = False
    for (lon1, lat1), (lon2, lat2) in itertools.pairwise(ring):
        if (lat1 > place.lat) != (lat2 > place.lat):
            crossing = lon1 + (place.lat - lat1) / (lat2 - lat1) * (lon2 - lon1)
            inside ^= place.lon < crossing
    return inside
