"""A story in which leads propose, agree and refuse, and lend engineers of one of two regions to the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from schemas.base import Place
from schemas.decisions import Decision
from schemas.plans import MovePlan, PlannedMove
from schemas.proposals import ConsentToPlan, ProposePlan, RefusePlan, SetLending, WithdrawPlan
from services.dispatch.fold import PartitionFold
from services.surge.routing import told_by
from tests.simulation.dispatch.generated import Draws, Story, crowded_policy

PARTIES = ("R1", "R2")


@dataclass
class LeadsStory(Story):
    """One step in three is a lead's; what a decision tells the other region is folded at once."""

    def play(self, draws: Draws) -> list[Decision]:
        """A lead's act about R2's plan, or what happens anyway."""
        what, a, b, *_ = draws
        if what % 3:
            return super().play(draws)
        plan = self.fold.regions["R2"].desk.proposal
        named = "0" * 64 if plan is None or a % 9 == 0 else plan.plan_hash
        kind = a % 8
        if kind < 3:
            return self.propose(b, None if plan is None else plan.plan_hash)
        if kind < 6:
            party = PARTIES[b % 2]
            return self.act(ConsentToPlan(region="R2", plan_hash=named, for_regions=[party], by="ana"))
        if kind == 6:
            mode: Literal["automatic", "proposed"] = "automatic" if b % 2 else "proposed"
            return self.act(SetLending(region="R2", lending=mode, by="ana"))
        if b % 2:
            return self.act(WithdrawPlan(region="R2", plan_hash=named, by="ana", reason="calm"))
        return self.act(RefusePlan(region="R2", plan_hash=named, for_regions=["R1"], by="ana", reason="no"))

    def propose(self, b: int, base: str | None) -> list[Decision]:
        """One or two engineers of R1 to R2."""
        known = self.fold.regions["R1"].engineers
        ready = [name for name, one in known.items() if one.state == "available"] or ["E0"]
        names = sorted({ready[b % len(ready)], ready[b // 7 % len(ready)]})
        moves = [
            PlannedMove(
                engineer_id=name,
                home_region="R1",
                to_region="R2",
                owner_epoch=known[name].owner_epoch if name in known else 0,
                staging=Place(lat=38.7, lon=-9.1),
                until=self.now + timedelta(minutes=60 + b % 240),
            )
            for name in names
        ]
        expires_at = self.now + timedelta(minutes=1 + b % 30)
        event = ProposePlan(
            region="R2",
            plan=MovePlan(moves=moves),
            by="ana",
            reason="the storm",
            expires_at=expires_at,
            base_hash=base,
        )
        return self.act(event)

    def act(
        self, event: ProposePlan | ConsentToPlan | RefusePlan | WithdrawPlan | SetLending
    ) -> list[Decision]:
        """Tell R2, and whoever is told by what it decides."""
        decided = self.tell("R2", event)
        for decision in decided:
            self.pass_on(decision)
        return decided

    def pass_on(self, decision: Decision) -> None:
        """What a decision tells the other region."""
        for name, event in told_by(decision):
            for further in self.tell(event.region, event, name):
                self.pass_on(further)


def leads_story() -> LeadsStory:
    """A story that has begun."""
    ready = {"lending_keeps_qualified": 0, "lending_floor_permille": 0}
    told = LeadsStory(PartitionFold(crowded_policy().model_copy(update=ready)))
    told.begin()
    return told
