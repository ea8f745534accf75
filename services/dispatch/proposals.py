"""The standing proposal: one at most, kept by the region that would be helped, agreed by all its parties.

Here both leads' acts meet: the log puts them in order, and the plan's hash says which plan each of them saw.
"""

from __future__ import annotations

from schemas.base import rfc3339
from schemas.plans import MovePlan, plan_hash
from schemas.proposals import (
    Consent,
    ConsentToPlan,
    Proposal,
    ProposalCommand,
    ProposePlan,
    RefusePlan,
    SetLending,
    WithdrawPlan,
)
from services.dispatch.lending_rules import MAX_LOAN_MS
from services.dispatch.moments import to_moment, to_ms
from services.dispatch.state import RegionState
from services.dispatch.turn import Turn

LeadsEvent = ProposalCommand | SetLending
EARLIER_KEPT = 10
"""So many former versions of what stands are remembered, to say what changed."""
MAX_STANDING_MS = 24 * 3600 * 1000
"""No proposal waits for longer: what it was made for has passed."""


def obey(turn: Turn, event: LeadsEvent) -> None:
    """What leads and the surge coordinator say about the region's proposal, or about its mode."""
    match event:
        case ProposePlan():
            propose(turn, event)
        case ConsentToPlan():
            consent(turn, event)
        case RefusePlan():
            refuse(turn, event)
        case WithdrawPlan():
            withdraw(turn, event)
        case SetLending():
            turn.region.desk.lending = event.lending
            turn.decide("lending_set", lending=event.lending, by=event.by, detail=event.reason or None)


def propose(turn: Turn, event: ProposePlan) -> None:
    """Let the plan stand, or amend what stands; the same plan again stands for longer, with its consents."""
    desk, named = turn.region.desk, plan_hash(event.plan)
    fault = _fault_of(turn, event)
    if fault is not None:
        turn.refuse(*fault, by=event.by, proposal=desk.proposal)
        return
    before = desk.proposal
    if (None if before is None else before.plan_hash) != event.base_hash:
        _refuse_outdated(turn, event.base_hash or "", event.by)
        return
    same = before is not None and before.plan_hash == named
    parties = sorted({turn.region.region, *(move.home_region for move in event.plan.moves)})
    desk.proposal = Proposal(
        proposal_id=before.proposal_id if before else f"plan-{turn.offset}",
        to_region=turn.region.region,
        version=1 if before is None else before.version + (not same),
        plan=event.plan,
        plan_hash=named,
        by=before.by if before and same else event.by,
        reason=event.reason,
        proposed_at=before.proposed_at if before and same else to_moment(turn.now),
        expires_at=event.expires_at,
        reasons=event.reasons,
        parties=parties,
        consents=before.consents if before and same else {},
        certificates=list(turn.region.rules.entry_certificates),
    )
    desk.earlier = [] if before is None else [*desk.earlier, *([] if same else [before.plan])][-EARLIER_KEPT:]
    watch_proposal(turn.region)
    kind = "plan_proposed" if before is None else "plan_amended"
    turn.decide(kind, by=event.by, detail=event.reason, proposal=desk.proposal)  # type: ignore[arg-type]


def _fault_of(turn: Turn, event: ProposePlan) -> tuple[str, str] | None:
    """Why the plan can stand nowhere, as a word and a sentence."""
    here, expires = turn.region.region, to_ms(event.expires_at)
    if not event.plan.moves:
        return "empty_plan", "the plan moves nobody"
    for move in event.plan.moves:
        if move.to_region != here or move.home_region == here:
            said = f"{move.engineer_id} would go from {move.home_region} to {move.to_region}"
            return "elsewhere", f"{said}: a plan that stands here brings engineers of others to {here}"
        if to_ms(move.until) > turn.now + MAX_LOAN_MS:
            return "too_long", f"{move.engineer_id} would be lent for more than two weeks"
    if expires <= turn.now:
        return "too_late", f"it would have expired at {rfc3339(event.expires_at)}"
    if expires > turn.now + MAX_STANDING_MS:
        return "too_long", "a proposal stands for a day at most"
    return None


def consent(turn: Turn, event: ConsentToPlan) -> None:
    """For these parties it may be carried out; with the last of them it is."""
    plan = _acted_on(turn, event)
    if plan is None:
        return
    said = Consent(by=event.by, at=to_moment(turn.now))
    consents = plan.consents | {name: said for name in event.for_regions if name not in plan.consents}
    plan = plan.model_copy(update={"consents": dict(sorted(consents.items()))})
    turn.region.desk.proposal = plan
    turn.decide("plan_consented", by=event.by, detail=event.reason or None, proposal=plan)
    if set(plan.parties) <= plan.consents.keys():
        certificates = list(turn.region.rules.entry_certificates)
        plan = plan.model_copy(update={"state": "agreed", "certificates": certificates})
        _end(turn.region, plan)
        turn.decide("plan_agreed", by=event.by, proposal=plan)


def refuse(turn: Turn, event: RefusePlan) -> None:
    """One party's no ends it."""
    plan = _acted_on(turn, event)
    if plan is None:
        return
    plan = plan.model_copy(update={"state": "refused"})
    _end(turn.region, plan)
    turn.decide("plan_refused", by=event.by, detail=event.reason, proposal=plan)
    turn.decide("plan_withdrawn", by=event.by, reason="refused", detail=event.reason, proposal=plan)


def withdraw(turn: Turn, event: WithdrawPlan) -> None:
    """It is needed no longer."""
    plan = _standing(turn, event.plan_hash, event.by)
    if plan is not None:
        _withdraw(turn, plan, "withdrawn", event.by, event.reason)


def call_off(turn: Turn, why: str, by: str) -> None:
    """Nothing stands here any more."""
    if turn.region.desk.proposal is not None:
        _withdraw(turn, turn.region.desk.proposal, why, by)


def expires(turn: Turn, at: int) -> None:
    """Nobody has agreed in time, unless it was amended to stand for longer."""
    plan = turn.region.desk.proposal
    if plan is not None and to_ms(plan.expires_at) == at:
        _withdraw(turn, plan, "expired")


def _withdraw(turn: Turn, plan: Proposal, why: str, by: str | None = None, detail: str | None = None) -> None:
    plan = plan.model_copy(update={"state": "withdrawn"})
    _end(turn.region, plan)
    turn.decide("plan_withdrawn", by=by, reason=why, detail=detail, proposal=plan)


def _end(region: RegionState, plan: Proposal) -> None:
    region.desk.proposal, region.desk.ended = None, plan


def _acted_on(turn: Turn, event: ConsentToPlan | RefusePlan) -> Proposal | None:
    """The plan that this is about, where it stands and all who speak are parties; else it is refused."""
    plan = _standing(turn, event.plan_hash, event.by)
    strangers = [] if plan is None else [name for name in event.for_regions if name not in plan.parties]
    if plan is None or not strangers:
        return plan
    said = f"{', '.join(strangers)} neither gives nor receives by this plan"
    turn.refuse("not_a_party", said, by=event.by, proposal=plan)
    return None


def _standing(turn: Turn, named: str, by: str) -> Proposal | None:
    plan = turn.region.desk.proposal
    if plan is not None and plan.plan_hash == named:
        return plan
    _refuse_outdated(turn, named, by)
    return None


def _refuse_outdated(turn: Turn, named: str, by: str) -> None:
    """Say what stands instead, or how that ended which was meant."""
    plan, ended = turn.region.desk.proposal, turn.region.desk.ended
    if plan is not None:
        seen = next((old for old in turn.region.desk.earlier if plan_hash(old) == named), MovePlan())
        said = f"version {plan.version} stands now, since {rfc3339(plan.proposed_at)}"
        changes = changes_between(seen, plan.plan)
        turn.refuse("plan_outdated", said, by=by, proposal=plan, changes=changes)
    elif ended is not None and ended.plan_hash == named and ended.state == "agreed":
        turn.refuse("already_agreed", "it was agreed and is being carried out", by=by, proposal=ended)
    else:
        how = "" if ended is None or ended.plan_hash != named else f": it is {ended.state}"
        turn.refuse("no_plan", f"no such plan stands here{how}", by=by)


def changes_between(seen: MovePlan, stands: MovePlan) -> list[str]:
    """What is other in the plan that stands than in the one that was seen, a sentence each."""
    before = {move.engineer_id: move for move in seen.moves}
    now = {move.engineer_id: move for move in stands.moves}
    said = [f"{name} was taken out" for name in sorted(before.keys() - now.keys())]
    for name in sorted(now.keys() - before.keys()):
        move = now[name]
        said.append(f"{name} of {move.home_region} was added, until {rfc3339(move.until)}")
    for name in sorted(now.keys() & before.keys()):
        was, is_now = before[name], now[name]
        if was.until != is_now.until:
            said.append(f"{name} until {rfc3339(is_now.until)} instead of {rfc3339(was.until)}")
        if was.staging != is_now.staging:
            said.append(f"{name} is awaited at another place")
        if (was.home_region, was.owner_epoch) != (is_now.home_region, is_now.owner_epoch):
            said.append(f"{name} has changed regions meanwhile")
    return said


def watch_proposal(region: RegionState) -> None:
    """Be reminded when it expires."""
    if region.desk.proposal is not None:
        region.set_timer(to_ms(region.desk.proposal.expires_at), "plan_expires", "")
