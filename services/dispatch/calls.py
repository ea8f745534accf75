"""Calling those who are off shift: under a disaster that permits it, the rested ones, each once.

Rest, break and week stay hard: who has not had the daily rest, or has used up the week, is not called, and
their account goes on from the call as from any start of a shift. Of those whose time nobody counts, nobody
can say whether they are rested but they themselves: they decline.
"""

from __future__ import annotations

from services.dispatch import lifecycle, mirror
from services.dispatch.duty import week_start, working_time
from services.dispatch.eligibility import first_lasting_rule, opens_at
from services.dispatch.geometry import unit_vector
from services.dispatch.moments import minutes_ms, to_ms
from services.dispatch.state import HELD, Engineer, Incident, RegionState
from services.dispatch.travel import travel_ms
from services.dispatch.turn import Turn
from services.dispatch.warm import IDLE

WAITING_LOOKED_AT = 100
"""So many of the weightiest waiting incidents an event calls people for; the next event goes on."""


def call_in(turn: Turn) -> None:
    """Call as many as work waits for beyond those who are free: for each incident whoever is nearest."""
    region = turn.region
    if region.disaster is None or not region.permits("off_shift"):
        return
    waiting = [i for i in region.incidents.values() if _wants_somebody(region, i, turn.now)]
    short = sum(i.crew for i in waiting) - int((region.warm.engineers.standing == IDLE).sum())
    callable_now = [e for e in region.engineers.values() if short > 0 and may_be_called(region, e, turn.now)]
    waiting.sort(key=lambda i: (-region.terms.weight[i.tier], i.reported_at, i.incident_id))
    for incident in waiting[:WAITING_LOOKED_AT]:
        for _ in range(incident.crew):
            engineer = _nearest(turn, incident, callable_now) if short > 0 else None
            if engineer is None:
                break
            callable_now.remove(engineer)
            short -= 1
            _call(turn, engineer)


def _wants_somebody(region: RegionState, incident: Incident, now: int) -> bool:
    waits = incident.state == "waiting" and incident.waits_for is None
    return waits and opens_at(incident) <= now and mirror.is_automatic(region, incident)


def may_be_called(region: RegionState, engineer: Engineer, now: int) -> bool:
    """Whether somebody off shift may be called now: local, within reach, rested, not called before."""
    local = engineer.loan is None and engineer.joins_at is None and engineer.engineer_id not in region.called
    return (
        local and engineer.state == "off_shift" and engineer.reachable and _is_rested(region, engineer, now)
    )


def _is_rested(region: RegionState, engineer: Engineer, now: int) -> bool:
    duty = engineer.duty
    if duty is None or (duty.off_since is None and duty.began_at is None):
        return True
    rules = working_time(region.rules, region.time_zone)
    rested = duty.off_since is not None and now - duty.off_since >= rules.daily_rest_ms
    used = duty.week_ms if week_start(now, rules.zone) <= duty.week_from else 0
    return rested and used < rules.week_max_ms


def _nearest(turn: Turn, incident: Incident, among: list[Engineer]) -> Engineer | None:
    site = unit_vector(incident.lat, incident.lon)
    found: list[tuple[int, str, Engineer]] = []
    for engineer in among:
        took = travel_ms(turn.region.terms, unit_vector(engineer.lat, engineer.lon), site)
        ends = turn.now + took + incident.expected_service_ms
        if first_lasting_rule(engineer, incident, ends) is None:
            found.append((took, engineer.engineer_id, engineer))
    return min(found, default=(0, "", None))[2]


def _call(turn: Turn, engineer: Engineer) -> None:
    region, disaster = turn.region, turn.region.disaster
    assert disaster is not None
    region.called[engineer.engineer_id] = None
    until = min(to_ms(disaster.until), turn.now + minutes_ms(turn.policy.call_in_most_min))
    engineer.called_until = until
    watch_call(region, engineer)
    lifecycle.change_engineer(turn, engineer, "available", "called_in")


def watch_call(region: RegionState, engineer: Engineer) -> None:
    """Be reminded when somebody called may go home."""
    if engineer.called_until is not None:
        region.set_timer(engineer.called_until, "call_ends", engineer.engineer_id)


def call_ends(turn: Turn, name: str, at: int) -> None:
    """The time for which somebody was called is over."""
    engineer = turn.region.engineers.get(name)
    if engineer is not None and engineer.called_until == at:
        _go_home(turn, engineer)


def end_all(turn: Turn) -> None:
    """Nobody is called any more: home, after the work in hand."""
    for engineer in list(turn.region.engineers.values()):
        if engineer.called_until is not None:
            _go_home(turn, engineer)


def _go_home(turn: Turn, engineer: Engineer) -> None:
    if engineer.state == "off_shift" or engineer.leaving:
        return
    if engineer.incident_id is None:
        lifecycle.go_off_shift(turn, engineer, "call_over")
        return
    engineer.leaving = True
    mirror.engineer_changed(turn.region, engineer)
    incident = turn.region.incidents[engineer.incident_id]
    turn.decide("engineer_changed", incident, engineer, reason="last_job")


def own_shift_begins(region: RegionState, engineer: Engineer) -> None:
    """Somebody who was called is on their own shift from now on."""
    engineer.called_until, engineer.leaving = None, False
    mirror.limits_changed(region, engineer)
    mirror.engineer_changed(region, engineer)


def leave_excluded_work(turn: Turn) -> None:
    """What is permitted no more is taken back, unless they are there already."""
    for engineer in list(turn.region.engineers.values()):
        incident = turn.region.incidents.get(engineer.incident_id or "")
        if incident is None or incident.state not in HELD:
            continue
        if first_lasting_rule(engineer, incident, turn.now) == "customer_excluded":
            lifecycle.take_back(turn, incident, "customer_excluded", concerned=engineer)
            lifecycle.released(turn, engineer)
