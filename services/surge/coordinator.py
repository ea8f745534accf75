"""The surge coordinator: a fold over the regions' loads and what they answer; it emits what they are told.

    told = coordinator.step(event)      # RegionLoad or a Decision about lending; commands with their ids

A drill's regions have a coordinator of their own (`drills_of`): neither hears of the other's, but what is
usual in a region is usual in its copy.

Moves between regions that are both automatic, or into a declared disaster, are committed at once; the others
become one standing proposal for each receiver, which waits for its leads. Chance and clocks have no part in
it: its time is the loads', its ids are made of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.base import Wire, rfc3339
from schemas.decisions import Decision
from schemas.exercises import is_exercise_region, real_region
from schemas.lending import CommitLoan, LendingMode, Loan, RecallLoan, RegionLoad
from services.dispatch.moments import minutes_ms, to_moment, to_ms
from services.surge import keeping
from services.surge.alerts import USUAL
from services.surge.balance import Gain
from services.surge.commands import AUTHORITY, DISASTER, Command
from services.surge.forecast import Outlook
from services.surge.futures import balance_of, closed_ways
from services.surge.loans import Followed, Loans
from services.surge.policy import LendingPolicy, shipped_lending_policy
from services.surge.proposals import Lack, Sent, who_goes
from services.surge.proposing import Proposing
from services.surge.rounds import Round, Way
from services.surge.routing import loans_of


class Coordinator:
    """Watches every region's load and moves engineers between them."""

    def __init__(
        self,
        policy: LendingPolicy | None = None,
        *,
        only_disasters: bool = False,
        unset: LendingMode = "automatic",
        drills_of: Coordinator | None = None,
    ) -> None:
        self.policy = policy or shipped_lending_policy()
        self.only_disasters = only_disasters
        """Help goes only where a disaster is declared: elsewhere lending is not automatic."""
        self.unset: LendingMode = unset
        """The mode of a region for which no lead has set one."""
        self._drills_of = drills_of
        self.outlooks: dict[str, Outlook] = {}
        self.loans = Loans()
        self.proposing = Proposing(self.policy)
        self.planned_at = 0
        self.round: Round | None = None

    @property
    def drill(self) -> bool:
        """Whether it is drills' coordinator."""
        return self._drills_of is not None

    def step(self, event: RegionLoad | Decision) -> list[Command]:
        """Fold one event; what the regions must be told, in order."""
        if not self._concerns(event.region):
            return []
        if isinstance(event, RegionLoad):
            return self._load(event)
        if event.kind == "lending_offered":
            return self._offered(event)
        self._heard(event)
        return []

    def remember(self, event: Wire) -> None:
        """Take in what lies in the past, from another coordinator's time: nobody is told anything."""
        if not self._concerns(getattr(event, "region", "")):
            return
        match event:
            case RegionLoad():
                outlook = self._outlook(event.region)
                if outlook.heard(event, self.policy):
                    self.planned_at = max(self.planned_at, outlook.at)
            case CommitLoan():
                if event.loan.loan_id not in self.loans.ended:
                    asked_at = to_ms(event.loan.until) - minutes_ms(self.policy.lease_min)
                    followed = Followed(event.loan, asked_at=asked_at)
                    self.loans.open.setdefault(event.loan.loan_id, followed)
            case RecallLoan():
                if event.loan_id in self.loans.open:
                    self.loans.recall(event.loan_id, self.planned_at)
            case Decision():
                self._heard(event)

    def _concerns(self, region: str) -> bool:
        """A drill neither gives to what is real nor takes from it."""
        return is_exercise_region(region) == self.drill

    def _outlook(self, region: str) -> Outlook:
        if region not in self.outlooks:
            real = self._drills_of.outlooks.get(real_region(region)) if self._drills_of is not None else None
            self.outlooks[region] = Outlook() if real is None else real.for_a_drill()
        return self.outlooks[region]

    def _heard(self, decision: Decision) -> None:
        """A loan or a proposal has moved on; what was agreed is followed like what is asked for here."""
        if decision.kind == "exercise_ended":
            self.outlooks.pop(decision.region, None)
            self.round = None  # it may have been asked, or be who lacks
        self.proposing.standing.heard(decision)
        if decision.kind == "plan_agreed" and decision.proposal is not None:
            for agreed in loans_of(decision, decision.proposal):
                if agreed.loan.loan_id not in self.loans.open.keys() | self.loans.ended.keys():
                    self.loans.ask(agreed.loan, to_ms(decision.decided_at))
        self.loans.heard(decision)

    def _load(self, load: RegionLoad) -> list[Command]:
        outlook = self._outlook(load.region)
        if not outlook.heard(load, self.policy):
            return []
        now = outlook.at
        every = minutes_ms(self.policy.plan_every_min)
        waited_for = [o for o in self.outlooks.values() if o.at < now and not self._is_silent(o, now)]
        if now < self.planned_at + every or waited_for:
            return []
        self.planned_at = now
        return self._plan(now)

    def _is_silent(self, outlook: Outlook, now: int) -> bool:
        """Whether it has missed two rounds: it is not waited for and not asked, the others' help goes on."""
        return outlook.at <= now - 2 * minutes_ms(self.policy.plan_every_min)

    def _plan(self, now: int) -> list[Command]:
        """Ask again what was not answered, send home who is not needed, ask who can help where help lacks."""
        told = [*keeping.asked_again(self.loans, self.outlooks, now)]
        known = {name: o for name, o in sorted(self.outlooks.items()) if now - o.at < minutes_ms(60)}
        use = self.policy.need_use_permille
        margin = {name: self._have(name, o) - o.needed(self.policy, use) for name, o in known.items()}
        for name, outlook in known.items():
            self._judge(name, outlook, margin[name])
        needy = [name for name, o in known.items() if o.helped and o.newest.centre is not None]
        gains: Mapping[Way, Gain] = {}
        if needy:
            balance = balance_of(self.policy, known, self.loans, now)
            told += keeping.sent_home(self.loans, balance, now)
            needy = [name for name in needy if self._may_be_helped(known[name])]
            told += keeping.extended(self.loans, needy, self.policy, now)
            awake = {name: o for name, o in known.items() if not self._is_silent(o, now)}
            room = {name: self._room(name, o) for name, o in awake.items() if not o.helped}
            gains = balance.sent(room, needy)
        told += self.proposing.withdrawn({to for _, to in gains}, now)
        lacks = [self._lack(name, known[name], gains, now) for name in needy]
        return told + self._begin_round([lack for lack in lacks if lack.wanted and lack.short], gains, known)

    def _begin_round(
        self, lacks: list[Lack], gains: Mapping[Way, Gain], known: Mapping[str, Outlook]
    ) -> list[Command]:
        now = self.planned_at
        made = Round(
            at=now,
            until=to_moment(now + minutes_ms(self.policy.lease_min)),
            lacks=lacks,
            gains=gains,
            standing=dict(self.proposing.standing.plans),
            closed=closed_ways(known),
            silent=frozenset(name for name, o in self.outlooks.items() if self._is_silent(o, now)),
            at_once=frozenset(way for way in gains if self._is_at_once(*way)),
        )
        self.round = made if made.asked else None
        return [*made.requests()] if self.round is not None else []

    def _is_at_once(self, home: str, to: str) -> bool:
        """Whether a move waits for no lead."""
        modes = {self.outlooks[name].newest.lending or self.unset for name in (home, to)}
        return self.outlooks[to].in_disaster or modes == {"automatic"}

    def _may_be_helped(self, outlook: Outlook) -> bool:
        return outlook.in_disaster or not self.only_disasters

    def _have(self, name: str, outlook: Outlook) -> int:
        coming = sum(f.stage in ("asked", "committed") for f in self.loans.helping(name))
        return outlook.newest.on_duty + coming

    def _judge(self, name: str, outlook: Outlook, margin: int) -> None:
        """Whether a region is in need of help; once it is, until nobody helps and it lacks next to nobody."""
        strength, policy = outlook.newest.home_strength, self.policy
        if outlook.helped:
            outlook.helped = (
                bool(self.loans.helping(name)) or -margin * 1000 > strength * policy.still_short_permille
            )
        elif self._may_be_helped(outlook) and _is_alarmed(outlook, policy):
            outlook.helped = -margin * 1000 >= strength * policy.short_permille

    def _lack(self, name: str, outlook: Outlook, gains: Mapping[Way, Gain], now: int) -> Lack:
        centre = outlook.newest.centre
        assert centre is not None
        return Lack(
            name,
            sum(gain.count for (_, to), gain in gains.items() if to == name),
            outlook.wanted_work(self.policy),
            centre,
            tuple(outlook.newest.entry_certificates),
            to_moment(now + minutes_ms(self.policy.lease_min)),
        )

    def _room(self, name: str, outlook: Outlook) -> int:
        """Whom the donor could give at all: its own who are here, above its floor."""
        load = outlook.newest
        if load.centre is None:
            return 0
        floor = -(-load.home_strength * self.policy.floor_permille // 1000)
        asked = sum(f.stage == "asked" for f in self.loans.of_home(name))
        return max(0, load.home_on_duty - floor - asked)

    def _offered(self, answer: Decision) -> list[Command]:
        """Once every donor has answered: who goes where, at once or by a proposal."""
        made = self.round
        if made is None or answer.region not in made.asked:
            return []
        if answer.caused_by != made.request_id(answer.region) or answer.region in made.offers:
            return []
        made.offers[answer.region] = list(answer.offers or [])
        if not made.is_complete():
            return []
        self.round = None
        sent: list[Sent] = []
        if made.lacks:
            slowest = max(self.outlooks[lack.region].newest.ms_per_km for lack in made.lacks)
            sent = who_goes(made.lacks, made.spares(), slowest, self.policy.travel_price_permille)
        at_once = [move for move in sent if (move.home_region, move.to.region) in made.at_once]
        told = [self._commit(made.at, move) for move in at_once]
        return [*told, *self.proposing.proposed(made, [m for m in sent if m not in at_once], self.outlooks)]

    def _commit(self, now: int, move: Sent) -> Command:
        name = f"loan/{rfc3339(to_moment(now))}/{move.offer.engineer_id}"
        there = self.outlooks[move.to.region]
        loan = Loan(
            loan_id=name,
            engineer_id=move.offer.engineer_id,
            home_region=move.home_region,
            to_region=move.to.region,
            owner_epoch=move.offer.owner_epoch + 1,
            until=to_moment(now + minutes_ms(self.policy.lease_min)),
            staging=move.to.staging,
            authority=DISASTER if there.in_disaster else AUTHORITY,
        )
        self.loans.ask(loan, now)
        needed = there.newest.entry_certificates
        return Command(name, CommitLoan(region=loan.home_region, loan=loan, certificates=needed))


def _is_alarmed(outlook: Outlook, policy: LendingPolicy) -> bool:
    """Whether more is to be expected there than usual: declared, measured or warned of."""
    return outlook.in_disaster or outlook.surging or outlook.warned_permille(policy, outlook.at) > USUAL
