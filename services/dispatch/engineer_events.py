"""What concerns engineers apart from their work: registration, shifts and breaks, positions."""

from __future__ import annotations

from schemas.base import rfc3339
from schemas.engineers import EngineersMoved, Move, PhoneEvent, ShiftReported
from schemas.exercises import belongs
from schemas.lending import EngineerHandedOver
from schemas.regions import EngineerRegistered
from services.dispatch import handover, mirror
from services.dispatch.calls import own_shift_begins
from services.dispatch.duty import Duty, working_time
from services.dispatch.eligibility import first_lasting_rule
from services.dispatch.exercises import refused_as_over
from services.dispatch.geometry import unit_vector
from services.dispatch.lifecycle import (
    change_engineer,
    free,
    go_off_shift,
    released,
    take_back,
    watch_limits,
)
from services.dispatch.locks import wish
from services.dispatch.membership import new_engineer, set_fitness
from services.dispatch.moments import minutes_ms, to_moment, to_ms
from services.dispatch.moving import elsewhere, let_go
from services.dispatch.state import DEVICES_KEPT, HELD, RESTING, Engineer
from services.dispatch.travel import travel_ms
from services.dispatch.turn import Turn

Point = tuple[float, float]
"""Latitude and longitude, degrees."""


def engineer_registered(turn: Turn, event: EngineerRegistered) -> None:
    """An engineer belongs here with these skills; where another region is named, it is given them."""
    engineer = turn.region.engineers.get(event.engineer_id)
    if _not_of_here(turn, event) or elsewhere(turn, event, engineer):
        return
    if event.region != turn.region.region:
        let_go(turn, engineer or new_engineer(turn, event), event)
    else:
        _belongs(turn, engineer or new_engineer(turn, event), event)


def engineer_moved_in(turn: Turn, event: EngineerHandedOver) -> None:
    """Whom another region has let go for good belongs here, off shift until their shift begins."""
    engineer = handover.taken_over(turn, event)
    if engineer is not None:
        engineer.loan = engineer.available_from = None
        _belongs(turn, engineer, event.engineer)


def _belongs(turn: Turn, engineer: Engineer, event: EngineerRegistered) -> None:
    region = turn.region
    engineer.skills = dict(event.skills)
    set_fitness(turn, engineer, event)
    engineer.home_lat, engineer.home_lon = event.home.lat, event.home.lon
    if engineer.state == "off_shift":
        engineer.stand(event.home.lat, event.home.lon, turn.now)
    _set_shift(turn, engineer, event)
    mirror.skills_changed(region, engineer)
    mirror.engineer_changed(region, engineer)
    mirror.limits_changed(region, engineer)
    turn.decide("engineer_registered", engineer=engineer)
    wish(turn, engineer, event.pinned_incident)
    _leave_unqualified_work(turn, engineer)
    if engineer.state == "available" and engineer.incident_id is None:
        free(turn, engineer)


def _not_of_here(turn: Turn, event: EngineerRegistered) -> bool:
    """A real engineer is never in an exercise, nor the reverse; an exercise that is over takes nobody."""
    if not belongs(event.region, event.engineer_id):
        detail = f"{event.engineer_id} can not be in {event.region}: of an exercise only one of the two is"
        turn.refuse("exercise", detail, engineer_id=event.engineer_id)
        return True
    leaves = event.region != turn.region.region
    return not leaves and refused_as_over(turn, engineer_id=event.engineer_id)


def _set_shift(turn: Turn, engineer: Engineer, event: EngineerRegistered) -> None:
    starts = None if event.available_from is None else to_ms(event.available_from)
    ends = None if event.shift_end is None else to_ms(event.shift_end)
    if event.worked_min_before is None:
        engineer.duty = None
    elif engineer.duty is None or starts != engineer.available_from:
        engineer.duty = engineer.duty or Duty()
        engineer.duty.carried_ms = minutes_ms(event.worked_min_before)
        if engineer.state not in RESTING and engineer.duty.began_at is None:
            engineer.duty.go_on(turn.now, working_time(turn.region.rules, turn.region.time_zone))
            watch_limits(turn.region, engineer)
    if starts is not None and starts != engineer.available_from:
        engineer.starts_at = starts
        turn.region.set_timer(starts, "shift_start", engineer.engineer_id)
    engineer.available_from = starts
    engineer.ends_at = ends
    if ends is not None:
        turn.region.set_timer(ends, "shift_end", engineer.engineer_id)


def _leave_unqualified_work(turn: Turn, engineer: Engineer) -> None:
    incident = turn.region.incidents.get(engineer.incident_id or "")
    if incident is None or incident.state not in HELD:
        return
    rule = first_lasting_rule(engineer, incident, turn.now)
    if rule is not None:
        take_back(turn, incident, rule, concerned=engineer)
        released(turn, engineer)


def device_is_behind(engineer: Engineer, event: PhoneEvent) -> int:
    """How far behind the last one applied of its device the event lies: 0 it is newer, 1 the same number."""
    last = dict(engineer.devices).get(event.device_id, -1)
    if event.device_seq > last:
        others = [d for d in engineer.devices if d[0] != event.device_id]
        engineer.devices = [*others, (event.device_id, event.device_seq)][-DEVICES_KEPT:]
        return 0
    return last - event.device_seq + 1


def heard_from(turn: Turn, engineer: Engineer) -> None:
    """A phone thought unreachable has spoken."""
    if engineer.reachable:
        return
    engineer.reachable = True
    if engineer.state == "available" and engineer.incident_id is None:
        free(turn, engineer)
    mirror.engineer_changed(turn.region, engineer)
    turn.decide("engineer_changed", engineer=engineer, reason="reachable")


def shift_reported(turn: Turn, event: ShiftReported) -> None:
    """A shift or a break starts or ends; work not yet attended goes back to the queue."""
    engineer = turn.region.engineers.get(event.engineer_id)
    if engineer is None:
        turn.refuse(
            "unknown_engineer",
            f"{event.engineer_id} does not belong to {turn.region.region}",
            engineer_id=event.engineer_id,
        )
        return
    if turn.in_the_future(to_ms(event.occurred_at)):
        turn.refuse(
            "in_the_future",
            "occurred_at is more than 5 min after the log's clock",
            engineer=engineer,
        )
        return
    if device_is_behind(engineer, event):
        turn.decide(
            "conflicted",
            engineer=engineer,
            reason="out_of_order",
            detail=f"{event.change} came after a later report of the same device",
        )
        return
    heard_from(turn, engineer)
    place = None if event.place is None else (event.place.lat, event.place.lon)
    _SHIFT[event.change](turn, engineer, place)


def _shift_started(turn: Turn, engineer: Engineer, place: Point | None) -> None:
    if engineer.called_until is not None:
        own_shift_begins(turn.region, engineer)
        turn.decide("engineer_changed", engineer=engineer, reason="shift_started")
        return
    if engineer.state != "off_shift":
        turn.refuse("already_on_shift", "the shift has started", engineer=engineer)
        return
    if place is not None:
        engineer.stand(*place, turn.now)
    engineer.starts_at = None
    change_engineer(turn, engineer, "available", "shift_started")


def _shift_ended(turn: Turn, engineer: Engineer, _place: Point | None) -> None:
    if engineer.state == "off_shift":
        turn.refuse("already_off_shift", "the shift has ended", engineer=engineer)
        return
    end_shift(turn, engineer, finish_travel=False)


def end_shift(turn: Turn, engineer: Engineer, finish_travel: bool) -> None:
    """End a shift: a job on site is finished first, one on the way only where `finish_travel`."""
    incident = turn.region.incidents.get(engineer.incident_id or "")
    if incident is not None and (finish_travel or incident.state not in HELD):
        engineer.leaving, engineer.ends_at = True, None
        mirror.limits_changed(turn.region, engineer)
        mirror.engineer_changed(turn.region, engineer)
        turn.decide("engineer_changed", incident, engineer, reason="last_job")
        return
    if incident is not None:
        take_back(turn, incident, "shift_ended", concerned=engineer)
        turn.replan = True
    go_off_shift(turn, engineer)


def _break_started(turn: Turn, engineer: Engineer, _place: Point | None) -> None:
    incident = turn.region.incidents.get(engineer.incident_id or "")
    if incident is not None and incident.state not in HELD:
        turn.refuse("on_site", "a break starts after the job", incident, engineer)
        return
    if engineer.state in ("off_shift", "on_break"):
        turn.refuse("not_available", f"is {engineer.state}", engineer=engineer)
        return
    if incident is not None:
        take_back(turn, incident, "break_started", concerned=engineer)
        turn.replan = True
    if engineer.leaving:
        go_off_shift(turn, engineer)
    else:
        change_engineer(turn, engineer, "on_break", "break_started")


def _break_ended(turn: Turn, engineer: Engineer, place: Point | None) -> None:
    if engineer.state != "on_break":
        turn.refuse("not_on_break", f"is {engineer.state}", engineer=engineer)
        return
    if engineer.duty is not None and (engineer.duty.break_ends_at or 0) > turn.now:
        until = to_moment(engineer.duty.break_ends_at or 0)
        turn.refuse("break", f"the break that is due lasts until {rfc3339(until)}", engineer=engineer)
        return
    if place is not None:
        engineer.stand(*place, turn.now)
    change_engineer(turn, engineer, "available", "break_ended")


_SHIFT = {
    "shift_started": _shift_started,
    "shift_ended": _shift_ended,
    "break_started": _break_started,
    "break_ended": _break_ended,
}


def engineers_moved(turn: Turn, event: EngineersMoved) -> None:
    """The newest fixes of engineers; those of nobody here, off shift or from the future are refused."""
    refused: dict[str, list[str]] = {}
    for move in event.moves:
        engineer = turn.region.engineers.get(move.engineer_id)
        if engineer is None and move.engineer_id in turn.region.handed_over:
            continue  # a fix is only worth something now: the next one finds the region they are in
        if engineer is None:
            refused.setdefault("unknown_engineer", []).append(move.engineer_id)
        elif engineer.state == "off_shift":
            refused.setdefault("off_shift", []).append(move.engineer_id)
        elif turn.in_the_future(at := to_ms(move.fixed_at)):
            refused.setdefault("in_the_future", []).append(move.engineer_id)
        elif engineer.fixed_at is None or at > engineer.fixed_at:
            _fix(turn, engineer, move, min(at, turn.now))
    for reason, names in refused.items():
        shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
        turn.refuse(reason, f"positions of {len(names)}: {shown}")


def _fix(turn: Turn, engineer: Engineer, move: Move, at: int) -> None:
    engineer.fixed_at = at
    heard_from(turn, engineer)
    if engineer.state == "on_site":
        return
    engineer.lat, engineer.lon, engineer.placed_at = move.lat, move.lon, at
    turn.region.warm.moved[engineer.row] = None
    if engineer.arrives_at is not None:
        here = unit_vector(move.lat, move.lon)
        site = unit_vector(engineer.to_lat, engineer.to_lon)
        engineer.arrives_at = at + travel_ms(turn.region.terms, here, site)
