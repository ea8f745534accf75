"""An assignment's life: acknowledged to resolved, refused when stale, taken back when declined or silent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.dispatch.scene import START, Scene, at, kinds, only


def sent(north_km: float = 10.0) -> Scene:
    """E1 has been given I1."""
    scene = Scene()
    scene.on_shift("E1", 0)
    scene.reported("I1", north_km)
    assert scene.incident("I1").engineer_id == "E1"
    return scene


def test_a_job_goes_from_assigned_to_resolved() -> None:
    """Rule: each status is one decision; restored and resolved are two times; resolved frees."""
    scene = sent()
    assert kinds(scene.phone("E1", "acknowledged", "accepted", "en_route")) == [
        "acknowledged",
        "accepted",
        "en_route",
    ]
    scene.after(20)
    scene.phone("E1", "on_site")
    scene.after(30)
    scene.phone("E1", "restored")
    assert scene.region.engineers["E1"].incident_id == "I1"
    scene.after(10)
    assert kinds(scene.phone("E1", "resolved")) == ["resolved"]
    incident = scene.incident("I1")
    assert incident.restored_at is not None
    assert incident.resolved_at == incident.restored_at + 10 * 60_000
    assert scene.region.engineers["E1"].state == "available"


def test_on_site_without_en_route_is_understood() -> None:
    """Rule: a later stage implies the earlier ones."""
    scene = sent()
    scene.after(2)
    assert kinds(scene.phone("E1", "on_site")) == ["on_site"]
    assert scene.incident("I1").acknowledged


def test_an_arrival_after_the_promise_is_late() -> None:
    """Rule: `late` says whether the promised moment had passed on arrival."""
    scene = Scene()
    scene.on_shift("E1", 0)
    scene.reported("I1", 1, promised_in_min=5)
    scene.phone("E1", "acknowledged")
    broken = scene.after(10)
    assert kinds(broken) == ["promise_broken"]
    assert only(scene.phone("E1", "on_site"), "on_site").late is True
    assert scene.after(10) == []


def test_a_promise_breaks_once() -> None:
    """Rule: promise_broken comes once an incident, at the first tick after the promised moment."""
    scene = Scene()
    scene.reported("I1", promised_in_min=10)
    assert kinds(scene.after(9)) == []
    assert kinds(scene.after(2)) == ["promise_broken"]
    assert kinds(scene.after(30)) == []


def test_a_stale_accept_is_refused_with_the_current_epoch() -> None:
    """Rule: an epoch that is no longer current moves nothing."""
    scene = sent()
    scene.phone("E1", "declined")
    scene.on_shift("E2", 5)
    refused = only(scene.phone("E1", "accepted", incident="I1", epoch=1), "refused")
    assert (refused.reason, refused.epoch) == ("stale_epoch", 2)
    assert scene.incident("I1").engineer_id == "E2"


def test_an_offline_phones_contradiction_is_a_conflict() -> None:
    """Rule: on site under an assignment that was taken back is shown, not applied."""
    scene = sent()
    scene.after(5)
    assert scene.incident("I1").state == "waiting"
    decided = scene.phone("E1", "on_site", incident="I1", epoch=1)
    assert only(decided, "conflicted").reason == "stale_epoch"
    assert scene.incident("I1").on_site_at is None


def test_a_status_for_somebody_elses_assignment_is_refused() -> None:
    """Rule: only the phone that has the assignment speaks for it."""
    scene = sent()
    scene.on_shift("E2", 50)
    refused = only(scene.phone("E2", "on_site", incident="I1", epoch=1), "refused")
    assert refused.reason == "not_yours"


def test_a_declined_incident_waits_with_its_time_kept_and_is_not_offered_again() -> None:
    """Rule: a decline puts it back; the same engineer is not asked again for the policy's time."""
    scene = sent()
    scene.after(2)
    decided = scene.phone("E1", "declined", reason="no ladder")
    assert kinds(decided) == ["withdrawn"]
    assert (decided[0].reason, decided[0].detail) == ("declined", "no ladder")
    waiting = scene.incident("I1")
    assert (waiting.state, waiting.reported_at) == ("waiting", round(START.timestamp() * 1000) + 1000)
    assert "assigned" not in kinds(scene.after(30))
    assert "assigned" in kinds(scene.after(31))


def test_a_silent_phone_loses_its_assignment_until_it_is_heard_of() -> None:
    """Rule: no acknowledgement in time takes the assignment back and marks the phone unreachable."""
    scene = sent()
    decided = scene.after(6)
    assert only(decided, "withdrawn").reason == "unreachable"
    assert not scene.region.engineers["E1"].reachable
    assert "assigned" not in kinds(scene.reported("I2", 1))
    heard = scene.moved("E1", 0)
    assert only(heard, "engineer_changed").reason == "reachable"
    assert only(heard, "assigned").incident_id == "I2"


def test_times_are_the_phones_bounded_by_assignment_and_now() -> None:
    """Rule: an offline phone's occurred_at counts, but not before the assignment nor after the log's time."""
    scene = sent()
    scene.phone("E1", "acknowledged")
    scene.after(60)
    long_ago = START - timedelta(hours=5)
    scene.phone("E1", "on_site", occurred_at=long_ago)
    assert scene.incident("I1").on_site_at == scene.incident("I1").assigned_at
    scene.phone("E1", "resolved", occurred_at=scene.now + timedelta(minutes=4))
    assert scene.incident("I1").resolved_at == round(scene.now.timestamp() * 1000)


def test_an_overtaken_report_fills_in_the_time_that_was_implied() -> None:
    """Rule: statuses are applied in the device's order, also when one arrives after its successor."""
    scene = sent()
    scene.phone("E1", "acknowledged")
    scene.after(60)
    arrived = scene.now - timedelta(minutes=30)
    scene.seqs["E1"] += 1
    overtaken = scene.seqs["E1"]
    scene.phone("E1", "restored")
    decided = scene.phone("E1", "on_site", device_seq=overtaken, occurred_at=arrived)
    assert kinds(decided) == ["on_site"]
    assert scene.incident("I1").state == "restored"
    assert scene.incident("I1").on_site_at == round(arrived.timestamp() * 1000)


def test_a_repeated_number_of_a_device_is_a_conflict() -> None:
    """Rule: a device's number is used once."""
    scene = sent()
    scene.phone("E1", "acknowledged")
    again = scene.phone("E1", "accepted", device_seq=scene.seqs["E1"])
    assert only(again, "conflicted").reason == "repeated"


def test_a_status_from_the_future_is_refused() -> None:
    """Rule: more than five minutes ahead of the log's clock is the future."""
    scene = sent()
    refused = scene.phone("E1", "acknowledged", occurred_at=scene.now + timedelta(minutes=6))
    assert only(refused, "refused").reason == "in_the_future"


@pytest.mark.parametrize("reached", ["acknowledged", "on_site"])
def test_calling_off_frees_whoever_was_sent(reached: str) -> None:
    """Rule: a cancelled incident is closed, and its engineer gets other work."""
    scene = sent()
    scene.phone("E1", reached)
    decided = scene.cancel("I1")
    assert kinds(decided) == ["withdrawn", "cancelled"]
    assert scene.incident("I1").state == "cancelled"
    assert only(scene.reported("I2"), "assigned").engineer_id == "E1"


def test_what_is_restored_is_not_called_off() -> None:
    """Rule: restored stays restored; unknown and closed incidents are refused by their own words."""
    scene = sent()
    scene.phone("E1", "restored")
    assert only(scene.cancel("I1"), "refused").reason == "already_restored"
    scene.phone("E1", "resolved")
    assert only(scene.cancel("I1"), "refused").reason == "already_resolved"
    assert only(scene.cancel("I9"), "refused").reason == "unknown_incident"


def test_a_phones_place_counts_when_it_sets_out() -> None:
    """Rule: en route with a place restarts the reckoning from there."""
    scene = sent(north_km=20)
    scene.phone("E1", "acknowledged")
    decided = scene.phone("E1", "en_route", place=at(15))
    arrives = only(decided, "en_route").arrives_at
    assert arrives is not None
    assert timedelta(minutes=9.7) < arrives - scene.now < timedelta(minutes=9.8)
