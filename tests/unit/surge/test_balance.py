"""A day as a fluid, and the moves that leave the least waiting over the country."""

from __future__ import annotations

from services.surge.balance import Balance, Gain
from services.surge.course import HOURS2, SLOTS, Course, slots_of
from services.surge.policy import shipped_lending_policy

DEFAULT = shipped_lending_policy()
JOURNEY = 6
TRAVEL = {(one, other): JOURNEY for one in ("R1", "R2", "R3") for other in ("R1", "R2", "R3") if one != other}


def day(busy: int, on_duty: int = 40, **fields: object) -> Course:
    """A day on which so many engineers are kept busy at every hour."""
    return Course([1000 * busy] * SLOTS, [1000 * on_duty] * SLOTS, **fields)  # type: ignore[arg-type]


def storm(hours: int = 6, busy: int = 90) -> Course:
    """So many are needed at first, and 20 afterwards."""
    return Course([1000 * (busy if slot < 2 * hours else 20) for slot in range(SLOTS)], [40_000] * SLOTS)


def balance(**courses: Course) -> Balance:
    """These regions, three hours from each other, under the default policy."""
    return Balance(DEFAULT, dict(courses), TRAVEL, dict(courses), dict.fromkeys(courses, 40))


def test_what_waits_grows_by_what_nobody_works_off() -> None:
    """Two engineers too few for an hour leave two engineer-hours, and four slots of the rest clear them."""
    course = Course([42_000] * 2 + [39_000] * (SLOTS - 2), [40_000] * SLOTS)
    assert course.clear_at() == 5
    assert course.waits() == (2 + 4 + 3 + 2 + 1) * 1000
    assert day(30).waits() == 0
    assert day(30, waiting=4000).clear_at() == 0


def test_an_hour_of_work_that_waits_an_hour_is_the_unit() -> None:
    """One engineer's hour is two slots of 1000; waiting for an hour is two slots more."""
    one_waits = Course([2000, 0, 2000] + [0] * (SLOTS - 3), [0, 0, 4000] + [0] * (SLOTS - 3))
    assert one_waits.waits() == HOURS2


def test_doubt_makes_a_day_that_just_fits_a_risk() -> None:
    """An expected day without waiting still costs something where it may be busier."""
    assert day(38).waits() == 0
    assert day(38, doubts=(800, 1000, 1200)).waits() > 0


def test_those_who_come_count_from_their_arrival() -> None:
    """Help that arrives after all is done is worth nothing."""
    hit = storm()
    assert hit.with_more(5, 0).waits() < hit.with_more(5, JOURNEY).waits() < hit.waits()
    assert hit.with_more(5, hit.clear_at()).waits() == hit.waits()
    assert slots_of(1) == 1


def test_a_storm_draws_from_whoever_has_most_to_spare() -> None:
    """The idle region sends more than the busy one; nobody gives more than it has room for."""
    doubts = (800, 1000, 1200)
    found = balance(R1=storm(), R2=day(20, doubts=doubts), R3=day(36, doubts=doubts))
    moves = found.sent({"R2": 12, "R3": 12}, ["R1"])
    assert moves["R2", "R1"].count == 12
    assert moves.get(("R3", "R1"), Gain()).count < 6


def test_a_donor_loses_no_more_than_it_can_bear_however_much_is_saved() -> None:
    """Beyond the setting's hours for each of its own the best move is none; what was lent before counts."""
    doubts, hit = (800, 1000, 1200), storm(hours=12, busy=300)
    alone = day(28, doubts=doubts)
    found = balance(R1=hit, R2=alone)
    sent = found.sent({"R2": 30}, ["R1"])["R2", "R1"].count
    lost = found.courses["R2"].waits() - alone.waits()
    assert sent == 6
    assert lost <= DEFAULT.donor_loses_h * 40 * HOURS2
    days = {"R1": hit, "R2": alone.with_more(-sent, 0)}
    later = Balance(DEFAULT, days, TRAVEL, {"R2": alone}, {"R2": 40})
    assert later.sent({"R2": 30}, ["R1"]) == {}


def test_nobody_sets_out_for_what_is_over_before_they_arrive() -> None:
    """A journey of three hours does not pay for a surge of one."""
    found = balance(R1=storm(hours=1, busy=60), R2=day(20))
    assert found.sent({"R2": 20}, ["R1"]) == {}


def test_they_go_home_when_nothing_waits_and_stay_while_much_does() -> None:
    """Help that is no longer needed goes home; help in the middle of a storm does not."""
    assert balance(R1=day(20), R2=day(20, on_duty=30)).recalled({("R2", "R1"): 7}) == {("R2", "R1"): 7}
    assert balance(R1=storm(), R2=day(20, on_duty=30)).recalled({("R2", "R1"): 7}) == {}


def test_a_home_in_trouble_gets_its_own_back_first() -> None:
    """Of two homes the one where work waits is sent its engineers, though the storm still blows."""
    found = balance(R1=storm(hours=2, busy=60), R2=storm(hours=12, busy=120), R3=day(10))
    assert found.recalled({("R2", "R1"): 4, ("R3", "R1"): 4}) == {("R2", "R1"): 4}
