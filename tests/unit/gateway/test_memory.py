"""What a gateway keeps in memory is bounded, and the newest word counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from schemas.decisions import Decision
from schemas.statistics import DeadLetter, RegionKpi
from services.gateway.clock import EPOCH, EntryClock
from services.gateway.problems import ProblemError
from services.gateway.recent import Recent
from services.gateway.standing import WINDOWS_EACH, Standing
from services.gateway.waiting import Answers

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def decision(offset: int, caused_by: str = "e1", **more: object) -> Decision:
    """A decision about an event."""
    said = {"log": "L", "region": "R1", "offset": offset, "n": 0, "kind": "queued", "decided_at": AT}
    return Decision.model_validate(said | {"id": f"L/R1/{offset}/0", "caused_by": caused_by} | more)


def window(number: int, reported: int = 0, region: str = "R1") -> RegionKpi:
    """A window of ten minutes."""
    start = AT + timedelta(minutes=10 * number)
    end = start + timedelta(minutes=10)
    return RegionKpi(region=region, tier="gold", window_start=start, window_end=end, reported=reported)


def test_a_later_word_on_a_window_replaces_the_earlier() -> None:
    """Windows are told again as they fill; they come oldest first, by region and tier."""
    standing = Standing()
    for one in (window(1, 1), window(0, 5), window(1, 2), window(1, 9, "R2")):
        standing.take(one)
    assert [(one.region, one.reported) for one in standing.windows({"R1"}, None, 10)] == [
        ("R1", 5),
        ("R1", 2),
    ]
    assert [one.region for one in standing.windows(None, {"gold"}, 10)] == ["R1", "R1", "R2"]
    assert standing.windows(None, {"silver"}, 10) == []
    assert len(standing.windows(None, None, 1)) == 1


def test_windows_and_letters_are_bounded() -> None:
    """The oldest go; of a letter tried again the last version is shown, newest first."""
    standing = Standing()
    for number in range(WINDOWS_EACH + 5):
        standing.take(window(number))
    assert len(standing.windows(None, None, 10_000)) == WINDOWS_EACH
    for number, retries in ((1, 0), (2, 0), (1, 1)):
        standing.take(
            DeadLetter(
                letter_id=f"t/0/{number}",
                topic="t",
                partition=0,
                offset=number,
                reason="invalid",
                detail="x",
                failed_at=AT,
                retries=retries,
            )
        )
    assert [(one.offset, one.retries) for one in standing.letters(10)] == [(1, 1), (2, 0)]


async def test_whoever_waits_gets_all_that_was_decided_about_the_event() -> None:
    """Told once the batch is read; who asks afterwards has it at once; the oldest answers are forgotten."""
    answers = Answers(remembered=2)
    with answers.expect_all(["e1", "e2"]) as waiting:
        answers.decided(decision(1))
        answers.decided(decision(2))
        assert not waiting["e1"].done()
        answers.announce()
        assert len((await asyncio.wait_for(waiting["e1"], 1)).decisions) == 2
        assert not waiting["e2"].done()
    with answers.expect_all(["e1"]) as again:
        assert again["e1"].done()
    answers.decided(decision(3, "e3"))
    answers.decided(decision(4, "e4"))
    assert answers.known("e1") is None
    assert answers.known("e4") is not None


def test_the_last_state_of_an_engineer_counts() -> None:
    """From whatever decision said it; a refused event changes no incident's story."""
    recent = Recent()
    recent.take(decision(1, engineer_id="E1", engineer_state="available"))
    recent.take(decision(2, kind="refused", incident_id="I1", engineer_id="E1", engineer_state="off_shift"))
    assert recent.state_of("E1") == "off_shift"
    assert recent.decisions_about("I1") == []
    assert recent.region_of("I1") is None
    recent.owned("I1", "R1", None)
    assert recent.owner_of("I1") == (True, None)
    assert recent.owner_of("I2") == (False, None)


def test_a_scenarios_clock_only_follows() -> None:
    """Before its first tick it is no time at all; it never steps back; five minutes ahead is the limit."""
    clock = EntryClock("feed")
    assert (clock.now, clock.stamp) == (None, EPOCH)
    clock.refuse_future("occurred_at", AT)
    clock.advance(AT)
    clock.advance(AT - timedelta(hours=1))
    assert clock.now == AT
    clock.refuse_future("occurred_at", AT + timedelta(minutes=5))
    with pytest.raises(ProblemError) as refused:
        clock.refuse_future("occurred_at", AT + timedelta(minutes=5, seconds=1))
    assert refused.value.extra["fields"][0].field == "occurred_at"


def test_the_walls_clock_can_not_be_set() -> None:
    """In wall mode what the log says moves nothing."""
    clock = EntryClock("wall", lambda: AT)
    clock.advance(AT + timedelta(days=1))
    assert clock.now == AT
