"""The coordinator's own loans while they last: asked again, extended while help lacks, recalled when due."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from schemas.base import rfc3339
from schemas.lending import CommitLoan, ExtendLoan
from services.dispatch.moments import minutes_ms, to_moment, to_ms
from services.surge.balance import Balance
from services.surge.commands import Command, is_ours, recall_of
from services.surge.forecast import Outlook
from services.surge.loans import Followed, Loans
from services.surge.policy import LendingPolicy

LENT = ("travelling", "working")


def asked_again(loans: Loans, outlooks: Mapping[str, Outlook], now: int) -> Iterator[Command]:
    """What no region has answered may have been lost; what a lead has agreed to no less."""
    for name, followed in list(loans.open.items()):
        again, loan = f"{name}/again/{rfc3339(to_moment(now))}", followed.loan
        if followed.stage == "asked" and now > to_ms(loan.until):
            loans.lapse(name)
        elif followed.stage == "asked":
            there = outlooks.get(loan.to_region)
            needed = there.newest.entry_certificates if there is not None else []
            yield Command(again, CommitLoan(region=loan.home_region, loan=loan, certificates=needed))
        elif followed.recalled_at is not None and followed.stage in LENT and is_ours(loan):
            yield Command(again, recall_of(loan))


def sent_home(loans: Loans, balance: Balance, now: int) -> Iterator[Command]:
    """Home go those who are worth more there than where they are."""
    lent: dict[tuple[str, str], list[Followed]] = {}
    for followed in loans.open.values():
        if followed.recalled_at is None and followed.stage in LENT and is_ours(followed.loan):
            lent.setdefault((followed.loan.home_region, followed.loan.to_region), []).append(followed)
    going = balance.recalled({way: len(them) for way, them in sorted(lent.items())})
    for way, count in sorted(going.items()):
        for followed in sorted(lent[way], key=lambda f: (f.stage, f.loan.loan_id))[:count]:
            loans.recall(followed.loan.loan_id, now)
            yield Command(f"{followed.loan.loan_id}/recall", recall_of(followed.loan))


def extended(loans: Loans, needy: Collection[str], policy: LendingPolicy, now: int) -> Iterator[Command]:
    """Where help still lacks, a loan about to end runs on."""
    for name, followed in list(loans.open.items()):
        loan = followed.loan
        ends_soon = to_ms(loan.until) - now < minutes_ms(policy.extend_before_min)
        if loan.to_region not in needy or followed.stage not in LENT or not ends_soon:
            continue
        if followed.recalled_at is not None or not is_ours(loan):
            continue
        until = to_moment(now + minutes_ms(policy.lease_min))
        yield Command(
            f"{name}/extend/{rfc3339(to_moment(now))}",
            ExtendLoan(region=loan.to_region, loan_id=name, engineer_id=loan.engineer_id, until=until),
        )
