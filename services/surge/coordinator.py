"""The surge coordinator: a fold over the regions' loads and what they answer; it emits what they are told.

    told = coordinator.step(event)      # RegionLoad or a Decision about lending; commands with their ids

Chance and clocks have no part in it: its time is the loads', its ids are made of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.base import Wire, rfc3339
from schemas.decisions import Decision
from schemas.lending import (
    MAX_OFFERED,
    CommitLoan,
    EngineersRequested,
    ExtendLoan,
    LendingCommand,
    Loan,
    Offer,
    RecallLoan,
    RegionLoad,
)
from services.dispatch.moments import minutes_ms, to_moment, to_ms
from services.surge.alerts import USUAL
from services.surge.balance import Balance
from services.surge.forecast import Outlook
from services.surge.futures import balance_of
from services.surge.loans import Followed, Loans
from services.surge.policy import LendingPolicy, shipped_lending_policy
from services.surge.proposals import Lack, Sent, Spare, who_goes

AUTHORITY = "automatic"
DISASTER = "disaster"
"""The authority of a loan to a region in which a lead has declared a disaster."""


class Command(NamedTuple):
    """What a region is told; the id is the same whenever the same loads led to it."""

    id: str
    event: LendingCommand


@dataclass(slots=True)
class Round:
    """One plan for the country: who lacks, who was asked for how many, and what they offered."""

    at: int
    lacks: list[Lack]
    most: dict[str, int]
    offers: dict[str, list[Offer]] = field(default_factory=dict)


class Coordinator:
    """Watches every region's load and moves engineers between them."""

    def __init__(self, policy: LendingPolicy | None = None, *, only_disasters: bool = False) -> None:
        self.policy = policy or shipped_lending_policy()
        self.only_disasters = only_disasters
        """Help goes only where a disaster is declared: elsewhere lending is not automatic."""
        self.outlooks: dict[str, Outlook] = {}
        self.loans = Loans()
        self.planned_at = 0
        self.round: Round | None = None

    def step(self, event: RegionLoad | Decision) -> list[Command]:
        """Fold one event; what the regions must be told, in order."""
        if isinstance(event, RegionLoad):
            return self._load(event)
        if event.kind == "lending_offered":
            return self._offered(event)
        self.loans.heard(event)
        return []

    def remember(self, event: Wire) -> None:
        """Take in what lies in the past, from another coordinator's time: nobody is told anything."""
        match event:
            case RegionLoad():
                outlook = self.outlooks.setdefault(event.region, Outlook())
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
                self.loans.heard(event)

    def _load(self, load: RegionLoad) -> list[Command]:
        outlook = self.outlooks.setdefault(load.region, Outlook())
        if not outlook.heard(load, self.policy):
            return []
        now = outlook.at
        every = minutes_ms(self.policy.plan_every_min)
        waited_for = [o for o in self.outlooks.values() if now - 2 * every < o.at < now]
        if now < self.planned_at + every or waited_for:
            return []
        self.planned_at = now
        return self._plan(now)

    def _plan(self, now: int) -> list[Command]:
        """Ask again what was not answered, send home who is not needed, ask who can help where help lacks."""
        told = [*self._ask_again(now)]
        known = {name: o for name, o in sorted(self.outlooks.items()) if now - o.at < minutes_ms(60)}
        use = self.policy.need_use_permille
        margin = {name: self._have(name, o) - o.needed(self.policy, use) for name, o in known.items()}
        for name, outlook in known.items():
            self._judge(name, outlook, margin[name])
        needy = [name for name, o in known.items() if o.helped and o.newest.centre is not None]
        if not needy:
            self.round = None
            return told
        balance = balance_of(self.policy, known, self.loans, now)
        told += self._send_home(balance, now)
        needy = [name for name in needy if self._may_be_helped(known[name])]
        told += self._extend(needy, now)
        room = {name: self._room(name, o) for name, o in known.items() if not o.helped}
        moves = balance.sent(room, needy)
        lacks = [self._lack(name, known[name], moves) for name in needy]
        lacks = [lack for lack in lacks if lack.wanted and lack.short]
        most = {name: sum(n for (home, _), n in moves.items() if home == name) for name in room}
        most = {name: count for name, count in most.items() if count > 0}
        self.round = Round(now, lacks, most) if lacks and most else None
        if self.round is not None:
            told += self._requests(self.round)
        return told

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

    def _lack(self, name: str, outlook: Outlook, moves: dict[tuple[str, str], int]) -> Lack:
        centre = outlook.newest.centre
        assert centre is not None
        short = sum(count for (_, to), count in moves.items() if to == name)
        return Lack(name, short, outlook.wanted_work(self.policy), centre)

    def _room(self, name: str, outlook: Outlook) -> int:
        """Whom the donor could give at all: its own who are here, above its floor."""
        load = outlook.newest
        if load.centre is None:
            return 0
        floor = -(-load.home_strength * self.policy.floor_permille // 1000)
        asked = sum(f.stage == "asked" for f in self.loans.of_home(name))
        return max(0, load.home_on_duty - floor - asked)

    def _requests(self, plan: Round) -> Iterable[Command]:
        neediest = max(plan.lacks, key=lambda lack: (lack.short, lack.region))
        for donor in sorted(plan.most):
            name = f"lending/{rfc3339(to_moment(plan.at))}/{donor}"
            yield Command(
                name,
                EngineersRequested(
                    request_id=name,
                    region=donor,
                    to_region=neediest.region,
                    wanted=dict(neediest.wanted),
                    most=MAX_OFFERED,
                    staging=neediest.staging,
                    until=to_moment(plan.at + minutes_ms(self.policy.lease_min)),
                ),
            )

    def _offered(self, answer: Decision) -> list[Command]:
        """Once every donor has answered: who goes where."""
        plan = self.round
        asked = f"lending/{rfc3339(to_moment(plan.at))}/{answer.region}" if plan else None
        if plan is None or answer.caused_by != asked or answer.region in plan.offers:
            return []
        plan.offers[answer.region] = list(answer.offers or [])
        if len(plan.offers) < len(plan.most):
            return []
        self.round = None
        spares = [Spare(name, plan.most[name], plan.offers[name]) for name in sorted(plan.most)]
        slowest = max(self.outlooks[lack.region].newest.ms_per_km for lack in plan.lacks)
        sent = who_goes(plan.lacks, spares, slowest, self.policy.travel_price_permille)
        return [self._commit(plan.at, move) for move in sent]

    def _commit(self, now: int, move: Sent) -> Command:
        name = f"loan/{rfc3339(to_moment(now))}/{move.offer.engineer_id}"
        loan = Loan(
            loan_id=name,
            engineer_id=move.offer.engineer_id,
            home_region=move.home_region,
            to_region=move.to.region,
            owner_epoch=move.offer.owner_epoch + 1,
            until=to_moment(now + minutes_ms(self.policy.lease_min)),
            staging=move.to.staging,
            authority=DISASTER if self.outlooks[move.to.region].in_disaster else AUTHORITY,
        )
        self.loans.ask(loan, now)
        return Command(name, CommitLoan(region=loan.home_region, loan=loan))

    def _ask_again(self, now: int) -> Iterable[Command]:
        """What no region has answered may have been lost."""
        for name, followed in list(self.loans.open.items()):
            again = f"{name}/again/{rfc3339(to_moment(now))}"
            if followed.stage == "asked" and now > to_ms(followed.loan.until):
                self.loans.lapse(name)
            elif followed.stage == "asked":
                yield Command(again, CommitLoan(region=followed.loan.home_region, loan=followed.loan))
            elif followed.recalled_at is not None and followed.stage in ("travelling", "working"):
                yield Command(again, _recall(followed.loan, "no_longer_needed"))

    def _send_home(self, balance: Balance, now: int) -> Iterable[Command]:
        """Home go those who are worth more there than where they are."""
        lent: dict[tuple[str, str], list[Followed]] = {}
        for followed in self.loans.open.values():
            if followed.recalled_at is None and followed.stage in ("travelling", "working"):
                lent.setdefault((followed.loan.home_region, followed.loan.to_region), []).append(followed)
        going = balance.recalled({way: len(them) for way, them in sorted(lent.items())})
        for way, count in sorted(going.items()):
            for followed in sorted(lent[way], key=lambda f: (f.stage, f.loan.loan_id))[:count]:
                self.loans.recall(followed.loan.loan_id, now)
                yield Command(f"{followed.loan.loan_id}/recall", _recall(followed.loan, "no_longer_needed"))

    def _extend(self, needy: list[str], now: int) -> Iterable[Command]:
        """Where help still lacks, a loan about to end runs on."""
        for name, followed in list(self.loans.open.items()):
            loan = followed.loan
            ends_soon = to_ms(loan.until) - now < minutes_ms(self.policy.extend_before_min)
            if (
                loan.to_region not in needy
                or followed.stage not in ("travelling", "working")
                or not ends_soon
            ):
                continue
            if followed.recalled_at is not None:
                continue
            until = to_moment(now + minutes_ms(self.policy.lease_min))
            yield Command(
                f"{name}/extend/{rfc3339(to_moment(now))}",
                ExtendLoan(region=loan.to_region, loan_id=name, engineer_id=loan.engineer_id, until=until),
            )


def _is_alarmed(outlook: Outlook, policy: LendingPolicy) -> bool:
    """Whether more is to be expected there than usual: declared, measured or warned of."""
    return outlook.in_disaster or outlook.surging or outlook.warned_permille(policy, outlook.at) > USUAL


def _recall(loan: Loan, reason: str) -> RecallLoan:
    return RecallLoan(
        region=loan.to_region, loan_id=loan.loan_id, engineer_id=loan.engineer_id, reason=reason
    )
