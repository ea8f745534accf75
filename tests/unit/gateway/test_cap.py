"""CAP 1.2 as it is read: what is taken, turned round, and refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.regions import Polygon, RegionDefined
from services.gateway.alerting import alerts_of
from services.gateway.cap import MAX_BYTES, CapFault, read_cap
from tests.cap_message import LISBON, area, cap_message, info, reference

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BORDERS = Polygon(coordinates=[[(-9.2, 38.7), (-9.1, 38.7), (-9.1, 38.8), (-9.2, 38.8), (-9.2, 38.7)]])
FAR = Polygon(coordinates=[[(-8.2, 41.0), (-8.1, 41.0), (-8.1, 41.1), (-8.2, 41.1), (-8.2, 41.0)]])
REGIONS = {
    "R1": RegionDefined(region="R1", polygon=BORDERS),
    "R2": RegionDefined(region="R2", polygon=FAR),
    "R3": RegionDefined(region="R3", geocodes=["EMMA_ID=PT011"]),
}


def fault(octets: bytes) -> CapFault:
    """What is wrong with a message."""
    with pytest.raises(CapFault) as caught:
        read_cap(octets)
    return caught.value


def with_areas(areas: str) -> bytes:
    """A message with these areas."""
    return cap_message(NOW, infos=info(NOW, areas))


def test_latitude_first_becomes_longitude_first() -> None:
    """CAP is lat,lon and GeoJSON lon,lat; times are UTC whatever their offset."""
    message = read_cap(cap_message(NOW))
    (block,) = message.infos
    assert block.areas[0].coordinates[0][0] == (-9.3, 38.6)
    assert (block.onset, block.expires) == (NOW, NOW + timedelta(hours=6))
    assert message.name == "warnings@example.org,A-1,2026-03-02T10:00:00Z"


def test_a_reference_names_the_alert_whatever_the_offset_of_its_time() -> None:
    """`sender,identifier,sent` is one name, also where one side writes another offset."""
    octets = cap_message(
        NOW, "A-2", kind="Update", references=reference(NOW).replace("10:00:00-00", "12:00:00+02")
    )
    assert read_cap(octets).references == [read_cap(cap_message(NOW)).name]


@pytest.mark.parametrize(
    ("polygon", "says"),
    [
        ("38.6,-9.3 38.6,-9.0 38.6,-9.3", "4 or more"),
        ("38.6,-9.3 38.6,-9.0 38.9,-9.0 38.9,-9.3", "not closed"),
        ("38.6,-9.3 98.6,-9.0 38.9,-9.0 38.9,-9.3 38.6,-9.3", "not lie on Earth"),
        ("38.6,-9.3 38.9,-9.0 38.9,-9.3 38.6,-9.0 38.6,-9.3", "crosses itself"),
        ("38.6,-9.3 38.6,-9.0 38.6,-9.3 38.9,-9.3 38.6,-9.3", "visits a point twice"),
        ("38.6,-9.3 38.6 38.9,-9.0 38.9,-9.3 38.6,-9.3", "latitude,longitude"),
        ("38.6,-9.3 nan,-9.0 38.9,-9.0 38.9,-9.3 38.6,-9.3", "not lie on Earth"),
    ],
)
def test_a_broken_polygon_is_named(polygon: str, says: str) -> None:
    """Not closed, too short, off the Earth, crossing itself: the second area's first polygon is the one."""
    found = fault(with_areas(area() + area(polygon)))
    assert found.field == "alert/info[1]/area[2]/polygon[1]"
    assert says in str(found)


@pytest.mark.parametrize(
    ("octets", "where"),
    [
        (cap_message(NOW).replace(b"<sender>warnings@example.org</sender>", b""), "alert/sender"),
        (cap_message(NOW).replace(b"<scope>Public</scope>", b""), "alert/scope"),
        (cap_message(NOW, status="Serious"), "alert/status"),
        (cap_message(NOW, kind="Cancel"), "alert/references"),
        (cap_message(NOW, kind="Cancel", references="a,b"), "alert/references"),
        (cap_message(NOW, infos=""), "alert/info"),
        (cap_message(NOW, "two words"), "alert"),
        (cap_message(NOW).replace(b"<category>Met</category>", b""), "alert/info[1]/category"),
        (
            cap_message(NOW).replace(b"<expires>2026-03-02T16", b"<expires>2026-03-02T09"),
            "alert/info[1]/expires",
        ),
        (cap_message(NOW).replace(b"T10:00:00-00:00</sent>", b"T10:00:00</sent>"), "alert/sent"),
        (with_areas(area(None, circle="38.7,-9.1")), "alert/info[1]/area[1]/circle[1]"),
        (cap_message(NOW).replace(b"cap:1.2", b"cap:1.1"), "alert"),
        (b"<alert", "alert"),
        (b"", "alert"),
        (b" " * (MAX_BYTES + 1), "alert"),
        (b"<a>" * 100, "a"),
    ],
)
def test_what_is_missing_or_wrong_is_named(octets: bytes, where: str) -> None:
    """Each fault says where it is."""
    assert fault(octets).field == where


def test_no_entity_is_ever_expanded() -> None:
    """A document type declaration is refused as it begins: no billion laughs, no file, no address."""
    laughs = '<!DOCTYPE alert [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    outside = '<!DOCTYPE alert [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    for prolog in (laughs, outside, '<!DOCTYPE alert SYSTEM "http://example.org/cap.dtd">'):
        octets = cap_message(NOW).replace(b"<alert", prolog.encode() + b"<alert", 1)
        assert "document type" in str(fault(octets))


def test_depth_and_number_of_elements_are_bounded() -> None:
    """A small document can not cost much: deep or wide ones are refused."""
    deep = b"<parameter>" * 20 + b"</parameter>" * 20
    wide = b"<parameter/>" * 10_001
    for many in (deep, wide):
        assert "elements" in str(fault(cap_message(NOW, infos=many.decode())))


def test_an_alert_reaches_the_regions_its_area_touches() -> None:
    """A polygon around a region, a circle that reaches into it, a code that it has, its name: no other."""
    assert set(alerts_of(read_cap(with_areas(area())), REGIONS, ())) == {"R1"}
    assert set(alerts_of(read_cap(with_areas(area(None, circle="38.75,-9.35 14"))), REGIONS, ())) == {"R1"}
    assert set(alerts_of(read_cap(with_areas(area(None, circle="38.75,-9.35 12"))), REGIONS, ())) == set()
    coded = with_areas(area(None, geocode="EMMA_ID=PT011"))
    assert set(alerts_of(read_cap(coded), REGIONS, ())) == {"R3"}
    assert set(alerts_of(read_cap(coded), REGIONS, ("R2",))) == {"R2", "R3"}


def test_of_several_blocks_each_region_gets_the_one_that_weighs_most_there() -> None:
    """One message may warn of much here and of little there."""
    porto = "41,-8.2 41,-8.1 41.1,-8.1 41.1,-8.2 41,-8.2"
    infos = (
        info(NOW, area(LISBON), "Minor")
        + info(NOW, area(LISBON), "Extreme")
        + info(NOW, area(porto), "Minor")
    )
    found = alerts_of(read_cap(cap_message(NOW, infos=infos)), REGIONS, ())
    assert {name: alert.severity for name, alert in found.items()} == {"R1": "Extreme", "R2": "Minor"}
