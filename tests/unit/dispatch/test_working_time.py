"""Breaks, daily rest and the week: due by the rules, taken by themselves, counted by the region's clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.regions import RegionDefined, RegionRules
from services.dispatch.duty import Duty, next_week, week_start, working_time
from services.dispatch.moments import MINUTE_MS, to_ms
from tests.unit.dispatch.scene import START, Scene, kinds, only

HOUR = 60 * MINUTE_MS


def test_the_break_happens_by_itself_and_ends_by_itself() -> None:
    """Rule: after 6 h without a break an idle engineer goes on it for the rule's length, and comes back."""
    scene = Scene()
    engineer = scene.on_shift("E1", worked_min_before=300)
    assert "engineer_changed" not in kinds(scene.after(55))
    assert only(scene.after(5), "engineer_changed").reason == "break_due"
    assert engineer.state == "on_break"
    assert "assigned" not in kinds(scene.reported("I1"))
    scene.after(29)
    assert engineer.state == "on_break"
    decided = scene.after(1)
    assert only(decided, "engineer_changed").reason == "break_over"
    assert only(decided, "assigned").engineer_id == "E1"


def test_a_break_that_falls_due_at_work_comes_between_jobs() -> None:
    """Rule: nobody is called off a job for a break; it comes before the next one."""
    scene = Scene()
    engineer = scene.on_shift("E1", worked_min_before=290)
    scene.reported("I1")
    scene.phone("E1", "acknowledged", "en_route", "on_site")
    scene.reported("I2")
    scene.after(90)
    decided = scene.phone("E1", "restored", "resolved")
    assert only(decided, "engineer_changed").reason == "break_due"
    assert engineer.state == "on_break"
    assert scene.incident("I2").state == "waiting"


def test_a_whole_break_of_ones_own_counts_and_a_short_one_does_not() -> None:
    """Rule: half an hour away starts the six hours anew, ten minutes do not."""
    for minutes in (30, 10):
        scene = Scene()
        scene.on_shift("E1", worked_min_before=300)
        scene.shift("E1", "break_started")
        scene.after(minutes)
        scene.shift("E1", "break_ended")
        duty = scene.region.engineers["E1"].duty
        assert duty is not None
        limits = duty.limits(working_time(RegionRules(), "UTC"))
        left = (limits["break"] - to_ms(scene.now)) / MINUTE_MS
        assert (left > 340) is (minutes == 30)


def test_a_phone_can_not_end_the_break_that_is_due_early() -> None:
    """Rule: the rule's break lasts its length, and the refusal names the rule."""
    scene = Scene()
    scene.on_shift("E1", worked_min_before=360)
    scene.after(1)
    assert only(scene.shift("E1", "break_ended"), "refused").reason == "break"


def test_after_thirteen_hours_comes_the_daily_rest_and_then_they_are_back() -> None:
    """Rule: 24 h less 11 h of rest; whoever has no registered shift end goes home and returns rested."""
    scene = Scene()
    engineer = scene.on_shift("E1", worked_min_before=0)
    reasons = []
    for _ in range(26 * 60):
        reasons += [d.reason for d in scene.after(1) if d.kind == "engineer_changed"]
    assert reasons == ["break_due", "break_over", "break_due", "break_over", "rest_due", "shift_started"]
    assert engineer.state == "available"
    assert engineer.duty is not None
    assert engineer.duty.began_at is not None
    back = to_ms(START + timedelta(hours=24))
    assert abs(engineer.duty.began_at - back) < 5 * MINUTE_MS


def test_without_minutes_worked_before_nothing_is_counted() -> None:
    """Rule (CONTRACT section 3): without the column no rest and no break limits anybody."""
    scene = Scene()
    scene.on_shift("E1")
    for _ in range(20):
        scene.after(60)
    assert only(scene.reported("I1"), "assigned").engineer_id == "E1"


def test_the_regions_own_rules_hold() -> None:
    """Rule: the numbers are the region's; changing them counts at once."""
    scene = Scene()
    scene.on_shift("E1", worked_min_before=0)
    scene.after(100)
    scene.tell("R1", RegionDefined(region="R1", rules=RegionRules(break_after_min=90)))
    assert only(scene.after(1), "engineer_changed").reason == "break_due"


def test_the_week_begins_on_monday_by_the_regions_clocks_also_when_they_change() -> None:
    """Rule: in Lisbon the week of 29 March 2026 has 167 hours, that of 25 October 169."""
    monday = to_ms(datetime(2026, 3, 23, tzinfo=UTC))
    assert week_start(monday + 30 * HOUR, "Europe/Lisbon") == monday
    assert next_week(monday, "Europe/Lisbon") - monday == 167 * HOUR
    autumn = week_start(to_ms(datetime(2026, 10, 24, 12, tzinfo=UTC)), "Europe/Lisbon")
    assert next_week(autumn, "Europe/Lisbon") - autumn == 169 * HOUR
    assert week_start(to_ms(datetime(2026, 3, 2, 1, tzinfo=UTC)), "America/St_Johns") == to_ms(
        datetime(2026, 2, 23, 3, 30, tzinfo=UTC)
    )


def test_rest_and_breaks_are_elapsed_hours_across_a_clock_change() -> None:
    """Rule: the night the clocks go forward gives nobody an hour of rest they did not have."""
    rules = working_time(RegionRules(), "Europe/Lisbon")
    evening = to_ms(datetime(2026, 3, 28, 22, tzinfo=UTC))
    duty = Duty()
    duty.go_on(evening - 8 * HOUR, rules)
    duty.pause(evening, rules, off_shift=True)
    duty.go_on(evening + 10 * HOUR, rules)  # 09:00 by the clock, eleven hours by it, ten in truth
    assert duty.began_at == evening - 8 * HOUR


def test_forty_eight_hours_a_week_and_monday_starts_anew() -> None:
    """Rule: the week's hours limit the job's end until Monday 00:00 of the region, then count anew."""
    rules = working_time(RegionRules(), "Europe/Lisbon")
    monday = to_ms(datetime(2026, 3, 23, tzinfo=UTC))
    duty = Duty()
    for day in range(4):
        duty.go_on(monday + day * 24 * HOUR, rules)
        duty.pause(monday + (day * 24 + 11) * HOUR, rules, off_shift=True)
    duty.go_on(monday + 4 * 24 * HOUR, rules)
    assert duty.limits(rules)["week"] == monday + (4 * 24 + 4) * HOUR
    duty.pause(monday + (4 * 24 + 4) * HOUR, rules, off_shift=True)
    next_monday = monday + 167 * HOUR
    duty.go_on(next_monday + HOUR, rules)
    assert duty.limits(rules)["week"] == next_monday + 49 * HOUR


def test_a_clock_that_steps_back_changes_nothing() -> None:
    """Rule: an older tick is ignored: no break ends early, no shift begins twice."""
    scene = Scene()
    engineer = scene.on_shift("E1", worked_min_before=355)
    scene.after(10)
    assert engineer.state == "on_break"
    now = scene.now
    scene.now = START - timedelta(hours=3)
    assert scene.after(0) == []
    assert scene.fold.now == now
    assert engineer.state == "on_break"
