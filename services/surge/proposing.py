"""How moves that wait for leads are proposed: one plan for each receiver, with what it saves and costs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from schemas.base import rfc3339
from schemas.plans import MovePlan, plan_hash
from schemas.proposals import MoveReason, Proposal, ProposePlan, WithdrawPlan
from services.dispatch.moments import minutes_ms, to_moment, to_ms
from services.surge.alerts import USUAL
from services.surge.commands import COORDINATOR, Command
from services.surge.course import HOURS2
from services.surge.forecast import Outlook
from services.surge.policy import LendingPolicy
from services.surge.proposals import Sent
from services.surge.rounds import Round
from services.surge.standing import Standing

HOUR_MS = minutes_ms(60)


class Proposing:
    """Knows what stands, and says what shall stand instead."""

    def __init__(self, policy: LendingPolicy) -> None:
        self._policy = policy
        self.standing = Standing()

    def withdrawn(self, needed: Collection[str], now: int) -> Iterator[Command]:
        """Proposals that nobody needs any more, where those for `needed` are."""
        for plan in self.standing.needless(needed):
            yield self._withdraw(plan, "it is needed no longer", now)

    def proposed(
        self, made: Round, sent: Sequence[Sent], outlooks: Mapping[str, Outlook]
    ) -> Iterator[Command]:
        """What this round makes of each receiver's proposal; those that may stay as they are, stay."""
        receivers = {move.to.region for move in sent} | self.standing.plans.keys()
        for to in sorted(receivers):
            before = self.standing.plans.get(to)
            if before is None and self._was_refused(to, made.at):
                continue
            plan = self.standing.amended(to, made, [move for move in sent if move.to.region == to])
            if plan is None or (before is not None and plan_hash(plan) == before.plan_hash):
                plan = None if before is None else self._renewed(before, made)
            if plan is None:
                continue
            if not plan.moves:
                if before is not None:
                    yield self._withdraw(before, "nobody who was named can go any more", made.at)
                continue
            yield self._propose(to, plan, before, made, outlooks)

    def _renewed(self, before: Proposal, made: Round) -> MovePlan | None:
        """The coordinator's own plan for another while, before it expires, as long as it is needed.

        Its loans end as shown, unless half of their time has passed meanwhile.
        """
        soon = made.at + 2 * minutes_ms(self._policy.plan_every_min)
        needed = any(to == before.to_region for _, to in made.gains)
        if before.by != COORDINATOR or not needed or to_ms(before.expires_at) > soon:
            return None
        half = made.at + minutes_ms(self._policy.lease_min / 2)
        return MovePlan(
            moves=[
                move if to_ms(move.until) >= half else move.model_copy(update={"until": made.until})
                for move in before.plan.moves
            ]
        )

    def _was_refused(self, to: str, now: int) -> bool:
        """Leads have said no: they are not asked again at once."""
        at = self.standing.refused_at.get(to)
        return at is not None and now < at + minutes_ms(self._policy.proposal_min)

    def _propose(
        self, to: str, plan: MovePlan, before: Proposal | None, made: Round, outlooks: Mapping[str, Outlook]
    ) -> Command:
        return Command(
            f"plan/{rfc3339(to_moment(made.at))}/{to}",
            ProposePlan(
                region=to,
                plan=plan,
                by=COORDINATOR,
                reason=_alarm(outlooks.get(to), self._policy),
                reasons=_reasons(to, plan, made, outlooks.get(to), self._policy),
                expires_at=to_moment(made.at + minutes_ms(self._policy.proposal_min)),
                base_hash=None if before is None else before.plan_hash,
            ),
        )

    def _withdraw(self, plan: Proposal, reason: str, now: int) -> Command:
        return Command(
            f"plan/{rfc3339(to_moment(now))}/{plan.to_region}/withdraw",
            WithdrawPlan(region=plan.to_region, plan_hash=plan.plan_hash, by=COORDINATOR, reason=reason),
        )


def _alarm(outlook: Outlook | None, policy: LendingPolicy) -> str:
    """Why help is expected to be needed there, as a fixed word."""
    if outlook is None:
        return "backlog"
    if outlook.in_disaster:
        return "disaster"
    if outlook.surging:
        return "surge"
    return "warning" if outlook.warned_permille(policy, outlook.at) > USUAL else "backlog"


def _reasons(
    to: str, plan: MovePlan, made: Round, outlook: Outlook | None, policy: LendingPolicy
) -> list[MoveReason]:
    """What the balance expects of each way, in hours of waiting (of an hour of work each)."""
    lacks = next((lack.wanted for lack in made.lacks if lack.region == to), {})
    reasons = []
    for home in sorted({move.home_region for move in plan.moves}):
        gain = made.gains.get((home, to))
        if gain is None:
            continue
        reasons.append(
            MoveReason(
                home_region=home,
                to_region=to,
                count=gain.count,
                saved_h=round(gain.saved / HOURS2, 1),
                cost_h=round(gain.cost / HOURS2, 1),
                lacks={product: round(work / HOUR_MS, 1) for product, work in lacks.items()},
                note=_alarm(outlook, policy),
            )
        )
    return reasons
