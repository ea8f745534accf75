"""What a region answers when asked for help: offers, loans and their ends. A refusal names its rule."""

from __future__ import annotations

from schemas.base import Place
from schemas.decisions import DecisionKind
from schemas.lending import (
    FOR_GOOD,
    CommitLoan,
    EngineerHandedOver,
    EngineersRequested,
    ExtendLoan,
    HandoverTaken,
    LendingCommand,
    Offer,
    RecallLoan,
)
from schemas.lending_views import LoanRefusal
from schemas.regions import Certificate
from services.dispatch import handover, mirror
from services.dispatch.desk_views import loan_view
from services.dispatch.engineer_events import engineer_moved_in
from services.dispatch.exercises import passed_on
from services.dispatch.lending_rules import (
    MAX_LOAN_MS,
    SENTENCES,
    first_broken_rule,
    lacks_certificate,
    others_qualified,
    spare,
)
from services.dispatch.lent import OnLoan
from services.dispatch.lifecycle import free
from services.dispatch.moments import to_moment, to_ms
from services.dispatch.state import Engineer, TimerKind
from services.dispatch.turn import Turn

LendingEvent = LendingCommand | EngineerHandedOver | HandoverTaken


def engineers_requested(turn: Turn, event: EngineersRequested) -> None:
    """Say whom the region can spare, who has least to leave behind first; nobody is taken out of work yet."""
    region, until = turn.region, to_ms(event.until)
    asked = {name: to_ms(at) for name, at in event.named.items()}
    fit = [
        e
        for name, e in region.engineers.items()
        if first_broken_rule(
            region, name, turn.now, asked.get(name, until), event.to_region, event.certificates
        )
        is None
    ]
    fit = [e for e in fit if others_qualified(region, e) >= turn.policy.lending_keeps_qualified]
    fit.sort(key=lambda e: (e.engineer_id not in asked, e.incident_id is not None, e.engineer_id))
    offers = [_offer(turn, engineer) for engineer in fit[: event.most]] if spare(turn) else []
    reason = None if offers else ("below_the_floor" if fit else "nobody_at_hand")
    turn.decide("lending_offered", offers=offers, reason=reason)


def _offer(turn: Turn, engineer: Engineer) -> Offer:
    lat, lon = engineer.place_at(turn.now)
    return Offer(
        engineer_id=engineer.engineer_id,
        place=Place(lat=lat, lon=lon),
        skills=engineer.skills,
        owner_epoch=engineer.owner_epoch,
        under_way=engineer.incident_id is not None,
        others_qualified=max(0, others_qualified(turn.region, engineer)),
        certificates=[
            Certificate(name=name, expires_at=to_moment(until)) for name, until in engineer.certificates
        ]
        or None,
    )


def commit_loan(turn: Turn, event: CommitLoan) -> None:
    """Lend the engineer now; what was carried out before is only said again, the rest refused by its rule."""
    region, loan = turn.region, event.loan
    gone = region.handed_over.get(loan.engineer_id)
    if gone is not None and gone.loan.loan_id == loan.loan_id and gone.owner_epoch >= loan.owner_epoch:
        if gone.handover is not None:
            handover.say_again(turn, loan.engineer_id, gone.owner_epoch)
        else:  # taken long ago: nothing more is to be handed over
            turn.decide("lending_committed", engineer_id=loan.engineer_id, loan=loan)
        return
    until = to_ms(loan.until)
    rule = first_broken_rule(region, loan.engineer_id, turn.now, until, loan.to_region, event.certificates)
    if loan.to_region == region.region or loan.home_region != region.region:
        rule = "at_home"
    engineer = region.engineers.get(loan.engineer_id)
    if rule is None and engineer is not None and engineer.owner_epoch + 1 != loan.owner_epoch:
        rule = "stale_epoch"
    if rule is None and engineer is not None:
        few = others_qualified(region, engineer) < turn.policy.lending_keeps_qualified
        rule = "last_of_the_skill" if few else None
    if rule is None and not spare(turn):
        rule = "below_the_floor"
    if rule is not None or engineer is None:
        _refuse(turn, rule or "unknown_engineer", event)
        return
    handover.give(turn, engineer, handover.remembered(loan, turn.now), "lending_committed")


def _refuse(turn: Turn, rule: str, event: CommitLoan) -> None:
    loan, name = event.loan, event.loan.engineer_id
    refusal = LoanRefusal(
        loan_id=loan.loan_id,
        engineer_id=name,
        home_region=loan.home_region,
        to_region=loan.to_region,
        rule=rule,
        detail=f"{name} {SENTENCES[rule]}",
        at=to_moment(turn.now),
    )
    turn.region.desk.note_refusal(refusal)
    turn.refuse(rule, f"{name} {SENTENCES[rule]}", engineer_id=name, loan=event.loan)


def extend_loan(turn: Turn, event: ExtendLoan) -> None:
    """The loan runs on; one that has ended or is another is refused."""
    engineer, loan = _lent_here(turn, event)
    if engineer is None or loan is None:
        return
    until = to_ms(event.until)
    if until > turn.now + MAX_LOAN_MS:
        turn.refuse("too_long", "a loan runs on for two weeks at most", engineer_id=event.engineer_id)
        return
    if lacks_certificate(engineer, turn.region.rules.entry_certificates, until):
        said = f"{event.engineer_id} {SENTENCES['certificate']}"
        turn.refuse("certificate", said, engineer_id=event.engineer_id, by=event.by)
        return
    if until > loan.until:
        loan.until, engineer.due_back = until, False
        turn.region.set_timer(until, "loan_ends", engineer.engineer_id)
        mirror.engineer_changed(turn.region, engineer)
    _decide(turn, engineer, loan, "lending_extended", by=event.by)


def recall_loan(turn: Turn, event: RecallLoan) -> None:
    """They go home as soon as what they have in hand is done."""
    engineer, loan = _lent_here(turn, event)
    if engineer is not None and loan is not None:
        if not engineer.due_back:
            loan.since = turn.now
        _decide(turn, engineer, loan, "lending_recalled", event.reason, event.by, event.detail)
        send_back(turn, engineer)


def _lent_here(turn: Turn, event: ExtendLoan | RecallLoan) -> tuple[Engineer | None, OnLoan | None]:
    engineer = turn.region.engineers.get(event.engineer_id)
    loan = None if engineer is None else engineer.loan
    if loan is None or loan.loan_id != event.loan_id or loan.to_region != turn.region.region:
        turn.refuse(
            "not_on_loan",
            f"{event.engineer_id} is not here on {event.loan_id}",
            engineer_id=event.engineer_id,
        )
        return None, None
    return engineer, loan


def loan_timer(turn: Turn, kind: TimerKind, name: str, at: int, owner_epoch: int) -> None:
    """What time brings to a loan: the engineer is near, it is over, or nobody has taken them yet."""
    if kind == "joins":
        joins(turn, name, at)
    elif kind == "loan_ends":
        loan_ends(turn, name, at)
    else:
        handover.untaken(turn, name, at, owner_epoch)


def obey(turn: Turn, event: LendingEvent) -> None:
    """What the surge coordinator, a lead or another region says about lending."""
    match event:
        case EngineersRequested():
            engineers_requested(turn, event)
        case CommitLoan():
            commit_loan(turn, event)
        case ExtendLoan():
            extend_loan(turn, event)
        case RecallLoan():
            recall_loan(turn, event)
        case EngineerHandedOver() if turn.region.exercise_over:
            passed_on(turn, event)
        case EngineerHandedOver() if event.loan.authority == FOR_GOOD:
            engineer_moved_in(turn, event)
        case EngineerHandedOver():
            handover.engineer_handed_over(turn, event)
        case HandoverTaken():
            handover.handover_taken(turn, event)


def loan_ends(turn: Turn, name: str, at: int) -> None:
    """The loan's time is up, unless it was extended."""
    engineer = turn.region.engineers.get(name)
    if engineer is None or engineer.loan is None or engineer.loan.until != at:
        return
    if engineer.loan.to_region == turn.region.region:
        engineer.loan.since = turn.now
        send_back(turn, engineer)


def send_back(turn: Turn, engineer: Engineer) -> None:
    """Home at once where nothing is in hand, else after it."""
    engineer.due_back = True
    mirror.engineer_changed(turn.region, engineer)
    turn.freed.append(engineer.row)


def give_back_whoever_is_due(turn: Turn) -> None:
    """Those whom this event has made free, and whose loan is over, are the home region's again."""
    for row in dict.fromkeys(turn.freed):
        engineer = turn.region.by_row.get(row)
        if (
            engineer is None
            or not engineer.due_back
            or engineer.incident_id is not None
            or engineer.loan is None
        ):
            continue
        turn.freed = [other for other in turn.freed if other != row]
        handover.give(turn, engineer, engineer.loan, "lending_released")


def joins(turn: Turn, name: str, at: int) -> None:
    """They are near enough to be sent to work: here on loan, or home again."""
    engineer = turn.region.engineers.get(name)
    if engineer is None or engineer.joins_at != at:
        return
    engineer.joins_at = None
    loan = engineer.loan
    if loan is not None:
        loan.since = turn.now
        at_home = loan.home_region == turn.region.region
        _decide(turn, engineer, loan, "lending_returned" if at_home else "lending_working")
        if at_home:
            turn.region.desk.note_return(loan_view(turn.region, engineer, loan, "returned", turn.now))
            engineer.loan = None
    if engineer.incident_id is None:
        free(turn, engineer)


def _decide(
    turn: Turn,
    engineer: Engineer,
    loan: OnLoan,
    kind: DecisionKind,
    reason: str | None = None,
    by: str | None = None,
    detail: str | None = None,
) -> None:
    said = handover.on_the_wire(loan, engineer.engineer_id, engineer.owner_epoch)
    turn.decide(kind, engineer=engineer, loan=said, reason=reason, by=by, detail=detail)
