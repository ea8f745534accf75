"""The location feed's cheap reading says the same as the model, and keeps the newest fix."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import UnreadableRecord
from schemas.engineers import EngineersMoved, PositionReported
from streams.positions import MAX_MOVES, POSITION_TYPE, NewestFixes, read_fix
from streams.routing import FUTURE_MARGIN, Refusal
from tests.unit.streams.samples import NOW, position, record

GOOD = {"engineer_id": "E1", "lat": 1.5, "lon": 2, "fixed_at": "2026-03-02T10:00:00Z"}


def read(**changed: object):
    """Read a fix with some fields changed."""
    return read_fix(orjson.dumps(GOOD | changed), [POSITION_TYPE], NOW + FUTURE_MARGIN)


def reason(value: bytes, headers: list[tuple[str, bytes]] | None = None) -> str:
    """Why a record is no fix."""
    with pytest.raises((UnreadableRecord, Refusal)) as caught:
        read_fix(value, [POSITION_TYPE] if headers is None else headers, NOW + FUTURE_MARGIN)
    error = caught.value
    assert isinstance(error, UnreadableRecord | Refusal)
    return error.reason


def test_a_fix_is_read_as_the_codec_writes_it():
    """The feed reads what the gateway sends."""
    sent = record("engineer-locations", position("E7", NOW, 3.25))
    assert read_fix(sent.value, sent.headers, None) == ("E7", (NOW, 3.25, 5.0))


@pytest.mark.parametrize("bad", [b'{"engineer_id":"E1","lat":NaN,"lon":2}', b"{", b"", b"\xff"])
def test_what_is_no_json_is_undecodable(bad: bytes):
    """Bad input: an undecodable record; NaN and Infinity are no JSON."""
    assert reason(bad) == "undecodable"


@pytest.mark.parametrize(
    "changed",
    [
        {"lat": 90.1},
        {"lat": -91},
        {"lon": 180.5},
        {"lat": None},
        {"lat": "1"},
        {"lat": True},
        {"lat": 1e400},
        {"fixed_at": "2026-03-02T10:00:00"},
        {"fixed_at": 5},
        {"fixed_at": "yesterday"},
        {"engineer_id": 7},
        {"engineer_id": ["E1"]},
    ],
)
def test_a_fix_out_of_range_or_shape_is_invalid(changed: dict[str, object]):
    """Bad input: a position that is none."""
    assert reason(orjson.dumps(GOOD | changed)) == "invalid"


def test_a_list_and_a_missing_field_are_invalid():
    """JSON of another shape is no position."""
    assert reason(b"[1]") == reason(b"{}") == reason(b'"text"') == "invalid"


def test_another_type_on_the_topic_is_unknown():
    """Bad input: an unknown event type or version."""
    assert (
        reason(orjson.dumps(GOOD), [("ce_type", b"muster.engineer.position-reported.v9")]) == "unknown_type"
    )


def test_a_fix_in_the_future_is_refused():
    """Bad input: a time in the future."""
    assert reason(orjson.dumps(GOOD | {"fixed_at": "2026-03-02T10:05:01Z"})) == "in_the_future"


def accepted_place(value: bytes) -> bool:
    """Whether the model accepts latitude and longitude (an id is checked by being known)."""
    fields = orjson.loads(value) | {"engineer_id": "E1"}
    return PositionReported.model_validate_json(orjson.dumps(fields)).lat <= 90


ANYTHING = (
    st.none() | st.booleans() | st.integers(-400, 400) | st.floats() | st.text(max_size=5) | st.just([1])
)


@given(
    st.dictionaries(st.sampled_from(["lat", "lon", "fixed_at"]), ANYTHING)
    | st.fixed_dictionaries(
        {
            "lat": st.floats(-200, 200) | st.integers(-200, 200) | st.none() | st.text(max_size=3),
            "lon": st.floats(-200, 200) | st.booleans(),
        }
    )
)
def test_it_never_accepts_a_place_that_the_model_refuses(changed: dict[str, object]):
    """The explicit checks are no weaker than `PositionReported` for places."""
    try:
        value = orjson.dumps(GOOD | changed)
    except TypeError:
        return
    try:
        read_fix(value, [POSITION_TYPE], None)
    except UnreadableRecord:
        return
    assert accepted_place(value)


def test_only_the_newest_fix_of_each_engineer_is_sent():
    """Older than the newest is dropped, also after the newest was sent."""
    fixes = NewestFixes()
    for seconds, lat in ((0, 1.0), (2, 3.0), (1, 2.0)):
        fixes.add("E1", (NOW + timedelta(seconds=seconds), lat, 5.0))
    ((region, value),) = fixes.take({"E1": "R1"})
    moved = EngineersMoved.model_validate_json(value)
    assert (region, moved.region) == ("R1", "R1")
    assert [(move.engineer_id, move.lat) for move in moved.moves] == [("E1", 3.0)]
    fixes.add("E1", (NOW + timedelta(seconds=1), 9.0, 5.0))
    assert list(fixes.take({"E1": "R1"})) == []


def test_a_region_gets_one_batch_and_a_long_one_several():
    """Batches per region, in order of ids, no longer than a record of 1 MiB can hold."""
    fixes = NewestFixes()
    names = [f"engineer-with-a-rather-long-opaque-identifier-{n:06d}" for n in range(MAX_MOVES + 1)]
    for name in names:
        fixes.add(name, (NOW.replace(microsecond=123456), -89.123456789012345, -179.123456789012345))
    fixes.add("other", (NOW, 1.0, 1.0))
    taken = list(fixes.take(dict.fromkeys(names, "R1") | {"other": "R0"}))
    assert [region for region, _ in taken] == ["R0", "R1", "R1"]
    assert max(len(value) for _, value in taken) < 1024 * 1024 - 2048
    moved = [move for _, value in taken for move in EngineersMoved.model_validate_json(value).moves]
    assert [move.engineer_id for move in moved] == ["other", *names]
