"""What the coordinator proposes where leads decide, and how little it changes of what stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.decisions import Decision
from schemas.lending import CommitLoan, EngineersRequested, Offer
from schemas.plans import MovePlan, plan_hash
from schemas.proposals import Proposal, ProposePlan, WithdrawPlan
from services.surge.commands import COORDINATOR, Command
from services.surge.coordinator import Coordinator
from tests.unit.surge.test_surge import Story, offer

LEAD = "ana"


class Desk(Story):
    """A story in which every region's moves wait for its lead; R1's fold answers what it is told."""

    def __init__(self, unset: Any = "proposed") -> None:
        super().__init__()
        self.coordinator = Coordinator(unset=unset)
        self.offset = 100
        self.gone: set[str] = set()
        self.stands: Proposal | None = None
        self.events: list[Any] = []

    def storm(self, rounds: int, **per_h: float) -> list[Any]:
        """Rounds of five minutes in which all requests are answered; the other commands."""
        told: list[Any] = []
        for _ in range(rounds):
            for command in self.pass_hours(1 / 12, **per_h):
                told += self.carried(command)
        return told

    def carried(self, command: Command) -> list[Any]:
        """The regions answer a command."""
        self.events.append(command.event)
        if isinstance(command.event, EngineersRequested):
            return [one for more in self.answer(command.event) for one in self.carried(more)]
        if isinstance(command.event, ProposePlan):
            self.propose(command.event)
        if isinstance(command.event, WithdrawPlan):
            self.end("plan_withdrawn", "withdrawn")
        return [command.event]

    def answer(self, request: EngineersRequested) -> list[Command]:
        """Ten engineers, without those who can not go."""
        names = [f"{request.region}-{n}" for n in range(10)]
        offers = [offer(name, request.region) for name in names if name not in self.gone]
        return self.coordinator.step(self.said(request.region, "lending_offered", request.request_id, offers))

    def said(
        self, region: str, kind: Any, cause: str, offers: list[Offer] | None = None, **fields: Any
    ) -> Decision:
        """A decision of a region."""
        self.offset += 1
        return Decision(
            id=f"d/{self.offset}",
            decided_at=self.now,
            log="log",
            region=region,
            offset=self.offset,
            n=0,
            kind=kind,
            caused_by=cause,
            offers=offers,
            **fields,
        )

    def propose(self, event: ProposePlan) -> None:
        """R1's fold lets it stand."""
        before = self.stands
        assert event.base_hash == (before.plan_hash if before else None)
        self.stands = Proposal(
            proposal_id="plan-1",
            to_region="R1",
            version=1 if before is None else before.version + 1,
            plan=event.plan,
            plan_hash=plan_hash(event.plan),
            by=event.by,
            proposed_at=self.now,
            expires_at=event.expires_at,
            parties=["R1", *sorted({move.home_region for move in event.plan.moves})],
        )
        kind = "plan_amended" if before else "plan_proposed"
        self.coordinator.step(self.said("R1", kind, "plan", proposal=self.stands))

    def end(self, kind: Any, reason: str, state: Any = "withdrawn") -> None:
        """It stands no more."""
        assert self.stands is not None
        ended = self.stands.model_copy(update={"state": state})
        self.coordinator.step(self.said("R1", kind, "end", reason=reason, proposal=ended))
        self.stands = None

    def amended_by_a_lead(self, moves: list[Any]) -> None:
        """Ana amends it."""
        assert self.stands is not None
        base, until = self.stands.plan_hash, self.stands.expires_at
        plan = MovePlan(moves=moves)
        self.propose(
            ProposePlan(region="R1", plan=plan, by=LEAD, reason="better", expires_at=until, base_hash=base)
        )


def in_storm(unset: Any = "proposed") -> tuple[Desk, list[Any]]:
    """Ten usual hours, then a storm in R1 until something is proposed or committed."""
    desk = Desk(unset)
    desk.storm(120)
    for _ in range(24):
        if told := desk.storm(1, R1=90.0):
            return desk, told
    raise AssertionError("nothing was said in two hours of storm")


def named(plan: Proposal | ProposePlan | None) -> set[str]:
    """Who would go."""
    assert plan is not None
    return {move.engineer_id for move in plan.plan.moves}


def test_moves_between_regions_of_leads_become_one_proposal_with_its_reasons() -> None:
    """Nothing is committed; each way says what it saves, what it costs, and what lacks there."""
    desk, told = in_storm()
    (proposed,) = told
    assert isinstance(proposed, ProposePlan)
    assert (proposed.region, proposed.by, proposed.base_hash) == ("R1", COORDINATOR, None)
    assert proposed.plan.moves
    assert {reason.home_region for reason in proposed.reasons} == {m.home_region for m in proposed.plan.moves}
    assert all(reason.saved_h > reason.cost_h >= 0 for reason in proposed.reasons)
    assert all(reason.lacks["core"] > 0 and reason.note == "surge" for reason in proposed.reasons)
    assert isinstance(desk.coordinator.loans.open, dict)
    assert not desk.coordinator.loans.open


def test_moves_between_automatic_regions_are_committed_at_once() -> None:
    """The same storm where no lead is asked."""
    _, told = in_storm("automatic")
    assert told
    assert all(isinstance(event, CommitLoan) for event in told)


def test_a_plan_that_still_holds_is_left_alone() -> None:
    """Half an hour of the same storm: at most what really changed, by two and a quarter, is amended."""
    desk, _ = in_storm()
    for _ in range(6):
        before = desk.stands
        told = desk.storm(1, R1=90.0)
        if not told:
            assert desk.stands == before
            continue
        assert before is not None
        was, is_now = named(before), named(desk.stands)
        assert len(was ^ is_now) >= 2
        assert was <= is_now or is_now <= was


def test_a_plan_that_is_still_needed_is_renewed_before_it_expires() -> None:
    """Three hours of the same storm: one proposal, that never expires and never promises too short a loan."""
    desk, _ = in_storm()
    desk.coordinator.policy = desk.coordinator.policy.model_copy(update={"short_permille": 0})
    assert desk.stands is not None
    for _ in range(36):
        desk.storm(1, R1=90.0)
        assert desk.stands is not None
        assert desk.stands.expires_at > desk.now
        assert all((m.until - desk.now).total_seconds() >= 2.5 * 3600 for m in desk.stands.plan.moves)
    assert not [e for e in desk.events if isinstance(e, WithdrawPlan)]


def test_whoever_can_not_go_any_more_is_replaced_and_the_others_stay() -> None:
    """One is gone: the amended plan names all others again, and somebody else."""
    desk, _ = in_storm()
    desk.storm(3, R1=90.0)
    before = named(desk.stands)
    lost = min(before)
    desk.gone.add(lost)
    assert desk.storm(1, R1=90.0)
    now = named(desk.stands)
    assert lost not in now
    assert before - {lost} <= now


def test_a_leads_amendment_stays_until_it_is_impossible() -> None:
    """The coordinator would send more; it takes out who can not go, and withdraws it where nobody can."""
    desk, _ = in_storm()
    assert desk.stands is not None
    desk.amended_by_a_lead(desk.stands.plan.moves[:2])
    chosen = named(desk.stands)
    assert desk.storm(6, R1=110.0) == []
    assert named(desk.stands) == chosen
    desk.gone |= {min(chosen)}
    desk.storm(1, R1=110.0)
    assert named(desk.stands) & chosen == chosen - {min(chosen)}
    desk.gone |= {f"{region}-{n}" for region in ("R2", "R3") for n in range(10)}
    told = desk.storm(1, R1=110.0)
    assert [type(event) for event in told] == [WithdrawPlan]


def test_what_is_needed_no_longer_is_withdrawn_and_what_was_refused_is_not_asked_again_at_once() -> None:
    """The storm ends: withdrawn, once. Leads say no in a storm: an hour of silence."""
    desk, _ = in_storm()
    told = desk.storm(48, R1=0.0)
    assert [type(event) for event in told][-1] is WithdrawPlan
    assert desk.stands is None
    desk, _ = in_storm()
    desk.end("plan_refused", "refused", "refused")
    refused_at = desk.now
    while desk.stands is None:
        desk.storm(1, R1=90.0)
    assert (desk.now - refused_at).total_seconds() >= 3600


def test_a_new_coordinator_knows_what_stands_and_what_was_agreed() -> None:
    """It says nothing anew; loans that leads agreed to are followed, and never extended or recalled by it."""
    desk, _ = in_storm()
    first = desk.coordinator
    desk.coordinator = Coordinator(unset="proposed")
    for outlook in first.outlooks.values():
        for load in outlook.loads:
            desk.coordinator.remember(load)
    assert desk.stands is not None
    stands = desk.stands
    desk.coordinator.remember(desk.said("R1", "plan_proposed", "plan", proposal=stands))
    assert desk.coordinator.proposing.standing.plans == {"R1": stands}
    agreed = stands.model_copy(update={"state": "agreed", "consents": {}})
    desk.coordinator.remember(desk.said("R1", "plan_agreed", "plan", proposal=agreed))
    loans = desk.coordinator.loans.open
    assert {f.loan.engineer_id for f in loans.values()} == named(stands)
    assert {f.stage for f in loans.values()} == {"asked"}
    desk.stands = None
    told = desk.storm(1, R1=90.0)
    again = [event for event in told if isinstance(event, CommitLoan)]
    assert {event.loan.engineer_id for event in again} == named(stands)


def test_a_border_and_a_certificate_keep_people_where_they_are() -> None:
    """R2 lends to nobody; in R1 only who has the certificate to the loan's end may work."""
    desk = Desk()
    usual = desk.load

    def bound(region: str) -> Any:
        load = usual(region)
        more: dict[str, Any] = {"lends_to": [] if region == "R2" else None}
        needed = {"entry_certificates": ["tower"] if region == "R1" else []}
        return load.model_copy(update=more | needed)

    desk.load = bound  # type: ignore[method-assign]
    desk.storm(120)
    assert desk.storm(24, R1=90.0) == []
    assert [e for e in desk.events if isinstance(e, EngineersRequested)]
    assert {e.region for e in desk.events if isinstance(e, EngineersRequested)} == {"R3"}
    assert all(e.certificates == ["tower"] for e in desk.events if isinstance(e, EngineersRequested))
    assert isinstance(desk.now, datetime)
