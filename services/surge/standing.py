"""The proposals that stand, as the coordinator hears of them, and how little of one it changes.

A plan that waits for people must hold still: it is amended only where somebody named can not go any more, or
where a way's number has really changed; whoever is named and can still go stays named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.decisions import Decision
from schemas.plans import MOST_MOVES, MovePlan, PlannedMove
from schemas.proposals import Proposal
from services.dispatch.moments import to_ms
from services.surge.commands import COORDINATOR
from services.surge.proposals import Sent
from services.surge.rounds import Round, Way

REALLY = 2
SHARE = 4
"""A way's number has really changed where it did by two at least, and by a quarter at least."""
IDLE_ROUNDS = 2
"""A proposal that no plan has needed for so many rounds is withdrawn."""


@dataclass(slots=True)
class Standing:
    """What stands for each receiver, when one was last refused (ms), and for how many rounds it was idle."""

    plans: dict[str, Proposal] = field(default_factory=dict)
    refused_at: dict[str, int] = field(default_factory=dict)
    idle: dict[str, int] = field(default_factory=dict)
    _heard: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def heard(self, decision: Decision) -> None:
        """Take in what a region says of its proposal; a word said again changes nothing."""
        plan, place = decision.proposal, (decision.offset, decision.n)
        if plan is None or place <= self._heard.get((decision.log, decision.region), (-1, -1)):
            return
        self._heard[decision.log, decision.region] = place
        self.idle.pop(plan.to_region, None)
        if plan.state == "standing":
            self.plans[plan.to_region] = plan
        elif decision.kind != "refused":
            self.plans.pop(plan.to_region, None)
        if decision.kind == "plan_refused":
            self.refused_at[plan.to_region] = to_ms(decision.decided_at)

    def needless(self, needed: Collection[str]) -> Iterator[Proposal]:
        """The coordinator's own proposals that no plan has needed for a while."""
        for to, plan in sorted(self.plans.items()):
            self.idle[to] = 0 if to in needed else self.idle.get(to, 0) + 1
            if plan.by == COORDINATOR and self.idle[to] >= IDLE_ROUNDS:
                yield plan

    def amended(self, to: str, made: Round, sent: Sequence[Sent]) -> MovePlan | None:
        """The plan that shall stand for a receiver; None where what stands may stay as it is.

        `sent`: who would go by this round's plan, of those whose moves wait for leads.
        """
        plan = self.plans.get(to)
        elsewhere = {m.engineer_id for r, p in self.plans.items() if r != to for m in p.plan.moves}
        fresh = [_planned(one, made) for one in sent if one.offer.engineer_id not in elsewhere]
        if plan is None:
            return MovePlan(moves=fresh[:MOST_MOVES]) if fresh else None
        stays = [move for move in plan.plan.moves if made.can_go(move, plan.certificates)]
        wanted = self._wanted(plan, made)
        if len(stays) == len(plan.plan.moves) and wanted == _counts(plan.plan.moves):
            return None
        moves = list(_filled(wanted, stays, fresh))[:MOST_MOVES]
        return MovePlan(moves=sorted(moves, key=lambda m: (m.home_region, m.engineer_id)))

    def _wanted(self, plan: Proposal, made: Round) -> dict[Way, int]:
        """How many by each way: as planned, but where the round really says otherwise and no lead has."""
        counts = _counts(plan.plan.moves)
        if plan.by != COORDINATOR:
            return counts
        planned = {
            way: gain.count
            for way, gain in made.gains.items()
            if way[1] == plan.to_region and way not in made.at_once
        }
        wanted = {way: _really(counts.get(way, 0), planned.get(way, 0)) for way in counts | planned}
        return {way: count for way, count in wanted.items() if count > 0}


def _really(was: int, is_now: int) -> int:
    change = abs(is_now - was)
    return is_now if change >= REALLY and change * SHARE >= was else was


def _counts(moves: Sequence[PlannedMove]) -> dict[Way, int]:
    counts: dict[Way, int] = {}
    for move in moves:
        way = (move.home_region, move.to_region)
        counts[way] = counts.get(way, 0) + 1
    return counts


def _filled(
    wanted: Mapping[Way, int], stays: Sequence[PlannedMove], fresh: Sequence[PlannedMove]
) -> Iterator[PlannedMove]:
    """By each way those who stay named first, those whom the round names too before the others."""
    named = {move.engineer_id for move in fresh}
    kept = sorted(stays, key=lambda move: move.engineer_id not in named)
    already = {move.engineer_id for move in stays}
    for way, count in sorted(wanted.items()):
        mine = [move for move in kept if (move.home_region, move.to_region) == way]
        more = [
            move
            for move in fresh
            if (move.home_region, move.to_region) == way and move.engineer_id not in already
        ]
        yield from [*mine, *more][:count]


def _planned(sent: Sent, made: Round) -> PlannedMove:
    return PlannedMove(
        engineer_id=sent.offer.engineer_id,
        home_region=sent.home_region,
        to_region=sent.to.region,
        owner_epoch=sent.offer.owner_epoch,
        staging=sent.to.staging,
        until=made.until,
    )
