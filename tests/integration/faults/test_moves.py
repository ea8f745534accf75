"""Workers that die while engineers change regions (issue 6, shown by 2; the short version).

The storm of aid-1 played live is `muster bench lending-live`.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local import Broker, EmbeddedRedis
from schemas.decisions import Decision
from schemas.lending import CommitLoan, Loan, RecallLoan
from schemas.regions import EngineerRegistered
from services.simulation.checkers import Invariants
from services.simulation.lending_checker import Moves
from streams.settings import WorkerSettings
from tests.conftest import SharedEngines
from tests.integration.faults.load import regions_on_all_partitions
from tests.integration.faults.workers import Workers
from tests.integration.streams.field import HERE, WITHIN_S, Field, shift_of, talking

LENT, STAYING = 12, 6


def loan_of(number: int, home: str, to: str) -> Loan:
    """Engineer `number` goes to another region for six hours."""
    return Loan(
        loan_id=f"loan-{number}",
        engineer_id=f"E{number}",
        home_region=home,
        to_region=to,
        owner_epoch=1,
        until=datetime.now(UTC) + timedelta(hours=6),
        staging=HERE,
        authority="lead",
    )


async def count_of(field: Field, kind: str, region: str, at_least: int) -> list[Decision]:
    """All decisions so far, once so many engineers have had this one in this region."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        decisions = await field.decisions()
        found = {d.engineer_id for d in decisions if d.kind == kind and d.region == region}
        if len(found) >= at_least:
            return decisions
        assert time.monotonic() < deadline, f"{kind} in {region}: {len(found)} of {at_least}"
        await asyncio.sleep(0.05)


async def everybody_on_shift(field: Field, home: str) -> None:
    """Eighteen engineers of one region; all said at once, then waited for."""
    for number in range(LENT + STAYING):
        known = EngineerRegistered(engineer_id=f"E{number}", region=home, home=HERE, skills={"radio": 3})
        await field.say("dispatch-commands", known, home)
    await count_of(field, "engineer_registered", home, LENT + STAYING)
    for number in range(LENT + STAYING):
        await field.say("engineer-status", shift_of(f"E{number}"), f"E{number}")
    await count_of(field, "engineer_changed", home, LENT + STAYING)


@pytest.fixture
def settings(kafka: Broker, shared_engines: SharedEngines, topic_prefix: str) -> WorkerSettings:
    """The real broker; Redis lives through it."""
    redis_url = shared_engines.get(EmbeddedRedis).address
    return WorkerSettings(broker=kafka.address, redis_url=redis_url, topic_prefix=topic_prefix)


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_workers_that_die_in_the_middle_of_moves_leave_nobody_in_two_regions_or_in_none(
    settings: WorkerSettings, tmp_path: Path
):
    """Kill -9 as soon as the first is given, then as the first is given back: all arrive, and come home."""
    workers, (home, other) = Workers(settings, tmp_path), regions_on_all_partitions(2)
    loans = [loan_of(number, home, other) for number in range(LENT)]
    try:
        await workers.start(2)
        async with talking(settings) as field:
            for region in (home, other):
                await field.region(region)
            await everybody_on_shift(field, home)
            for loan in loans:
                await field.say("lending", CommitLoan(region=home, loan=loan), home, partition=0)
            await count_of(field, "lending_committed", home, 1)
            await workers.kill(0)
            await workers.start_again(0)
            await count_of(field, "lending_working", other, LENT)
            for loan in loans:
                back = RecallLoan(region=other, loan_id=loan.loan_id, engineer_id=loan.engineer_id)
                await field.say("lending", back, other, partition=0)
            await count_of(field, "lending_released", other, 1)
            await workers.kill(1)
            await workers.start_again(1)
            decisions = await count_of(field, "lending_returned", home, LENT)
        assert await workers.stop() == [0, 0]
    finally:
        await workers.stop()
    rules, moves = Invariants(), Moves()
    rules.saw_all(decisions)
    moves.saw_all(decisions)
    assert moves.ended(datetime.now(UTC)) == 2 * LENT
