"""Leads decide on the real broker while workers die: a surge, a proposal, both at once, and home again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local import Broker, EmbeddedRedis
from schemas.alerts import Alert, AlertRaised
from schemas.clock import ClockTicked
from schemas.decisions import Decision
from schemas.engineers import ShiftReported
from schemas.incidents import CancelIncident, IncidentReported
from schemas.lending import RecallLoan
from schemas.plans import MovePlan
from schemas.proposals import ConsentToPlan, Proposal, ProposePlan, RefusePlan
from schemas.regions import EngineerRegistered
from schemas.topics import REGION_PARTITIONS
from services.simulation.checkers import Invariants
from services.simulation.lending_checker import Moves
from services.surge.commands import COORDINATOR
from streams.settings import WorkerSettings
from tests.conftest import SharedEngines
from tests.integration.faults.load import regions_on_all_partitions
from tests.integration.faults.workers import Workers
from tests.integration.streams.field import HERE, WITHIN_S, Field, talking

OWN, HELPED, WAITING = 30, 4, 60
FIVE = timedelta(minutes=5)
ROUNDS = 8


class Storm:
    """Two regions under a clock that the test moves: one idle, one warned of a storm and full of work."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.home, self.hit = regions_on_all_partitions(2)
        now = datetime.now(UTC)
        self.now = now - (now - datetime.min.replace(tzinfo=UTC)) % FIVE + FIVE

    async def tick(self, minutes: float) -> None:
        """Time passes in every partition."""
        self.now += timedelta(minutes=minutes)
        for number in range(REGION_PARTITIONS):
            await self.field.say("dispatch-commands", ClockTicked(now=self.now), "", partition=number)

    async def until(self, kind: str, region: str, holds: Callable[[list[Decision]], bool]) -> list[Decision]:
        """The decisions of this kind in this region, once they are as wanted."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            found = [d for d in await self.field.decisions() if (d.kind, d.region) == (kind, region)]
            if holds(found):
                return found
            said = [(d.kind, d.reason) for d in found][-5:]
            assert time.monotonic() < deadline, f"{kind} in {region} after {WITHIN_S} s: {said}"
            await asyncio.sleep(0.1)

    async def planned(self) -> Decision:
        """The first proposal: loads that come while a coordinator reads its past wait for the next round."""
        for _ in range(ROUNDS):
            await self.tick(5 - self.now.minute % 5)
            for _ in range(50):
                found = [d for d in await self.field.decisions() if d.kind == "plan_proposed"]
                if found:
                    assert [d.region for d in found] == [self.hit]
                    return found[0]
                await asyncio.sleep(0.1)
        raise AssertionError(f"nothing was proposed in {ROUNDS} rounds")

    async def begin(self) -> None:
        """The regions, their engineers on shift, and then a storm over one of them."""
        await self.tick(0)
        for region in (self.home, self.hit):
            await self.field.region(region)
        for region, count in ((self.home, OWN), (self.hit, HELPED)):
            for number in range(count):
                name = f"{region}-{number}"
                known = EngineerRegistered(
                    engineer_id=name, region=region, home=HERE, skills={"radio": 3}, available_from=self.now
                )
                await self.field.say("dispatch-commands", known, region)
            await self.until("engineer_registered", region, at_least(count))
        await self.tick(1)
        alert = Alert(
            alert="met@example.org,storm,2026-03-02T12:00:00-00:00",
            status="Actual",
            event="Storm",
            severity="Extreme",
            certainty="Observed",
            onset=self.now,
            expires=self.now + timedelta(hours=6),
        )
        await self.field.say("dispatch-commands", AlertRaised(region=self.hit, alert=alert), self.hit)
        for region, count in ((self.home, 1), (self.hit, WAITING)):
            for number in range(count):
                report = IncidentReported(
                    incident_id=f"I{number}-{region}",
                    reported_at=self.now,
                    place=HERE,
                    tier="silver",
                    product="radio",
                    region=region,
                    expected_service_min=90,
                )
                await self.field.say("incidents", report, report.incident_id)
            await self.until("queued", region, at_least(count))
        over = CancelIncident(incident_id=f"I0-{self.home}", region=self.home, by="lead")
        await self.field.answer(await self.field.say("dispatch-commands", over, self.home))

    async def consent(self, named: str, region: str) -> str:
        """The lead of a region commits."""
        event = ConsentToPlan(region=self.hit, plan_hash=named, for_regions=[region], by=f"lead-of-{region}")
        return await self.field.say("dispatch-commands", event, self.hit)

    async def propose(self, plan: MovePlan, base: str | None) -> Proposal:
        """A lead's own plan."""
        event = ProposePlan(
            region=self.hit,
            plan=plan,
            by="lead",
            reason="fewer",
            expires_at=self.now + timedelta(hours=1),
            base_hash=base,
        )
        said = await self.field.answer(await self.field.say("dispatch-commands", event, self.hit))
        assert said[0].proposal is not None, said
        return said[0].proposal


def at_least(count: int) -> Callable[[list[Decision]], bool]:
    """So many engineers or incidents."""
    return lambda found: len({d.engineer_id or d.incident_id for d in found}) >= count


def all_of(names: Iterable[str]) -> Callable[[list[Decision]], bool]:
    """Each of these engineers."""
    wanted = set(names)
    return lambda found: wanted <= {d.engineer_id for d in found}


@pytest.fixture
def settings(kafka: Broker, shared_engines: SharedEngines, topic_prefix: str) -> WorkerSettings:
    """The real broker; Redis lives through it; the test moves the clock."""
    redis_url = shared_engines.get(EmbeddedRedis).address
    return WorkerSettings(broker=kafka.address, redis_url=redis_url, topic_prefix=topic_prefix, clock="feed")


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_leads_agree_on_what_a_surge_proposes_while_workers_die(
    settings: WorkerSettings, tmp_path: Path
) -> None:
    """Proposed, refused, proposed by a lead, outdated, agreed at once by both, carried out, and all home."""
    workers = Workers(settings, tmp_path)
    try:
        await workers.start(2)
        async with talking(settings) as field:
            storm = Storm(field)
            await storm.begin()
            shown = await proposed_by_the_coordinator(storm)
            agreed = await agreed_by_both(storm, shown)
            going = await carried_out(storm, workers, agreed)
            await called_home(storm, workers, going)
            decisions = await field.decisions()
        assert await workers.stop() == [0, 0]
    finally:
        await workers.stop()
    rules, moves = Invariants(), Moves()
    rules.saw_all(decisions)
    moves.saw_all(decisions)
    assert moves.ended(storm.now) == 2 * len(going)


async def proposed_by_the_coordinator(storm: Storm) -> Proposal:
    """Nothing is lent: the plan stands in the fold of the region that was hit, and a lead refuses it."""
    said = await storm.planned()
    shown = said.proposal
    assert shown is not None
    assert (shown.by, shown.parties) == (COORDINATOR, sorted([storm.home, storm.hit]))
    assert len(shown.plan.moves) >= 5
    assert shown.reasons[0].saved_h > shown.reasons[0].cost_h
    no = RefusePlan(
        region=storm.hit, plan_hash=shown.plan_hash, for_regions=[storm.home], by="lead", reason="too many"
    )
    await storm.field.say("dispatch-commands", no, storm.hit)
    await storm.until("plan_refused", storm.hit, lambda found: bool(found))
    assert not [d for d in await storm.field.decisions() if d.kind.startswith("lending_committed")]
    return shown


async def agreed_by_both(storm: Storm, shown: Proposal) -> Proposal:
    """A lead's plan, amended; the older hash is refused with what changed; then both commit at once."""
    moves = shown.plan.moves
    first = await storm.propose(MovePlan(moves=moves[:4]), None)
    second = await storm.propose(MovePlan(moves=moves[1:5]), first.plan_hash)
    late = await storm.field.answer(await storm.consent(first.plan_hash, storm.home))
    assert (late[0].kind, late[0].reason) == ("refused", "plan_outdated")
    assert late[0].changes is not None
    assert late[0].changes[0] == f"{moves[0].engineer_id} was taken out"
    assert f"{moves[4].engineer_id} of {storm.home} was added" in late[0].changes[1]
    pause = ShiftReported(
        engineer_id=moves[1].engineer_id, device_seq=1, occurred_at=storm.now, change="break_started"
    )
    await storm.field.answer(await storm.field.say("engineer-status", pause, pause.engineer_id))
    await asyncio.gather(*(storm.consent(second.plan_hash, region) for region in (storm.home, storm.hit)))
    (agreed,) = await storm.until("plan_agreed", storm.hit, lambda found: bool(found))
    assert agreed.proposal is not None
    assert agreed.proposal.plan_hash == second.plan_hash
    return agreed.proposal


async def carried_out(storm: Storm, workers: Workers, agreed: Proposal) -> list[Decision]:
    """Kill -9 as the first is given; who rests is refused by that rule, the others arrive."""
    await storm.until("lending_committed", storm.home, at_least(1))
    await workers.kill(0)
    await workers.start_again(0)
    resting, *going = [move.engineer_id for move in agreed.plan.moves]
    taken = await storm.until("lending_travelling", storm.hit, all_of(going))
    assert {d.loan.authority for d in taken if d.loan} == {
        f"leads:{'+'.join(sorted(f'lead-of-{region}' for region in (storm.home, storm.hit)))}"
    }
    refused = await storm.until("refused", storm.home, lambda found: bool(found))
    assert {(d.engineer_id, d.reason) for d in refused if d.loan} == {(resting, "resting")}
    await storm.tick(1)
    await storm.until("lending_working", storm.hit, all_of(going))
    return [next(d for d in taken if d.engineer_id == name) for name in going]


async def called_home(storm: Storm, workers: Workers, going: list[Decision]) -> None:
    """A lead calls all home; kill -9 as the first is given back."""
    names = [str(one.engineer_id) for one in going]
    for one in going:
        assert one.loan is not None
        back = RecallLoan(
            region=storm.hit, loan_id=one.loan.loan_id, engineer_id=one.loan.engineer_id, by="lead"
        )
        await storm.field.say("dispatch-commands", back, storm.hit)
    await storm.until("lending_recalled", storm.hit, all_of(names))
    for _ in range(10):  # phones are silent here: what is in hand is taken back in time
        await storm.tick(2)
    await storm.until("lending_released", storm.hit, at_least(1))
    await workers.kill(1)
    await workers.start_again(1)
    await storm.tick(1)
    await storm.until("lending_travelling", storm.home, all_of(names))
    await storm.tick(1)
    await storm.until("lending_returned", storm.home, all_of(names))
