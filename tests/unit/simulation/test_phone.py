"""The device model: what a phone says, when, and where it is."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import Place
from schemas.decisions import Decision
from schemas.engineers import PositionReported, StatusReported
from schemas.regions import EngineerRegistered, Terms
from services.simulation.geometry import travel_time_s
from services.simulation.phone import Phone, Said
from services.simulation.profiles import ROUGH, STEADY, PhoneProfile

HOME, NEAR, FAR = Place(lat=47.0, lon=8.0), Place(lat=47.05, lon=8.05), Place(lat=47.2, lon=8.3)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TERMS = Terms(speed_kmh=40, circuity=1.3)
ANA = EngineerRegistered(engineer_id="ANA", region="R1", home=HOME, skills={"radio": 3}, available_from=NOON)
WORK_MIN = 20.0


def phone_of(profile: PhoneProfile = STEADY, seed: int = 0) -> Phone:
    """Ana's phone."""
    return Phone(ANA, TERMS, profile, random.Random(seed), lambda _: WORK_MIN)


def told(
    kind: Literal["assigned", "withdrawn"], incident_id: str, epoch: int, site: Place = NEAR, who: str = "ANA"
) -> Decision:
    """A decision about an assignment."""
    return Decision(
        id=f"log/R1/{epoch}/{kind}/{incident_id}",
        decided_at=NOON,
        log="log",
        region="R1",
        offset=epoch,
        n=0,
        kind=kind,
        caused_by="test",
        incident_id=incident_id,
        engineer_id=who,
        epoch=epoch,
        place=site,
    )


def statuses(said: list[Said]) -> list[tuple[str, str, int]]:
    """Status, incident and number of what was said, positions apart."""
    return [(s.status, s.incident_id, s.device_seq) for s in said if isinstance(s, StatusReported)]


def test_a_steady_phone_answers_at_once_and_reports_on_the_second() -> None:
    """Acknowledged, accepted, under way when told; on site after the road; restored and resolved at once."""
    phone = phone_of()
    said = phone.told(told("assigned", "INC-1", 1), NOON)
    assert statuses(said) == [
        ("acknowledged", "INC-1", 1),
        ("accepted", "INC-1", 2),
        ("en_route", "INC-1", 3),
    ]
    assert {s.occurred_at for s in said if isinstance(s, StatusReported)} == {NOON}
    arrives_at = phone.due()
    assert arrives_at is not None
    road_s = travel_time_s(HOME, NEAR, TERMS)
    assert 0 <= (arrives_at - NOON).total_seconds() - road_s < 0.001
    assert statuses(phone.advance(arrives_at)) == [("on_site", "INC-1", 4)]
    finished = arrives_at + timedelta(minutes=WORK_MIN)
    assert phone.due() == finished
    assert statuses(phone.advance(finished)) == [("restored", "INC-1", 5), ("resolved", "INC-1", 6)]
    assert phone.due() is None
    assert not phone.busy
    (leg,) = phone.legs
    assert (leg.departed_at, leg.ended_at, leg.outcome) == (NOON, arrives_at, "arrived")
    assert (leg.origin, leg.end) == (HOME, NEAR)


def test_under_way_the_engineer_is_on_the_line_in_proportion_to_time() -> None:
    """Linear in latitude and longitude, as the yardstick has it."""
    phone = phone_of()
    phone.told(told("assigned", "INC-1", 1), NOON)
    arrives_at = phone.due()
    assert arrives_at is not None
    half = phone.place(NOON + (arrives_at - NOON) / 2)
    assert half.lat == pytest.approx((HOME.lat + NEAR.lat) / 2)
    assert half.lon == pytest.approx((HOME.lon + NEAR.lon) / 2)
    assert phone.place(arrives_at) == NEAR


def posted(site: Place = FAR) -> Decision:
    """A decision to wait elsewhere."""
    return told("assigned", "INC-0", 0, site).model_copy(
        update={"id": "log/R1/0/posted", "kind": "posted", "incident_id": None, "epoch": None}
    )


def test_to_a_post_it_drives_and_says_nothing() -> None:
    """A post is a real journey of its own: `moved`, without an incident."""
    phone = phone_of()
    assert phone.told(posted(), NOON) == []
    assert phone.busy
    arrives_at = phone.due()
    assert arrives_at is not None
    assert phone.advance(arrives_at) == []
    assert phone.place(arrives_at) == FAR
    assert not phone.busy
    assert [(leg.incident_id, leg.outcome, leg.end) for leg in phone.legs] == [("", "moved", FAR)]


def test_work_cuts_the_way_to_a_post_short() -> None:
    """The leg to the post ends where the assignment finds the car, and the next begins there."""
    phone = phone_of()
    phone.told(posted(), NOON)
    later = NOON + timedelta(minutes=5)
    where = phone.place(later)
    said = phone.told(told("assigned", "INC-1", 1), later)
    assert [status for status, _, _ in statuses(said)] == ["acknowledged", "accepted", "en_route"]
    assert [(leg.outcome, leg.ended_at, leg.end) for leg in phone.legs] == [("moved", later, where)]
    assert where not in (HOME, FAR)


def test_news_of_a_post_is_out_of_date_once_there_is_work() -> None:
    """With a job in hand nobody drives to a post."""
    phone = phone_of()
    phone.told(told("assigned", "INC-1", 1), NOON)
    due = phone.due()
    phone.told(posted(), NOON)
    assert phone.due() == due
    assert phone.legs == []


def test_turned_away_under_way_it_departs_from_where_it_is() -> None:
    """A diversion ends the leg on the road; the next begins there and then."""
    phone = phone_of()
    phone.told(told("assigned", "INC-1", 1, FAR), NOON)
    later = NOON + timedelta(minutes=5)
    where = phone.place(later)
    assert phone.told(told("withdrawn", "INC-1", 1), later) == []
    said = phone.told(told("assigned", "INC-2", 1), later)
    assert [status for status, _, _ in statuses(said)] == ["acknowledged", "accepted", "en_route"]
    assert phone.legs[0].outcome == "diverted"
    assert (phone.legs[0].ended_at, phone.legs[0].end) == (later, where)
    arrives_at = phone.due()
    assert arrives_at is not None
    phone.advance(arrives_at)
    assert (phone.legs[1].origin, phone.legs[1].departed_at) == (where, later)
    assert phone.legs[1].incident_id == "INC-2"


def test_a_job_taken_back_before_any_road_was_driven_leaves_no_leg() -> None:
    """No road, no journey."""
    phone = phone_of()
    phone.told(told("assigned", "INC-1", 1, FAR), NOON)
    phone.told(told("withdrawn", "INC-1", 1), NOON)
    assert phone.legs == []
    assert phone.place(NOON) == HOME
    assert phone.due() is None


def test_who_is_at_work_finishes_before_the_next_job() -> None:
    """On site an assignment is acknowledged and waits until the work is done."""
    phone = phone_of()
    phone.told(told("assigned", "INC-1", 1), NOON)
    on_site = phone.due()
    assert on_site is not None
    phone.advance(on_site)
    phone.told(told("withdrawn", "INC-1", 1), on_site)
    said = phone.told(told("assigned", "INC-2", 1, FAR), on_site + timedelta(minutes=1))
    assert [status for status, _, _ in statuses(said)] == ["acknowledged", "accepted"]
    done = on_site + timedelta(minutes=WORK_MIN)
    said = phone.advance(done)
    assert [(s, i) for s, i, _ in statuses(said)] == [
        ("restored", "INC-1"),
        ("resolved", "INC-1"),
        ("en_route", "INC-2"),
    ]


def test_who_has_just_arrived_is_called_back_by_what_was_decided_before() -> None:
    """A diversion decided under way and heard on arrival is obeyed: else two attend the incident."""
    phone, other = phone_of(), phone_of()
    phone.call_back_s = other.call_back_s = 60
    phone.told(told("assigned", "INC-1", 1), NOON)
    on_site = phone.due()
    assert on_site is not None
    phone.advance(on_site)
    soon, late = on_site + timedelta(seconds=30), on_site + timedelta(seconds=61)
    after = told("withdrawn", "INC-1", 1).model_copy(update={"decided_at": on_site + timedelta(seconds=1)})
    phone.told(after, soon)
    assert phone.legs[0].outcome == "arrived", "taken back after the arrival: the work goes on"
    phone.told(told("withdrawn", "INC-1", 1), late)
    assert phone.legs[0].outcome == "arrived", "heard too late: the work goes on"
    other.told(told("assigned", "INC-1", 1), NOON)
    other.advance(on_site)
    other.told(told("withdrawn", "INC-1", 1), soon)
    said = other.told(told("assigned", "INC-2", 1, FAR), soon)
    assert [status for status, _, _ in statuses(said)] == ["acknowledged", "accepted", "en_route"]
    assert [(leg.outcome, leg.ended_at, leg.end) for leg in other.legs] == [("diverted", on_site, NEAR)]


def test_decisions_about_others_and_told_twice_change_nothing() -> None:
    """Delivery is at least once, and a phone is told more than concerns it."""
    phone = phone_of()
    assert phone.told(told("assigned", "INC-1", 1, who="BEN"), NOON) == []
    phone.told(told("assigned", "INC-1", 1, FAR), NOON)
    arrives_at = phone.due()
    assert phone.told(told("assigned", "INC-1", 1, FAR), NOON + timedelta(minutes=1)) == []
    assert phone.told(told("withdrawn", "INC-1", 0), NOON + timedelta(minutes=1)) == []
    assert phone.due() == arrives_at


def test_a_phone_that_declines_says_why_and_stays() -> None:
    """Declined with a reason, no leg, nothing left to do."""
    phone = phone_of(PhoneProfile(name="no", declines=1.0))
    said = phone.told(told("assigned", "INC-1", 1), NOON)
    assert [status for status, _, _ in statuses(said)] == ["acknowledged", "declined"]
    assert isinstance(said[1], StatusReported)
    assert said[1].reason
    assert (phone.due(), phone.legs, phone.place(NOON)) == (None, [], HOME)


def test_offline_it_keeps_its_numbered_log_and_hands_it_over_in_order() -> None:
    """It drives and works on; what it says arrives in one piece, each with its own moment."""
    profile = PhoneProfile(name="tunnel", online_min=(5, 5), offline_min=(200, 200))
    phone = phone_of(profile)
    phone.told(told("assigned", "INC-1", 1), NOON)
    assert phone.advance(NOON + timedelta(minutes=100)) == []
    assert not phone.online
    back = phone.due()
    assert back == NOON + timedelta(minutes=205)
    said = phone.advance(back)
    assert [s[0] for s in statuses(said)] == ["on_site", "restored", "resolved"]
    assert [s[2] for s in statuses(said)] == [4, 5, 6]
    moments = [s.occurred_at for s in said if isinstance(s, StatusReported)]
    assert moments == sorted(moments)
    assert moments[-1] < back
    assert isinstance(said[-1], PositionReported)


def test_what_was_decided_while_offline_is_read_on_return_without_what_was_taken_back() -> None:
    """An assignment given and withdrawn meanwhile was never the phone's; one that stands is taken up."""
    phone = phone_of(PhoneProfile(name="tunnel", online_min=(1, 1), offline_min=(60, 60)))
    away = NOON + timedelta(minutes=2)
    phone.advance(away)
    for decision in (
        told("assigned", "INC-1", 1),
        told("withdrawn", "INC-1", 1),
        told("assigned", "INC-2", 3),
    ):
        assert phone.told(decision, away) == []
    back = phone.due()
    assert back is not None
    assert {incident for _, incident, _ in statuses(phone.advance(back))} == {"INC-2"}


def test_under_way_it_sends_fixes_and_none_when_it_stands() -> None:
    """Positions are for the road: none before it and none on site."""
    phone = phone_of(STEADY.with_fixes(30))
    phone.told(told("assigned", "INC-1", 1), NOON)
    said: list[Said] = []
    while (when := phone.due()) is not None:
        said += phone.advance(when)
    fixes = [s for s in said if isinstance(s, PositionReported)]
    assert len(fixes) == int(travel_time_s(HOME, NEAR, TERMS) // 30)
    assert all((fix.fixed_at - NOON).total_seconds() == 30 * n for n, fix in enumerate(fixes, start=1))


@given(
    seed=st.integers(0, 10_000),
    news=st.lists(
        st.tuples(st.sampled_from(["assigned", "withdrawn"]), st.integers(1, 3), st.integers(0, 5000)),
        max_size=12,
    ),
)
@settings(max_examples=150, deadline=None)
def test_whatever_a_phone_is_told_its_story_holds_together(
    seed: int, news: list[tuple[Literal["assigned", "withdrawn"], int, int]]
) -> None:
    """Numbers count up by one, moments never step back, each leg starts where the last ended."""
    phone, said, now = phone_of(ROUGH, seed), [], NOON
    for epoch, (kind, incident, wait_s) in enumerate(news, start=1):
        now += timedelta(seconds=wait_s)
        said += phone.advance(now)
        site = Place(lat=47 + incident / 20, lon=8)
        said += phone.told(told(kind, f"INC-{incident}", epoch, site), now)
    while phone.busy:
        when = phone.due()
        assert when is not None
        said += phone.advance(when)
    numbered = [s for s in said if isinstance(s, StatusReported)]
    assert [s.device_seq for s in numbered] == list(range(1, len(numbered) + 1))
    moments = [s.occurred_at for s in numbered]
    assert moments == sorted(moments)
    place, free_at = HOME, NOON
    for leg in phone.legs:
        assert leg.origin == place
        assert free_at <= leg.departed_at <= leg.ended_at
        place, free_at = leg.end, leg.ended_at
