"""What happens because time passes: shifts start and end, promises break, silent phones lose their work."""

from __future__ import annotations

import heapq

from services.dispatch import alerts, calls, disaster, lending, lifecycle, mirror, proposals
from services.dispatch.crew_statuses import has_answered
from services.dispatch.engineer_events import end_shift
from services.dispatch.servable import say_unservable
from services.dispatch.state import ATTENDED, HELD, RESTING, TimerKind
from services.dispatch.statuses import bar
from services.dispatch.turn import Turn


def clock_ticked(turn: Turn) -> None:
    """Wake every timer that is due, in the order of (time, kind, id); plan anew where that is due."""
    timers = turn.region.timers
    while timers and timers[0][0] <= turn.now:
        _wake(turn, *heapq.heappop(timers))
    _send_to_rest(turn)
    since_ms = turn.now - turn.region.planned_at
    if since_ms >= turn.policy.replan_every_s * 1000:
        turn.replan = turn.everywhere = True


def _wake(turn: Turn, at: int, kind: TimerKind, name: str, stamp: int) -> None:
    if kind == "shift_start":
        _start_shift(turn, name, at)
    elif kind == "shift_end":
        _end_shift(turn, name, at)
    elif kind in ("break_due", "break_over"):
        _break_timer(turn, kind, name, at)
    elif kind == "window_closed":
        say_unservable(turn, name)
    elif kind == "promise":
        _break_promise(turn, name)
    elif kind == "settled":
        _settle(turn, name, stamp)
    elif kind in ("joins", "loan_ends", "untaken"):
        lending.loan_timer(turn, kind, name, at, stamp)
    elif kind == "alert_expires":
        alerts.expire(turn, name)
    elif kind in ("call_ends", "disaster_ends", "plan_expires"):
        _leads_timer(turn, kind, name, at)
    else:
        _give_up_on(turn, name, stamp)


def _leads_timer(turn: Turn, kind: TimerKind, name: str, at: int) -> None:
    """What a lead has declared or was asked comes to its end."""
    if kind == "call_ends":
        calls.call_ends(turn, name, at)
    elif kind == "plan_expires":
        proposals.expires(turn, at)
    else:
        disaster.ends(turn, at)


def _start_shift(turn: Turn, name: str, at: int) -> None:
    engineer = turn.region.engineers.get(name)
    if engineer is None or engineer.starts_at != at:
        return
    engineer.starts_at = None
    if engineer.called_until is not None:
        calls.own_shift_begins(turn.region, engineer)
    if engineer.state == "off_shift" and (engineer.ends_at or at + 1) > at:
        lifecycle.change_engineer(turn, engineer, "available", "shift_started", since=at)


def _send_to_rest(turn: Turn) -> None:
    """Whose break or rest is due goes now, or as soon as the work in hand is done."""
    overdue = turn.region.overdue
    for name in sorted(overdue):
        engineer = turn.region.engineers.get(name)
        if engineer is None or engineer.state in RESTING or engineer.leaving:
            del overdue[name]
            continue
        if engineer.incident_id is None:
            lifecycle.pause_where_due(turn, engineer)
            overdue.pop(name, None)


def _break_timer(turn: Turn, kind: TimerKind, name: str, at: int) -> None:
    if kind == "break_due":
        turn.region.overdue[name] = None
    else:
        _end_break(turn, name, at)


def _end_break(turn: Turn, name: str, at: int) -> None:
    engineer = turn.region.engineers.get(name)
    if engineer is None or engineer.duty is None or engineer.duty.break_ends_at != at:
        return
    lifecycle.change_engineer(turn, engineer, "available", "break_over")


def _end_shift(turn: Turn, name: str, at: int) -> None:
    engineer = turn.region.engineers.get(name)
    if engineer is None or engineer.ends_at != at:
        return
    engineer.ends_at = None
    mirror.limits_changed(turn.region, engineer)
    if engineer.state != "off_shift":
        end_shift(turn, engineer, finish_travel=True)


def _break_promise(turn: Turn, name: str) -> None:
    incident = turn.region.incidents.get(name)
    if incident is None or incident.promise_broken or incident.state in ATTENDED:
        return
    swarm = turn.region.swarms.get(name)
    if swarm is not None and swarm.reached_at is not None:
        return  # one who joined is there
    incident.promise_broken = True
    turn.decide("promise_broken", incident, promised_at=incident.promised_at)


def _settle(turn: Turn, name: str, epoch: int) -> None:
    """From now on the engineer can be turned: what waits may have been waiting for that."""
    incident = turn.region.incidents.get(name)
    if incident is None or incident.epoch != epoch or incident.settles_at is None:
        return
    incident.settles_at = None
    if incident.state not in HELD:
        return
    mirror.incident_changed(turn.region, incident)
    if incident.crew > 1:
        return
    turn.freed.append(turn.region.assigned_engineer(incident).row)
    turn.replan = True


def _give_up_on(turn: Turn, name: str, epoch: int) -> None:
    incident = turn.region.incidents.get(name)
    if incident is None or incident.epoch != epoch or incident.acknowledged:
        return
    if incident.state != "assigned":
        return
    silent = [e for e in lifecycle.crew_of(turn.region, incident) if not has_answered(incident, e)]
    if not silent:
        return
    for engineer in silent:
        engineer.reachable = False
        bar(turn, incident, engineer)
    lifecycle.take_back(turn, incident, "unreachable", concerned=silent[0])
    for engineer in silent:
        mirror.engineer_changed(turn.region, engineer)
        turn.decide("engineer_changed", engineer=engineer, reason="unreachable")
        if engineer.leaving:
            lifecycle.go_off_shift(turn, engineer)
        elif engineer.due_back:  # nothing is in hand any more: it is for their own region to look for them
            turn.freed.append(engineer.row)
    turn.replan = True
