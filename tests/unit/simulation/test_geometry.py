"""The simulated world's ground: distances, the straight line and borders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.base import Place
from schemas.regions import Polygon, Terms
from services.simulation.geometry import along, contains, haversine_km, travel_time_s

PLACES = st.builds(Place, lat=st.floats(-80, 80), lon=st.floats(-179, 179))
SQUARE = [(8.0, 47.0), (9.0, 47.0), (9.0, 48.0), (8.0, 48.0), (8.0, 47.0)]
HOLE = [(8.4, 47.4), (8.6, 47.4), (8.6, 47.6), (8.4, 47.6), (8.4, 47.4)]


def test_one_degree_of_latitude_is_about_111_km() -> None:
    """The Earth's mean radius is 6371.0088 km."""
    assert haversine_km(Place(lat=10, lon=5), Place(lat=11, lon=5)) == pytest.approx(111.195, abs=0.001)


@given(PLACES, PLACES)
def test_distance_is_symmetric_and_never_more_than_half_the_globe(a: Place, b: Place) -> None:
    """A way has the same length back."""
    assert haversine_km(a, b) == pytest.approx(haversine_km(b, a))
    assert 0 <= haversine_km(a, b) <= 20_016


def test_travel_time_grows_with_circuity_and_shrinks_with_speed_and_pace() -> None:
    """Road length is haversine x circuity."""
    a, b = Place(lat=10, lon=5), Place(lat=10.1, lon=5)
    base = travel_time_s(a, b, Terms(speed_kmh=40, circuity=1.0))
    assert base == pytest.approx(haversine_km(a, b) / 40 * 3600)
    assert travel_time_s(a, b, Terms(speed_kmh=40, circuity=1.3)) == pytest.approx(base * 1.3)
    assert travel_time_s(a, b, Terms(speed_kmh=80, circuity=1.0), pace=0.5) == pytest.approx(base)


@given(PLACES, PLACES, st.floats(-1, 2))
def test_a_place_along_the_way_stays_between_its_ends(a: Place, b: Place, share: float) -> None:
    """Before the start it is the start, after the end it is the end."""
    place = along(a, b, share)
    assert min(a.lat, b.lat) - 1e-9 <= place.lat <= max(a.lat, b.lat) + 1e-9
    assert min(a.lon, b.lon) - 1e-9 <= place.lon <= max(a.lon, b.lon) + 1e-9


@pytest.mark.parametrize(
    ("lat", "lon", "inside"),
    [(47.1, 8.1, True), (47.5, 8.5, False), (46.9, 8.5, False), (47.5, 9.1, False), (47.7, 8.5, True)],
)
def test_a_place_is_inside_the_ring_and_outside_its_holes(lat: float, lon: float, inside: bool) -> None:
    """A hole in a region is not the region."""
    assert contains(Polygon(coordinates=[SQUARE, HOLE]), Place(lat=lat, lon=lon)) is inside
