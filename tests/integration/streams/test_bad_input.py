"""Bad input ends among the dead letters or as a refusal, with its reason, and stops nobody."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest

from deploy.local import Broker
from schemas.base import Place
from schemas.clock import ClockTicked
from schemas.cloudevents import Envelope, encode
from schemas.engineers import PositionReported, StatusReported
from schemas.incidents import CancelIncident
from streams.letter_box import Filed, read_letters, retry
from streams.settings import WorkerSettings
from tests.integration.streams.field import AROUND_HERE, Field, installation, report, shift_of

NOWHERE = Place(lat=-45, lon=-45)


@pytest.fixture
async def field(broker: Broker, any_redis: str, topic_prefix: str) -> AsyncIterator[Field]:
    """An installation with region R1 and its engineer E1 on shift."""
    settings = WorkerSettings(broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix)
    async with installation(settings) as found:
        await found.region("R1", AROUND_HERE)
        await found.engineer("E1", "R1")
        yield found


def headers_of(kind: str) -> list[tuple[str, bytes]]:
    """CloudEvents headers of any type."""
    made = {"ce_id": uuid4().hex, "ce_source": "test", "ce_type": kind, "ce_time": "2026-01-01T00:00:00Z"}
    return [(name, value.encode()) for name, value in made.items()]


async def test_every_kind_of_bad_record_is_kept_with_its_reason_and_work_goes_on(field: Field):
    """Undecodable, unknown type or version, outside every region, in the future, NaN: each has its word."""
    soon = datetime.now(UTC) + timedelta(minutes=6)
    await field.raw("incidents", b"\xff\xfe", headers_of("muster.incident.reported.v1"))
    await field.raw("incidents", b"{}", [("other", b"1")])
    await field.raw("incidents", b"{}", headers_of("muster.incident.reported.v7"))
    await field.raw("incidents", b'{"incident_id":"I1"}', headers_of("muster.incident.reported.v1"))
    await field.say("incidents", shift_of("E1"), "E1")
    await field.say("incidents", report("I-nowhere", place=NOWHERE), "I-nowhere")
    await field.say("incidents", report("I-soon", "R1").model_copy(update={"reported_at": soon}), "I-soon")
    await field.say("engineer-status", shift_of("E-unknown"), "E-unknown")
    await field.say(
        "dispatch-commands", CancelIncident(incident_id="I1", region="R-unknown", by="D1"), "R-unknown"
    )
    position = PositionReported(engineer_id="E1", lat=45, lon=5, fixed_at=datetime.now(UTC))
    value, headers = encode(Envelope("p1", "test", position, datetime.now(UTC), "E1"))
    await field.raw("engineer-locations", value.replace(b"45.0", b"NaN"), headers)
    await field.raw("engineer-locations", orjson.dumps(orjson.loads(value) | {"lat": 95}), headers)
    await field.raw("engineer-locations", orjson.dumps(orjson.loads(value) | {"engineer_id": "E9"}), headers)
    good = await field.say("incidents", report("I-good"), "I-good")
    assert {one.kind for one in await field.answer(good)} >= {"queued", "assigned"}
    found = await field.letters(12)
    reasons = sorted((filed.letter.topic, filed.letter.reason) for filed in found)
    assert reasons == [
        ("dispatch-commands", "unknown_region"),
        ("engineer-locations", "invalid"),
        ("engineer-locations", "undecodable"),
        ("engineer-locations", "unknown_engineer"),
        ("engineer-status", "unknown_engineer"),
        ("incidents", "in_the_future"),
        ("incidents", "invalid"),
        ("incidents", "outside_every_region"),
        ("incidents", "undecodable"),
        ("incidents", "undecodable"),
        ("incidents", "unknown_type"),
        ("incidents", "unknown_type"),
    ]
    kept = {base64.b64decode(filed.letter.value_base64) for filed in found}
    assert {b"\xff\xfe", value.replace(b"45.0", b"NaN")} <= kept, "the original bytes"


async def test_a_duplicate_makes_no_second_decision(field: Field):
    """(source, id) is the dedupe key: the same report twice is one incident."""
    twice = report("I-twice")
    first = await field.say("incidents", twice, "I-twice", "same-id")
    await field.say("incidents", twice, "I-twice", "same-id")
    after = await field.say("incidents", report("I-after"), "I-twice")  # same key: behind both
    await field.answer(after)
    answers = await field.answer(first)
    assert [one.kind for one in answers].count("queued") == 1
    assert len({one.offset for one in answers}) == 1


async def test_a_status_for_somebody_elses_assignment_is_refused(field: Field):
    """The fencing epoch and the name decide who may report."""
    await field.engineer("E2", "R1", on_shift=False)
    answers = await field.answer(await field.say("incidents", report("I1"), "I1"))
    assigned = next(one for one in answers if one.kind == "assigned")
    now = datetime.now(UTC)
    foreign = StatusReported(
        engineer_id="E2",
        device_seq=1,
        occurred_at=now,
        incident_id="I1",
        epoch=assigned.epoch or 0,
        status="on_site",
    )
    answers = await field.answer(await field.say("engineer-status", foreign, "E2"))
    assert {one.kind for one in answers} <= {"refused", "conflicted"}


async def test_a_letter_is_sent_again_when_its_cause_is_gone(field: Field):
    """`dead-letters retry`: original bytes, headers and topic; the letter is marked."""
    shift = await field.say("engineer-status", shift_of("E5"), "E5")
    (filed,) = await field.letters(1)
    await field.engineer("E5", "R1", on_shift=False)
    assert await retry(field.settings, [filed.letter]) == 1
    assert (await field.answer(shift))[0].kind == "engineer_changed"
    (again,) = await read_letters(field.settings)
    assert isinstance(again, Filed)
    assert (again.retried, again.letter.retries) == (True, 1)


async def test_a_log_record_that_nobody_can_read_is_stepped_over(field: Field):
    """Dispatch too: a broken record on `region-events` is a dead letter, and the region goes on."""
    await field.raw("region-events", b"not json", headers_of("muster.clock.ticked.v1"), b"R1")
    good = await field.say("incidents", report("I-on"), "I-on")
    await field.answer(good)
    assert [filed.letter.topic for filed in await field.letters(1)] == ["region-events"]


async def test_a_posted_clock_moves_the_partition_it_was_posted_to(field: Field):
    """A tick on `dispatch-commands` enters the same partition of `region-events`; back steps are ignored."""
    past = await field.say(
        "dispatch-commands", ClockTicked(now=datetime(2020, 1, 1, tzinfo=UTC)), "", partition=3
    )
    good = await field.say("incidents", report("I-clock"), "I-clock")
    decided = await field.answer(good)
    assert decided[0].decided_at.year > 2020
    assert all(one.caused_by != past for one in await field.decisions())
