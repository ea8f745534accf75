"""What happens to an incident and the engineer who has it: opened, assigned, taken back, attended, closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from schemas.decisions import EngineerState
from services.dispatch import mirror
from services.dispatch.duty import next_week, working_time
from services.dispatch.eligibility import closes_at, opens_at
from services.dispatch.geometry import unit_vector
from services.dispatch.needs import FOREVER
from services.dispatch.permission import permitted
from services.dispatch.reminders import watch_again
from services.dispatch.state import CLOSED_KEPT, RESTING, Engineer, Incident, RegionState
from services.dispatch.travel import travel_ms
from services.dispatch.turn import Described, Said, Turn, Window


def free(turn: Turn, engineer: Engineer) -> None:
    """The engineer can be matched in a new way from now on."""
    mirror.engineer_changed(turn.region, engineer)
    turn.freed.append(engineer.row)
    turn.replan = True


def released(turn: Turn, engineer: Engineer) -> None:
    """The engineer has no work in hand: free, on the break that is due, or off after the last job."""
    if engineer.leaving:
        go_off_shift(turn, engineer)
    elif not pause_where_due(turn, engineer):
        free(turn, engineer)


def pause_where_due(turn: Turn, engineer: Engineer) -> bool:
    """Send an idle engineer to the break, or home to the rest, that is due; whether one was.

    Who is sent home comes back by themselves when they have rested, unless their shift has ended by then.
    """
    region, duty = turn.region, engineer.duty
    if duty is None or engineer.state != "available" or engineer.incident_id is not None:
        return False
    rules = working_time(region.rules, region.time_zone)
    due = [rule for rule, until in duty.limits(rules).items() if until <= turn.now]
    if not due:
        return False
    region.overdue.pop(engineer.engineer_id, None)
    if due == ["break"]:
        change_engineer(turn, engineer, "on_break", "break_due")
        duty.break_ends_at = turn.now + rules.break_ms
        region.set_timer(duty.break_ends_at, "break_over", engineer.engineer_id)
        return True
    back = turn.now + rules.daily_rest_ms
    if "week" in due:
        back = max(back, next_week(duty.week_from, rules.zone))
    called = engineer.called_until is not None
    go_off_shift(turn, engineer, f"{due[0]}_due")
    if called:
        _await_own_shift(turn, engineer, back)
    elif engineer.ends_at is None or back < engineer.ends_at:
        engineer.starts_at = back
        region.set_timer(back, "shift_start", engineer.engineer_id)
    return True


def go_off_shift(turn: Turn, engineer: Engineer, reason: str = "shift_ended") -> None:
    """The shift is over."""
    engineer.leaving, engineer.starts_at = False, None
    if engineer.called_until is not None:
        _await_own_shift(turn, engineer, turn.now)
    change_engineer(turn, engineer, "off_shift", reason)


def _await_own_shift(turn: Turn, engineer: Engineer, rested_at: int) -> None:
    """Whoever was called comes back for their own shift, if it is still to come, once they have rested."""
    engineer.called_until, own = None, engineer.available_from
    if own is not None and own > turn.now:
        engineer.starts_at = max(own, rested_at)
        turn.region.set_timer(engineer.starts_at, "shift_start", engineer.engineer_id)


def change_engineer(
    turn: Turn, engineer: Engineer, state: EngineerState, reason: str, since: int | None = None
) -> None:
    """Put an engineer without work into a state and say so; `since` (ms) where it began before now."""
    was, engineer.state = engineer.state, state
    _count_duty(turn, engineer, was, turn.now if since is None else since)
    engineer.stand(*engineer.place_at(turn.now), turn.now)
    if state == "available":
        free(turn, engineer)
    else:
        mirror.engineer_changed(turn.region, engineer)
    turn.decide("engineer_changed", engineer=engineer, reason=reason)


def _count_duty(turn: Turn, engineer: Engineer, was: EngineerState, at: int) -> None:
    """Keep the account of working time that breaks, rest and the week are due by."""
    region, duty = turn.region, engineer.duty
    if duty is not None:
        rules = working_time(region.rules, region.time_zone)
        if engineer.state in RESTING:
            duty.pause(at, rules, off_shift=engineer.state == "off_shift")
        elif was in RESTING:
            duty.go_on(at, rules)
            watch_limits(region, engineer)
    mirror.limits_changed(region, engineer)


def watch_limits(region: RegionState, engineer: Engineer) -> None:
    """Remind the region when the engineer's next break or rest is due."""
    if engineer.duty is not None:
        limits = engineer.duty.limits(working_time(region.rules, region.time_zone))
        if limits:
            region.set_timer(min(limits.values()), "break_due", engineer.engineer_id)


def assign(
    turn: Turn,
    incident: Incident,
    engineers: Sequence[Engineer],
    diverted_from: str | None = None,
    said: Said | None = None,
) -> None:
    """Give the incident to the engineer, or to a whole crew, under one new epoch.

    They set out once their phones have acknowledged. `said`: where a person decided, who and why.
    """
    assert incident.state == "waiting"
    assert len(engineers) == incident.crew
    region = turn.region
    incident.epoch += 1
    incident.state, incident.engineer_id = "assigned", engineers[0].engineer_id
    incident.assigned_at, incident.acknowledged = turn.now, False
    incident.suggested, incident.unservable = [], None
    incident.crew_stages = {e.engineer_id: -1 for e in engineers} if incident.crew > 1 else {}
    due = turn.now + round(turn.policy.unreachable_after_s * 1000)
    incident.give_up_at = due
    region.set_timer(due, "unacknowledged", incident.incident_id, incident.epoch)
    incident.settles_at = turn.now + round(turn.policy.settle_s * 1000)
    region.set_timer(incident.settles_at, "settled", incident.incident_id, incident.epoch)
    mirror.incident_changed(region, incident)
    for engineer in engineers:
        assert engineer.incident_id is None
        engineer.incident_id = incident.incident_id
        mirror.engineer_changed(region, engineer)
    for engineer in engineers:
        _tell_assigned(turn, incident, engineer, diverted_from, said or Said())


def _tell_assigned(
    turn: Turn, incident: Incident, engineer: Engineer, diverted_from: str | None, said: Said
) -> None:
    place = engineer.place_at(turn.now)
    took = travel_ms(turn.region.terms, unit_vector(*place), unit_vector(incident.lat, incident.lon))
    turn.decide(
        "assigned",
        incident,
        engineer,
        travel_time_s=took / 1000,
        arrives_at=turn.now + took,
        from_place=place,
        expected_service_min=incident.expected_service_ms / 60_000,
        diverted_from=diverted_from,
        **described(incident),
        **permitted(incident, engineer),
        **said,
    )


def described(incident: Incident) -> Described:
    """What a reader must know of an incident that it has not seen before."""
    return Described(
        place=(incident.lat, incident.lon),
        tier=incident.tier,
        product=incident.product,
        level=incident.level,
        reported_at=incident.reported_at,
        promised_at=incident.promised_at,
        crew=incident.crew if incident.crew > 1 else None,
        **window_of(incident),
    )


def window_of(incident: Incident) -> Window:
    """The window that a phone must know: when work may begin, and until when one must be there."""
    opens, closes = opens_at(incident), closes_at(incident)
    found = Window()
    if opens:
        found["window_from"] = opens
    if closes < FOREVER:
        found["window_to"] = closes
    return found


def take_back(
    turn: Turn, incident: Incident, reason: str, detail: str | None = None, concerned: Engineer | None = None
) -> Engineer:
    """Withdraw an assignment: the incident waits again, its waiting time kept; the engineer has nothing.

    A crew goes whole: the others are released, `concerned` (without it the first) is left to the caller.
    """
    engineer, *mates = withdraw(turn, incident, reason, detail, concerned)
    for mate in mates:
        released(turn, mate)
    return engineer


def withdraw(
    turn: Turn,
    incident: Incident,
    reason: str,
    detail: str | None = None,
    concerned: Engineer | None = None,
    by: str | None = None,
) -> list[Engineer]:
    """Withdraw from everybody who has it, `concerned` first, and release nobody yet."""
    region = turn.region
    crew = crew_of(region, incident)
    if concerned is not None:
        crew = [concerned, *(mate for mate in crew if mate is not concerned)]
    incident.state, incident.engineer_id = "waiting", None
    incident.assigned_at, incident.acknowledged = None, False
    incident.give_up_at = incident.settles_at = None
    incident.on_site_at = incident.restored_at = None
    incident.implied, incident.crew_stages, incident.late = [], {}, False
    incident.estimated_at = None
    incident.near_until = 0  # whoever became free meanwhile is not on it
    turn.queued.append(incident)
    incident.diversions += reason == "diverted"
    for engineer in crew:
        engineer.incident_id = None
        if reason != "diverted" and engineer.state in ("en_route", "on_site"):
            engineer.state = "available"
            engineer.stand(*engineer.place_at(turn.now), turn.now)
    mirror.incident_changed(region, incident)
    watch_again(region, incident, turn.now)
    for engineer in crew:
        mirror.engineer_changed(region, engineer)
        own = engineer is concerned or concerned is None
        turn.decide("withdrawn", incident, engineer, reason=reason if own else "crew", detail=detail, by=by)
    return crew


def crew_of(region: RegionState, incident: Incident) -> list[Engineer]:
    """Everybody who has the incident in hand: one, or what is left of a crew."""
    if incident.crew_stages:
        here = [region.engineers.get(name) for name in incident.crew_stages]
        return [e for e in here if e is not None and e.incident_id == incident.incident_id]
    return [] if incident.engineer_id is None else [region.engineers[incident.engineer_id]]


def has_in_hand(incident: Incident, engineer: Engineer) -> bool:
    """Whether the engineer is the one, or one of the crew, who has the incident (or had it to its end)."""
    return incident.engineer_id == engineer.engineer_id or engineer.engineer_id in incident.crew_stages


def set_out(
    turn: Turn,
    incident: Incident,
    engineer: Engineer,
    at: int,
    place: tuple[float, float] | None = None,
) -> None:
    """The engineer leaves for the site at `at` (ms), from `place` or from where they are reckoned to be."""
    start = place or engineer.place_at(at)
    took = travel_ms(turn.region.terms, unit_vector(*start), unit_vector(incident.lat, incident.lon))
    engineer.lat, engineer.lon, engineer.placed_at = start[0], start[1], at
    engineer.to_lat, engineer.to_lon = incident.lat, incident.lon
    engineer.arrives_at = at + took
    mirror.engineer_changed(turn.region, engineer)


def close(turn: Turn, incident: Incident) -> None:
    """The incident is over; it stays readable among the last closed ones."""
    region = turn.region
    del region.incidents[incident.incident_id]
    del region.by_slot[incident.slot]
    region.slots.give_back(incident.slot)
    mirror.incident_closed(region, incident.slot)
    incident.near, incident.barred = [], {}
    region.closed[incident.incident_id] = incident
    if len(region.closed) > CLOSED_KEPT:
        del region.closed[next(iter(region.closed))]


def use_parts(turn: Turn, incident: Incident, engineer: Engineer) -> None:
    """What the work needed is no more on the van."""
    if not incident.parts:
        return
    left = Counter(engineer.parts) - Counter(incident.parts)
    engineer.parts = sorted(left.elements())
    mirror.skills_changed(turn.region, engineer)
