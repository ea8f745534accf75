"""The same three regions with leads: plans proposed, amended, agreed, refused, and watched from outside."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from schemas.decisions import Decision
from schemas.plans import MovePlan, PlannedMove, plan_hash
from schemas.proposals import ConsentToPlan, Proposal, ProposePlan, RefusePlan, WithdrawPlan
from services.surge.routing import LEADS
from tests.simulation.lending.post import ENGINEERS, PLACES, REGIONS, Country

WORDS = ("plan_outdated", "no_plan", "already_agreed", "not_a_party", "too_late", "empty_plan", "elsewhere")


class Desks(Country):
    """`said` is who consented to which hash, as it was told; `agreed` what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[str, str], set[str]] = {}
        self.agreed: dict[str, Proposal] = {}
        self.shown: dict[str, list[Proposal]] = {name: [] for name in REGIONS}

    def propose(self, to_region: str, at: int, count: int, hours: int, *, stale: bool) -> None:
        """Somebody proposes or amends: engineers of the other regions, as they stand or stood."""
        others = [name for name in ENGINEERS if name[:2] != to_region]
        names = dict.fromkeys(others[(at + n) % len(others)] for n in range(count))
        moves = [self.move(name, to_region, hours, stale=stale) for name in names]
        stands = self.stands(to_region)
        known = self.shown[to_region][at % 3 if stale else -1 :][:1]
        base = known[0].plan_hash if known and (stale or stands is not None) else None
        event = ProposePlan(
            region=to_region,
            plan=MovePlan(moves=moves),
            by="lead",
            reason="the storm",
            expires_at=self.now + timedelta(minutes=30),
            base_hash=base,
        )
        self.post(to_region, event)

    def move(self, engineer_id: str, to_region: str, hours: int, *, stale: bool) -> PlannedMove:
        """One engineer's move under the epoch they have, or had."""
        holder = self.holder(engineer_id)
        epoch = 0 if holder is None else holder.fold.regions[holder.name].engineers[engineer_id].owner_epoch
        return PlannedMove(
            engineer_id=engineer_id,
            home_region=engineer_id[:2],
            to_region=to_region,
            owner_epoch=max(0, epoch - stale),
            staging=PLACES[to_region],
            until=self.now + timedelta(hours=hours),
        )

    def stands(self, region: str) -> Proposal | None:
        """What stands there now."""
        return self.regions[region].fold.regions[region].desk.proposal

    def consent(self, to_region: str, party: str, at: int) -> None:
        """A party's lead commits what they were shown, which may be an old plan."""
        if not self.shown[to_region]:
            return
        seen = self.shown[to_region][-1 - (at % 4 == 0) * (at % len(self.shown[to_region]))]
        self.said.setdefault((to_region, seen.plan_hash), set()).add(party)
        event = ConsentToPlan(region=to_region, plan_hash=seen.plan_hash, for_regions=[party], by=party)
        self.post(to_region, event)

    def end(self, to_region: str, party: str, at: int) -> None:
        """A party's lead refuses, or whoever proposed it takes it back."""
        if not self.shown[to_region]:
            return
        named = self.shown[to_region][-1].plan_hash
        if at % 2:
            refused = RefusePlan(
                region=to_region, plan_hash=named, for_regions=[party], by=party, reason="no"
            )
            self.post(to_region, refused)
        else:
            self.post(to_region, WithdrawPlan(region=to_region, plan_hash=named, by="lead", reason="calm"))

    def send(self, decided: Iterable[Decision]) -> None:
        """The same, and what is said of plans and loans is checked against what leads said."""
        decided = list(decided)
        for decision in decided:
            self.watch(decision)
        super().send(decided)

    def watch(self, decision: Decision) -> None:
        """What was agreed is what all parties consented to; what leads lent is a move of an agreed plan."""
        plan = decision.proposal
        if plan is not None and decision.kind in ("plan_proposed", "plan_amended"):
            self.shown[decision.region].append(plan)
        if plan is not None and decision.kind == "plan_agreed":
            assert plan.plan_hash == plan_hash(plan.plan)
            assert set(plan.parties) <= self.said[decision.region, plan.plan_hash]
            before = self.agreed.setdefault(f"{decision.region}/{decision.offset}", plan)
            assert before == plan, "another plan under the same decision"
        if decision.kind == "refused" and decision.by is not None:
            assert decision.reason in WORDS
        loan = decision.loan
        if loan is not None and decision.kind == "lending_committed" and loan.authority.startswith(LEADS):
            where, _, engineer_id = loan.loan_id.removeprefix("loan/").rpartition("/")
            (move,) = [m for m in self.agreed[where].plan.moves if m.engineer_id == engineer_id]
            told = (loan.home_region, loan.to_region, loan.until, loan.staging, loan.owner_epoch)
            assert told == (move.home_region, move.to_region, move.until, move.staging, move.owner_epoch + 1)
