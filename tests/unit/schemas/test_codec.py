"""CloudEvents in Kafka binary mode: every event comes back as it was, every unreadable record says why."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.base import rfc3339
from schemas.clock import ClockTicked
from schemas.cloudevents import (
    MAX_HEADER_BYTES,
    Envelope,
    UnreadableRecord,
    decode,
    encode,
)
from schemas.engineers import PositionReported
from schemas.events import EVENT_TYPES, type_of
from tests.unit.schemas.events_strategy import IDS, MOMENTS, events_of

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
POSITION = PositionReported(engineer_id="E1", lat=38.7, lon=-9.1, fixed_at=TEN)


def record(**fields: object) -> tuple[bytes, dict[str, bytes]]:
    """A readable position record, its JSON changed by `fields`, its headers as a dict."""
    value, headers = encode(
        Envelope(id="c-1", source="/gateway", event=POSITION, time=TEN, partitionkey="E1")
    )
    return json.dumps({**json.loads(value), **fields}).encode(), dict(headers)


def refusal(value: bytes | None, headers: dict[str, bytes]) -> UnreadableRecord:
    """What `decode` answers to a record that is none of ours."""
    with pytest.raises(UnreadableRecord) as caught:
        decode(value, list(headers.items()))
    return caught.value


@pytest.mark.timeout(600)  # four CPU seconds for the largest event: many times that on cores in use
@pytest.mark.parametrize("name", EVENT_TYPES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data(), where=IDS, trace=st.sampled_from(["", "00-ab-cd-01"]))
def test_every_event_comes_back_from_the_wire_as_it_was(
    name: str, draw: st.DataObject, where: str, trace: str
) -> None:
    """Encode then decode is the identity on the event and on every CloudEvents attribute."""
    envelope = Envelope(
        id="c-1",
        source="/gateway",
        event=draw.draw(events_of(EVENT_TYPES[name])),
        time=draw.draw(MOMENTS),
        partitionkey=where,
        correlationid="cor",
        traceparent=trace,
    )
    assert decode(*encode(envelope)) == envelope


def test_a_record_carries_the_headers_of_the_kafka_binding() -> None:
    """Binary mode: `ce_` headers for the attributes, content-type for the value, absent ones left out."""
    _, headers = record()
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"c-1",
        "ce_source": b"/gateway",
        "ce_type": b"muster.engineer.position-reported.v1",
        "ce_time": b"2026-03-02T10:00:00Z",
        "ce_partitionkey": b"E1",
        "content-type": b"application/json",
    }


def test_every_type_is_named_once_and_carries_its_version() -> None:
    """One model, one name; a name ends in `.vN`, so that a break can stand beside what it replaces."""
    assert len(set(EVENT_TYPES.values())) == len(EVENT_TYPES)
    for name, model in EVENT_TYPES.items():
        assert name.startswith("muster.")
        assert name.rsplit(".v", 1)[1].isdigit()
        assert type_of(model.model_construct()) == name


@pytest.mark.parametrize("missing", ["ce_id", "ce_source", "ce_type", "ce_time"])
def test_a_record_without_an_attribute_is_no_event(missing: str) -> None:
    """Each attribute that CloudEvents requires is required, and the missing one is named."""
    value, headers = record()
    del headers[missing]
    error = refusal(value, headers)
    assert (error.reason, missing in error.detail) == ("undecodable", True)


def test_a_record_without_headers_is_undecodable() -> None:
    """What somebody typed into a console producer is a dead letter, not a crash."""
    assert refusal(b"hello", {}).reason == "undecodable"


@pytest.mark.parametrize(
    ("header", "raw"),
    [
        ("ce_id", b"x" * (MAX_HEADER_BYTES + 1)),
        ("ce_id", None),
        ("ce_id", b""),
        ("ce_source", b"\xff\xfe"),
        ("ce_specversion", b"0.3"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-03-02T10:00:00"),
        ("ce_traceparent", None),
    ],
)
def test_a_header_that_can_not_be_read_is_undecodable(header: str, raw: bytes | None) -> None:
    """A huge, empty, absent or non-UTF-8 header, another CloudEvents version, a time without an offset."""
    value, headers = record()
    assert refusal(value, {**headers, header: raw}).reason == "undecodable"  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "value",
    [None, b"", b"{", b"\x00\xff", b"{'engineer_id': 'E1'}", b"[" * 100_000],
    ids=["tombstone", "empty", "cut", "binary", "python", "deep"],
)
def test_a_value_that_is_no_json_is_undecodable(value: bytes | None) -> None:
    """Also a tombstone and a value nested to exhaust the parser."""
    assert refusal(value, record()[1]).reason == "undecodable"


@pytest.mark.parametrize(
    "name",
    [
        b"muster.engineer.position-reported.v2",
        b"com.example.thing.v1",
        b"muster.engineer.position-reported",
    ],
)
def test_a_type_or_version_that_is_not_known_here_says_so(name: bytes) -> None:
    """A newer version of a type is unknown, never read as the old one."""
    value, headers = record()
    error = refusal(value, {**headers, "ce_type": name})
    assert (error.reason, name.decode() in error.detail) == ("unknown_type", True)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("lat", float("nan")),
        ("lon", float("inf")),
        ("lat", 90.01),
        ("lat", "north"),
        ("lat", None),
        ("fixed_at", "2026-03-02T10:00:00"),
        ("fixed_at", "2026-03-02"),
        ("fixed_at", "0001-01-01T00:00:00+23:00"),
        ("fixed_at", "9999-12-31T23:59:59-23:00"),
        ("engineer_id", "Ana Maria"),
        ("engineer_id", "E" * 129),
        ("engineer_id", ""),
        ("accuracy_m", -1),
    ],
)
def test_a_field_that_breaks_the_schema_is_invalid_and_named(field: str, wrong: object) -> None:
    """NaN, places off the globe, naive or impossible times, names in the place of ids."""
    error = refusal(*record(**{field: wrong}))
    assert (error.reason, error.detail.split(":")[0]) == ("invalid", field)


def test_a_value_that_is_no_object_is_invalid() -> None:
    """JSON that is no object is readable JSON and no event."""
    assert refusal(b"[1]", record()[1]).reason == "invalid"


def test_a_field_of_a_newer_writer_is_left_aside() -> None:
    """A reader keeps reading when a writer has learned a field that it does not know."""
    value, headers = record(battery_percent=17)
    assert decode(value, list(headers.items())).event == POSITION


@settings(max_examples=100, deadline=None)
@given(value=st.binary(max_size=200), raw=st.binary(max_size=60))
@pytest.mark.parametrize("header", ["ce_id", "ce_type", "ce_time", "ce_source"])
def test_no_octets_raise_anything_but_an_unreadable_record(header: str, value: bytes, raw: bytes) -> None:
    """Whatever stands in a record, a reader gets an event or an UnreadableRecord."""
    headers = {**record()[1], header: raw}
    reason: str | None = None
    try:
        decode(value, list(headers.items()))
    except UnreadableRecord as error:
        reason = error.reason
    assert reason in {None, "undecodable", "unknown_type", "invalid"}


def test_a_time_is_written_in_utc_and_no_longer_than_needed() -> None:
    """RFC 3339 with `Z`, fractions only where there are any; the instant is the same."""
    lisbon = timezone(timedelta(hours=1))
    moment = datetime(2026, 6, 1, 10, 0, 0, 250_000, tzinfo=lisbon)
    assert rfc3339(moment) == "2026-06-01T09:00:00.25Z"
    assert ClockTicked(now=moment).model_dump_json() == ('{"now":"2026-06-01T09:00:00.25Z"}')
