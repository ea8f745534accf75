"""Every region's day as its loads and loans let expect it: who is on duty when, and what comes."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.exercises import real_region
from services.surge.balance import Balance
from services.surge.course import SLOT_MS, SLOTS, Course, slots_of
from services.surge.forecast import Outlook
from services.surge.loans import Followed, Loans
from services.surge.policy import LendingPolicy
from services.surge.proposals import travel_ms

Ways = dict[tuple[str, str], int]
"""Slots of the journey by (from, to)."""


def balance_of(policy: LendingPolicy, known: Mapping[str, Outlook], loans: Loans, now: int) -> Balance:
    """The balance of the country at `now` (ms), before any new move."""
    travel = _ways(known)
    elsewhere = {name: elsewhere_permille(known, o) for name, o in known.items()}
    courses: dict[str, Course] = {}
    whole: dict[str, Course] = {}
    for name, outlook in sorted(known.items(), key=lambda item: (not item[1].helped, item[0])):
        on_duty = [1000 * outlook.newest.on_duty] * SLOTS
        course = outlook.course(policy, elsewhere[name], on_duty)
        for followed in loans.helping(name):
            course = _arriving(course, followed, travel, now)
        lent = loans.of_home(name)
        whole[name] = course.with_more(len(lent), 0)
        for followed in lent:
            course = _returning(course, followed, courses, travel, now)
        courses[name] = course
    strength = {name: outlook.newest.home_strength for name, outlook in known.items()}
    return Balance(policy, courses, travel, whole, strength, closed_ways(known))


def elsewhere_permille(known: Mapping[str, Outlook], here: Outlook) -> int:
    """What a mean hour keeps busy in a region of this strength, over all regions outside of surges."""
    calm = [o for _, o in sorted(known.items()) if o.newest.home_strength and o.lately.weight]
    weight = sum(o.newest.home_strength * (o.lately.weight // 1000) for o in calm)
    busy = sum(o.mean_permille() * (o.lately.weight // 1000) for o in calm)
    return busy * here.newest.home_strength // max(1, weight)


def closed_ways(known: Mapping[str, Outlook]) -> frozenset[tuple[str, str]]:
    """The ways from one region to another that the first region's borders close."""
    return frozenset(
        (home, to)
        for home, outlook in known.items()
        for to in known
        if outlook.newest.lends_to is not None and real_region(to) not in outlook.newest.lends_to
    )


def _ways(known: Mapping[str, Outlook]) -> Ways:
    ways: Ways = {}
    for start, one in known.items():
        for end, other in known.items():
            if start != end and one.newest.centre is not None and other.newest.centre is not None:
                slowest = max(one.newest.ms_per_km, other.newest.ms_per_km)
                ways[start, end] = min(
                    SLOTS, slots_of(travel_ms(one.newest.centre, other.newest.centre, slowest))
                )
    return ways


def _arriving(course: Course, followed: Followed, travel: Ways, now: int) -> Course:
    """Whoever is under way counts as on duty already; they work from their arrival."""
    if followed.stage == "working":
        return course
    journey = travel.get((followed.loan.home_region, followed.loan.to_region), 0)
    arrives = max(0, journey - (now - followed.asked_at) // SLOT_MS)
    if followed.stage == "travelling":
        course = course.with_more(-1, 0)
    return course.with_more(1, arrives)


def _returning(
    course: Course, followed: Followed, courses: Mapping[str, Course], travel: Ways, now: int
) -> Course:
    """Whoever is lent comes back after what waits there; whoever is on the way home counts from arrival."""
    journey = travel.get((followed.loan.to_region, followed.loan.home_region), 0)
    if followed.recalled_at is not None or followed.stage in ("recalled", "released"):
        since = now if followed.recalled_at is None else followed.recalled_at
        if followed.stage == "released":
            course = course.with_more(-1, 0)
        return course.with_more(1, max(0, journey - (now - since) // SLOT_MS))
    there = courses.get(followed.loan.to_region)
    clear_at = 0 if there is None else there.clear_at()
    return course.with_more(1, min(SLOTS, clear_at + journey))
