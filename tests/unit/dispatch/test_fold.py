"""The fold itself: duplicates, time, unknown things, snapshots, policies, distances."""

from __future__ import annotations

import math
from datetime import timedelta

import orjson
import pytest
from pydantic import ValidationError

from schemas.clock import ClockTicked, LogStarted
from schemas.engineers import StatusReported
from services.dispatch.fold import PartitionFold
from services.dispatch.geometry import EARTH_KM, arc_km, unit_vector
from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import SHIPPED, UnknownPolicy, shipped_policy
from services.dispatch.snapshot import UnknownStateVersion
from tests.unit.dispatch.scene import START, Scene, kinds, only


def test_the_same_event_twice_decides_once() -> None:
    """Rule: (source, id) is the dedupe key; a duplicate produces no decision."""
    scene = Scene()
    scene.reported("I1")
    again = scene.log[-1]
    before = scene.region.incidents["I1"].epoch
    assert scene.tell("R1", again.event, again.id) == []
    assert scene.region.incidents["I1"].epoch == before


def test_the_same_incident_under_another_event_is_refused() -> None:
    """Rule: an incident_id is reported once."""
    scene = Scene()
    scene.reported("I1")
    assert only(scene.reported("I1"), "refused").reason == "duplicate_incident"


def test_a_report_from_the_future_is_refused() -> None:
    """Rule: more than five minutes ahead of the log's clock is the future."""
    scene = Scene()
    refused = scene.reported("I1", reported_at=scene.now + timedelta(minutes=6))
    assert only(refused, "refused").reason == "in_the_future"
    assert "I1" not in scene.region.incidents


def test_time_never_runs_back() -> None:
    """Rule: a tick that steps back is ignored; decisions carry the log's time."""
    scene = Scene()
    scene.after(10)
    scene.tell("", ClockTicked(now=START))
    assert scene.fold.now == START + timedelta(minutes=10)
    assert scene.reported("I1")[0].decided_at == START + timedelta(minutes=10)


def test_the_first_log_id_stays() -> None:
    """Rule: a second LogStarted is ignored."""
    scene = Scene()
    scene.tell("", LogStarted(log="log-2"))
    assert scene.fold.log == "log-1"


def test_an_event_of_an_unknown_region_is_refused() -> None:
    """Rule: bad input is answered, never raised."""
    scene = Scene()
    status = StatusReported(
        engineer_id="E1", device_seq=0, occurred_at=START, incident_id="I1", epoch=1, status="accepted"
    )
    refused = only(scene.tell("R7", status), "refused")
    assert (refused.reason, refused.region, refused.incident_id) == ("unknown_region", "R7", "I1")


def test_statuses_of_the_unknown_are_refused() -> None:
    """Rule: an unknown engineer or incident is named."""
    scene = Scene()
    scene.on_shift("E1")
    assert only(scene.phone("E1", "accepted", incident="I9"), "refused").reason == "unknown_incident"


def test_an_answer_names_the_event_that_caused_it() -> None:
    """Rule: `caused_by` lets a command find its answer; the id is made of log, region, offset and n."""
    scene = Scene()
    decided = scene.reported("I1")
    offset = len(scene.log) - 1
    assert (decided[0].caused_by, decided[0].id) == (f"e{offset}", f"log-1/R1/{offset}/0")
    assert kinds(decided) == ["queued"]


def test_a_snapshot_of_another_version_is_not_read() -> None:
    """Rule: an unknown state version is folded anew, never guessed at."""
    whole = orjson.loads(Scene().fold.snapshot())
    whole["state_version"] += 1
    with pytest.raises(UnknownStateVersion):
        PartitionFold.restore(orjson.dumps(whole))


def test_a_snapshot_holds_nothing_derived() -> None:
    """Rule: what a restore rebuilds does not stand in the snapshot."""
    region = orjson.loads(Scene().fold.snapshot())["regions"][0]
    assert not region.keys() & {"warm", "timers", "by_row", "by_slot", "seen_marks"}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_load(name: str) -> None:
    """Rule: a policy is found by its name, and carries it."""
    assert shipped_policy(name).name == name


def test_calm_turns_people_less() -> None:
    """Rule: the calm policy's churn price is the higher one."""
    assert shipped_policy("calm").churn_price_weighted_min > shipped_policy().churn_price_weighted_min


def test_a_policy_with_an_unknown_field_or_name_is_refused() -> None:
    """Rule: a misspelt number is a mistake, not a default."""
    whole = shipped_policy().model_dump()
    with pytest.raises(ValidationError):
        DispatchPolicy.model_validate(whole | {"churn_price_min": 3})
    with pytest.raises(UnknownPolicy):
        shipped_policy("wild")


@pytest.mark.parametrize("degrees", [0.00001, 0.01, 0.5, 3.0, 8.9])
def test_the_series_is_the_great_circle(degrees: float) -> None:
    """Rule: relative error below 1e-9 up to 1,000 km."""
    found = arc_km(unit_vector(40, -3), unit_vector(40 + degrees, -3))
    assert math.isclose(found, EARTH_KM * math.radians(degrees), rel_tol=1e-9)
