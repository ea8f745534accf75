"""An engineer changes regions: given by one, taken by the other, under an epoch, whatever is lost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from schemas.base import Place
from schemas.lending import FOR_GOOD, DutyAccount, EngineerHandedOver, HandoverTaken, Loan
from schemas.regions import Certificate, EngineerRegistered
from services.dispatch import lifecycle, mirror
from services.dispatch.duty import Duty
from services.dispatch.lent import HandedOver, OnLoan
from services.dispatch.locks import wish
from services.dispatch.membership import leave, new_engineer, send, set_fitness
from services.dispatch.moments import minutes_ms, to_moment, to_moment_or_none, to_ms, to_ms_or_none
from services.dispatch.state import HANDED_OVER_KEPT, Engineer, RegionState
from services.dispatch.turn import Turn

Given = Literal["lending_committed", "lending_released"]


def give(
    turn: Turn, engineer: Engineer, loan: OnLoan, kind: Given, registered: EngineerRegistered | None = None
) -> None:
    """From now on the engineer is the other region's: work not yet attended goes back to the queue.

    `registered`: as what they belong there from now on, where it is for good.
    """
    region = turn.region
    incident = region.incidents.get(engineer.incident_id or "")
    if incident is not None:
        why = "lent" if kind == "lending_committed" else "due_back"
        lifecycle.take_back(turn, incident, why, concerned=engineer)
        turn.replan = True
    engineer.stand(*engineer.place_at(turn.now), turn.now)
    engineer.owner_epoch += 1
    standing = registered or registration(engineer, loan.home_region)
    handover = _handover(turn, engineer, loan, standing, outward=kind == "lending_committed")
    region.handed_over.pop(engineer.engineer_id, None)
    region.handed_over[engineer.engineer_id] = HandedOver(
        engineer_id=engineer.engineer_id,
        loan=loan,
        to_region=handover.region,
        owner_epoch=engineer.owner_epoch,
        handover=handover.model_dump_json(),
        say_again_at=0,
    )
    _forget_oldest(region)
    leave(turn, engineer)
    _say(turn, region.handed_over[engineer.engineer_id], handover)


def _handover(
    turn: Turn, engineer: Engineer, loan: OnLoan, standing: EngineerRegistered, outward: bool
) -> EngineerHandedOver:
    assert engineer.state in ("available", "on_break", "off_shift")
    return EngineerHandedOver(
        region=loan.to_region if outward else loan.home_region,
        from_region=turn.region.region,
        loan=on_the_wire(loan, engineer.engineer_id, engineer.owner_epoch),
        engineer=standing,
        place=Place(lat=engineer.lat, lon=engineer.lon),
        departed_at=to_moment(turn.now),
        towards=Place(lat=loan.staging[0], lon=loan.staging[1]) if outward else standing.home,
        devices=dict(engineer.devices),
        duty=None if engineer.duty is None else DutyAccount(**asdict(engineer.duty)),
        starts_at=to_moment_or_none(engineer.starts_at),
        state=engineer.state,
        reachable=engineer.reachable,
    )


def registration(engineer: Engineer, home_region: str) -> EngineerRegistered:
    """The engineer's standing data, as the next region must know it."""
    return EngineerRegistered(
        engineer_id=engineer.engineer_id,
        region=home_region,
        home=Place(lat=engineer.home_lat, lon=engineer.home_lon),
        skills=engineer.skills,
        languages=engineer.languages,
        certificates=[
            Certificate(name=name, expires_at=to_moment(until)) for name, until in engineer.certificates
        ],
        parts=engineer.parts,
        excluded_customers=engineer.excluded_customers,
        pinned_incident=engineer.pinned_incident,
        available_from=to_moment_or_none(engineer.available_from),
        shift_end=to_moment_or_none(engineer.ends_at),
    )


def on_the_wire(loan: OnLoan, engineer_id: str, owner_epoch: int) -> Loan:
    """The loan as it is said."""
    return Loan(
        loan_id=loan.loan_id,
        engineer_id=engineer_id,
        home_region=loan.home_region,
        to_region=loan.to_region,
        owner_epoch=owner_epoch,
        until=to_moment(loan.until),
        staging=Place(lat=loan.staging[0], lon=loan.staging[1]),
        authority=loan.authority,
    )


def gone_for_good(region: RegionState, engineer: Engineer) -> None:
    """Nobody has them any more: what was said under their epoch and comes late is known by it."""
    here = region.region
    nowhere = OnLoan("", here, here, 0, (engineer.home_lat, engineer.home_lon), FOR_GOOD)
    if engineer.owner_epoch:
        region.handed_over.pop(engineer.engineer_id, None)
        region.handed_over[engineer.engineer_id] = HandedOver(
            engineer.engineer_id, nowhere, here, engineer.owner_epoch, None, 0
        )
        _forget_oldest(region)


def _forget_oldest(region: RegionState) -> None:
    """Of those long taken, only so many are remembered."""
    if len(region.handed_over) > HANDED_OVER_KEPT:
        oldest = next((name for name, gone in region.handed_over.items() if gone.handover is None), None)
        if oldest is not None:
            del region.handed_over[oldest]


def _say(turn: Turn, gone: HandedOver, handover: EngineerHandedOver) -> None:
    kind: Given = "lending_committed" if gone.to_region == gone.loan.to_region else "lending_released"
    gone.say_again_at = turn.now + round(turn.policy.handover_said_again_s * 1000)
    turn.region.set_timer(gone.say_again_at, "untaken", gone.engineer_id, gone.owner_epoch)
    turn.decide(
        kind,
        engineer_id=gone.engineer_id,
        from_place=(handover.place.lat, handover.place.lon),
        loan=handover.loan,
        handover=handover,
    )


def say_again(turn: Turn, name: str, owner_epoch: int) -> None:
    """Nobody has taken them yet: the handover may have been lost on its way."""
    gone = turn.region.handed_over.get(name)
    if gone is not None and gone.owner_epoch == owner_epoch and gone.handover is not None:
        _say(turn, gone, EngineerHandedOver.model_validate_json(gone.handover))


def untaken(turn: Turn, name: str, at: int, owner_epoch: int) -> None:
    """The reminder set last says it again; one set before it is no second word."""
    gone = turn.region.handed_over.get(name)
    if gone is not None and gone.say_again_at == at:
        say_again(turn, name, owner_epoch)


def handover_taken(turn: Turn, event: HandoverTaken) -> None:
    """The other region has them; it need not be said again."""
    gone = turn.region.handed_over.get(event.engineer_id)
    if gone is not None and gone.owner_epoch == event.owner_epoch:
        gone.handover = None


def engineer_handed_over(turn: Turn, event: EngineerHandedOver) -> None:
    """An engineer on loan, or back from one, is this region's now and on the way."""
    region, name, engineer = turn.region, event.loan.engineer_id, taken_over(turn, event)
    if engineer is None:
        return
    going_home = event.loan.home_region == region.region
    if engineer.state == "available":
        send(turn, engineer, (event.towards.lat, event.towards.lon), "going_home" if going_home else "lent")
    near = minutes_ms(turn.policy.lending_joins_min)
    engineer.joins_at = max(turn.now, (engineer.arrives_at or turn.now) - near)
    region.set_timer(engineer.joins_at, "joins", name)
    lifecycle.free(turn, engineer)


def taken_over(turn: Turn, event: EngineerHandedOver) -> Engineer | None:
    """Take an engineer over, once: what was known under this epoch or a later one is only answered again."""
    region, name, epoch = turn.region, event.loan.engineer_id, event.loan.owner_epoch
    if known_epoch(region, name) >= epoch:
        said = f"{name} was taken over under epoch {epoch} before"
        turn.refuse("already_taken", said, engineer_id=name, loan=event.loan)
        return None
    gone = region.handed_over.get(name)
    if gone is not None:  # who hands them on, or back, has taken them
        gone.handover, gone.to_region, gone.owner_epoch = None, region.region, epoch
    early = region.engineers.get(name)
    engineer = _taken(turn, event) if early is None else _adopted(turn, early, event)
    turn.decide("lending_travelling", engineer=engineer, loan=event.loan)
    return engineer if early is None else None


def _adopted(turn: Turn, engineer: Engineer, event: EngineerHandedOver) -> Engineer:
    """Their registration here overtook the handover: they are here, and have been given now."""
    engineer.owner_epoch = event.loan.owner_epoch
    if event.loan.home_region != turn.region.region:
        engineer.loan = remembered(event.loan, turn.now)
        turn.region.set_timer(engineer.loan.until, "loan_ends", engineer.engineer_id)
    return engineer


def _taken(turn: Turn, event: EngineerHandedOver) -> Engineer:
    """The engineer as the other region knew them, now one of this region."""
    region, told = turn.region, event.engineer
    engineer = new_engineer(turn, told)
    engineer.owner_epoch, engineer.state = event.loan.owner_epoch, event.state
    engineer.devices, engineer.reachable = list(event.devices.items()), event.reachable
    engineer.available_from, engineer.ends_at = (
        to_ms_or_none(told.available_from),
        to_ms_or_none(told.shift_end),
    )
    engineer.starts_at = to_ms_or_none(event.starts_at)
    engineer.duty = None if event.duty is None else Duty(**event.duty.model_dump())
    engineer.loan = remembered(event.loan, turn.now)
    engineer.stand(event.place.lat, event.place.lon, turn.now)
    set_fitness(turn, engineer, told)
    mirror.skills_changed(region, engineer)
    mirror.limits_changed(region, engineer)
    wish(turn, engineer, told.pinned_incident)
    set_timers(region, engineer)
    return engineer


def set_timers(region: RegionState, engineer: Engineer) -> None:
    """What time will bring to an engineer, also after a restore."""
    name = engineer.engineer_id
    if engineer.starts_at is not None:
        region.set_timer(engineer.starts_at, "shift_start", name)
    if engineer.ends_at is not None:
        region.set_timer(engineer.ends_at, "shift_end", name)
    if engineer.duty is not None and engineer.duty.break_ends_at is not None:
        region.set_timer(engineer.duty.break_ends_at, "break_over", name)
    lifecycle.watch_limits(region, engineer)
    if engineer.joins_at is not None:
        region.set_timer(engineer.joins_at, "joins", name)
    if engineer.loan is not None:
        region.set_timer(engineer.loan.until, "loan_ends", name)


def known_epoch(region: RegionState, name: str) -> int:
    """The highest owner epoch of an engineer that the region has seen; -1 where it never heard of them."""
    engineer, gone = region.engineers.get(name), region.handed_over.get(name)
    return max(
        -1 if engineer is None else engineer.owner_epoch,
        -1 if gone is None else gone.owner_epoch,
    )


def remembered(loan: Loan, since: int) -> OnLoan:
    """The loan in the state's own numbers."""
    return OnLoan(
        loan_id=loan.loan_id,
        home_region=loan.home_region,
        to_region=loan.to_region,
        until=to_ms(loan.until),
        staging=(loan.staging.lat, loan.staging.lon),
        authority=loan.authority,
        since=since,
    )
