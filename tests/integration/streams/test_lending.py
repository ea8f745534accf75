"""An engineer changes regions on the real streams: handed over once, heard by the region that has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from deploy.local import Broker
from schemas.decisions import Decision
from schemas.engineers import ShiftReported
from schemas.lending import CommitLoan, Loan
from schemas.regions import EngineerRegistered
from schemas.topics import partition_of
from streams.settings import WorkerSettings
from tests.integration.streams.field import HERE, Field, installation, shift_of

CREW = [f"E{number}" for number in range(6)]


def commitment() -> CommitLoan:
    """E0 is lent by R1 to R2."""
    loan = Loan(
        loan_id="loan-1",
        engineer_id="E0",
        home_region="R1",
        to_region="R2",
        owner_epoch=1,
        until=datetime.now(UTC) + timedelta(hours=6),
        staging=HERE,
        authority="lead-1",
    )
    return CommitLoan(region="R1", loan=loan)


def pause(change: str, seq: int) -> ShiftReported:
    """E0's phone: a break begins or ends."""
    return ShiftReported.model_validate(
        {"engineer_id": "E0", "device_seq": seq, "occurred_at": datetime.now(UTC), "change": change}
    )


async def of_kind(field: Field, kind: str) -> list[Decision]:
    """Every decision of this kind so far."""
    return [decision for decision in await field.decisions() if decision.kind == kind]


@pytest.mark.slow
async def test_a_loan_is_carried_over_and_the_phone_is_heard_where_its_engineer_is(
    broker: Broker, any_redis: str, topic_prefix: str
):
    """R1 gives, R2 takes once; what the phone says goes to R2, also what reaches R1 too late."""
    settings = WorkerSettings(broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix)
    async with installation(settings) as field:
        for region in ("R1", "R2"):
            await field.region(region)
        for name in CREW:
            await field.engineer(name, "R1")
        given = await field.answer(await field.say("lending", commitment(), "R1", partition=0))
        assert [one.kind for one in given] == ["lending_committed"]
        taken = await field.answer(given[0].id)
        assert [one.kind for one in taken] == ["lending_travelling", "posted"]
        assert {one.region for one in taken} == {"R2"}
        heard = await field.answer(await field.say("engineer-status", pause("break_started", 1), "E0"))
        assert [(one.region, one.engineer_state) for one in heard] == [("R2", "on_break")]
        late = await field.say("region-events", pause("break_ended", 2), "R1", partition=partition_of("R1"))
        handed_on = await field.answer(late)
        assert [(one.region, one.engineer_state) for one in handed_on] == [("R2", "available")]
        again = await field.answer(await field.say("lending", commitment(), "R1", partition=0))
        assert [(one.kind, one.handover) for one in again] == [("lending_committed", None)]
        assert len(await of_kind(field, "lending_travelling")) == 1


@pytest.mark.slow
async def test_who_is_registered_elsewhere_is_handed_over_and_heard_there(
    broker: Broker, any_redis: str, topic_prefix: str
):
    """The region that has them lets them go, then the other takes them: never both, and no word is lost."""
    settings = WorkerSettings(broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix)
    async with installation(settings) as field:
        await field.region("R2")
        await field.region("R1")
        await field.engineer("E0", "R1")
        moves = EngineerRegistered(engineer_id="E0", region="R2", home=HERE, skills={"radio": 4})
        given = await field.answer(await field.say("dispatch-commands", moves, "R2"))
        assert {(one.region, one.kind) for one in given} == {
            ("R1", "engineer_changed"),
            ("R1", "lending_released"),
        }
        taken = await field.answer(given[-1].id)
        assert [(one.region, one.kind) for one in taken] == [
            ("R2", "lending_travelling"),
            ("R2", "engineer_registered"),
        ]
        heard = await field.answer(await field.say("engineer-status", shift_of("E0", 9), "E0"))
        assert [(one.region, one.engineer_state) for one in heard] == [("R2", "available")]
        back = moves.model_copy(update={"region": "R1"})
        released = await field.answer(await field.say("dispatch-commands", back, "R1"))
        assert {one.region for one in released} == {"R2"}
