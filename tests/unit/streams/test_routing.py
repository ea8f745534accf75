"""Triage's rules: where an event goes, and why it goes nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.base import Wire
from schemas.clock import ClockTicked
from schemas.cloudevents import UnreadableRecord
from schemas.incidents import CancelIncident, IncidentTriaged
from schemas.regions import RegionDefined, Terms
from streams.routing import (
    MAX_RECORD_BYTES,
    Refusal,
    belongs_on,
    route,
    with_partitionkey,
    within_bounds,
)
from tests.unit.streams.samples import (
    EVERYWHERE,
    NOW,
    R1,
    WITH_HOLE,
    FakeRecord,
    enveloped,
    registered,
    registry,
    report,
    shift,
)


def triaged(
    region: str | None = None, *, lat: float = 5, tier: str = "gold", known: tuple[Wire, ...] = (R1,)
):
    """The triaged event of a report."""
    (routed,) = route(enveloped(report(region, lat=lat, tier=tier)), 0, registry(*known), NOW)
    event = routed.envelope.event
    assert isinstance(event, IncidentTriaged)
    return event


def refusal(event: Wire, *known: Wire) -> str:
    """The reason that an event goes nowhere."""
    with pytest.raises(Refusal) as caught:
        route(enveloped(event), 0, registry(*known), NOW)
    return caught.value.reason


def test_a_named_region_that_is_known_is_kept_wherever_the_place_is():
    """CONTRACT section 3: a report that names a known region keeps it."""
    found = triaged("R1", lat=80)
    assert (found.region, found.placed_by) == ("R1", "named")


def test_the_place_decides_where_no_known_region_is_named():
    """CONTRACT section 3: place decides otherwise."""
    assert triaged(None).placed_by == "polygon"
    assert triaged("R9").region == "R1"


def test_a_place_outside_every_region_is_refused():
    """Bad input: a place outside every region."""
    assert refusal(report(lat=50), R1) == "outside_every_region"


def test_no_place_alone_leads_to_a_region_without_a_polygon():
    """RegionDefined: None refuses nobody, and no place leads to it."""
    assert refusal(report(), EVERYWHERE) == "outside_every_region"
    assert triaged("R2", lat=50, known=(EVERYWHERE,)).region == "R2"


def test_a_hole_in_a_polygon_is_outside():
    """RFC 7946 section 3.1.6: further rings are holes."""
    holed = RegionDefined(region="R1", polygon=WITH_HOLE)
    assert refusal(report(lat=5), holed) == "outside_every_region"
    assert triaged(lat=2, known=(holed,)).region == "R1"


def test_of_overlapping_regions_the_first_id_has_the_place():
    """A place leads to one region, the same one on every worker."""
    assert triaged(known=(RegionDefined(region="R7", polygon=R1.polygon), R1)).region == "R1"


def test_the_promise_is_the_regions_word_for_the_tier():
    """Triage sets the promise by tier from the region's terms."""
    terms = Terms(promise_min={"platinum": 30, "gold": 45.5, "silver": 90})
    region = RegionDefined(region="R1", terms=terms)
    assert triaged("R1", known=(region,)).promised_at == NOW + timedelta(minutes=45.5)
    assert triaged("R1", tier="silver", known=(region,)).promised_at == NOW + timedelta(minutes=90)


def test_a_report_keeps_its_id_so_that_the_fold_can_drop_a_repetition():
    """The dedupe key (source, id) is the same on `region-events`."""
    (routed,) = route(enveloped(report("R1"), "abc"), 0, registry(R1), NOW)
    assert (routed.envelope.source, routed.envelope.id) == ("test", "abc")


def test_what_is_more_than_five_minutes_ahead_is_in_the_future():
    """Bad input: a time in the future; the margin itself is allowed."""
    late = NOW + timedelta(minutes=5, seconds=1)
    assert refusal(shift(at=late), R1, registered()) == "in_the_future"
    assert refusal(report("R1").model_copy(update={"reported_at": late}), R1) == "in_the_future"
    assert route(enveloped(shift(at=NOW + timedelta(minutes=5))), 0, registry(R1, registered()), NOW)


def test_without_a_clock_of_its_own_triage_leaves_the_future_to_the_fold():
    """In feed mode the log's clock is the fold's."""
    far = shift(at=NOW + timedelta(days=1))
    assert route(enveloped(far), 0, registry(R1, registered()), None)


def test_a_phone_goes_to_its_engineers_region():
    """Statuses and shifts follow the engineer's present owner."""
    (routed,) = route(enveloped(shift()), 0, registry(R1, registered(region="R1")), NOW)
    assert routed.region == "R1"


def test_an_unknown_engineer_and_an_unknown_region_are_refused():
    """Bad input: somebody or something that was never registered."""
    assert refusal(shift("E9"), R1) == "unknown_engineer"
    assert refusal(CancelIncident(incident_id="I1", region="R9", by="D1"), R1) == "unknown_region"
    assert refusal(registered(region="R9"), R1) == "unknown_region"


def test_a_moved_engineer_is_told_to_the_region_that_has_them():
    """It hands them over to the region named: told to both, they could be taken before they are let go."""
    known = registry(R1, EVERYWHERE, registered(region="R1"))
    routed = route(enveloped(registered(region="R2")), 0, known, NOW)
    assert [one.region for one in routed] == ["R1"]


def test_a_tick_keeps_its_partition():
    """A posted clock enters every partition and moves that partition's log."""
    (routed,) = route(enveloped(ClockTicked(now=NOW)), 7, registry(), NOW)
    assert (routed.partition, routed.region) == (7, "")


def test_a_readable_event_on_the_wrong_topic_is_unreadable_there():
    """Only what the topic registry names may stand on a topic."""
    with pytest.raises(UnreadableRecord) as caught:
        belongs_on("engineer-status", report())
    assert caught.value.reason == "unknown_type"
    belongs_on("incidents", report())


def test_forwarding_changes_the_partition_key_alone():
    """Trace and correlation headers stay as they came."""
    headers = [("ce_id", b"1"), ("ce_partitionkey", b"E1"), ("ce_traceparent", b"00-1")]
    assert with_partitionkey(headers, "R1") == [
        ("ce_id", b"1"),
        ("ce_traceparent", b"00-1"),
        ("ce_partitionkey", b"R1"),
    ]


def test_what_region_events_could_not_carry_is_refused_before_it_is_sent():
    """A send that the broker refuses for ever would stop triage."""
    with pytest.raises(Refusal, match="bytes"):
        within_bounds(FakeRecord("incidents", b"x" * (MAX_RECORD_BYTES + 1)))
    within_bounds(FakeRecord("incidents", b"x" * 1000))


DRILL = RegionDefined(region="R1.exercise", exercise=True, polygon=R1.polygon)


def test_a_report_for_a_drill_never_becomes_real():
    """One that names a drill which is not there goes nowhere; the region around it never hears of it."""
    drilled = report("R1.exercise").model_copy(update={"incident_id": "exercise.I1"})
    assert refusal(drilled, R1) == "exercise"
    (routed,) = route(enveloped(drilled), 0, registry(R1, DRILL), NOW)
    assert routed.region == "R1.exercise"
    assert triaged(known=(DRILL, R1)).region == "R1"
    assert refusal(report(None), DRILL) == "outside_every_region"


@pytest.mark.parametrize(("region", "name"), [("R1", "exercise.E1"), ("R1.exercise", "E1")])
def test_nobody_real_is_registered_in_a_drill_nor_the_reverse(region: str, name: str):
    """Their phone's words would follow them."""
    event = registered(name, region)
    assert refusal(event, R1, DRILL) == "exercise"


@pytest.mark.parametrize(("region", "name"), [("R1", "exercise.I1"), ("R1.exercise", "I1")])
def test_an_incident_is_named_as_its_region_is(region: str, name: str):
    """Its name alone must say whether it is real."""
    event = report(region).model_copy(update={"incident_id": name})
    assert refusal(event, R1, DRILL) == "exercise"
