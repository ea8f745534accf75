"""A declared disaster: what it changes in a region, and how that ends. Rest and breaks stay hard."""

from __future__ import annotations

from datetime import timedelta

from schemas.base import rfc3339
from schemas.disasters import MAX_DISASTER_DAYS, DeclareDisaster, Disaster, LiftDisaster
from services.dispatch import calls, mirror, restore_first
from services.dispatch.moments import to_moment, to_ms
from services.dispatch.state import RegionState
from services.dispatch.turn import Turn


def disaster_told(turn: Turn, event: DeclareDisaster | LiftDisaster) -> None:
    """A lead has declared a disaster, amended it, or lifted it."""
    if isinstance(event, DeclareDisaster):
        _declare(turn, event)
    elif turn.region.disaster is None:
        turn.refuse("no_disaster", "no disaster stands here", by=event.by)
    else:
        _end(turn, turn.region.disaster, "lifted", event.by, event.reason)


def _declare(turn: Turn, event: DeclareDisaster) -> None:
    until, now = event.until, to_moment(turn.now)
    if until <= now:
        turn.refuse("too_late", f"it would have ended at {rfc3339(until)}", by=event.by)
        return
    if until > now + timedelta(days=MAX_DISASTER_DAYS):
        turn.refuse(
            "too_long", f"a disaster ends within {MAX_DISASTER_DAYS} days: declare it again", by=event.by
        )
        return
    region, before = turn.region, turn.region.disaster
    region.disaster = Disaster(
        disaster_id=before.disaster_id if before else f"disaster-{turn.offset}",
        declared_at=before.declared_at if before else now,
        until=until,
        permits=sorted(set(event.permits)),
        by=event.by,
        reason=event.reason,
    )
    watch_disaster(region)
    turn.decide("disaster_declared", by=event.by, disaster=region.disaster, detail=event.reason)
    _lift_exclusions(region)
    if "off_shift" not in region.disaster.permits:
        calls.end_all(turn)
    turn.replan = turn.everywhere = True


def ends(turn: Turn, at: int) -> None:
    """The time until which it was declared has come."""
    disaster = turn.region.disaster
    if disaster is not None and to_ms(disaster.until) == at:
        _end(turn, disaster, "expired")


def _end(turn: Turn, disaster: Disaster, reason: str, by: str | None = None, detail: str = "") -> None:
    """As it was before: exclusions hold, the called go home after the work in hand, follow-ups may begin."""
    region = turn.region
    region.disaster, region.called = None, {}
    turn.decide("disaster_lifted", disaster=disaster, reason=reason, by=by, detail=detail or None)
    _lift_exclusions(region)
    calls.leave_excluded_work(turn)
    calls.end_all(turn)
    restore_first.open_follow_ups(turn)
    turn.replan = turn.everywhere = True


def _lift_exclusions(region: RegionState) -> None:
    """Whether engineers may go to customers whom they are kept from, as the disaster permits now."""
    lifted = region.permits("excluded_customers")
    for incident in region.incidents.values():
        incident.near_until = 0 if incident.customer_id else incident.near_until
    for engineer in region.engineers.values():
        if engineer.exclusions_lifted != lifted:
            engineer.exclusions_lifted = lifted
            mirror.skills_changed(region, engineer)


def watch_disaster(region: RegionState) -> None:
    """Be reminded when it ends."""
    if region.disaster is not None:
        region.set_timer(to_ms(region.disaster.until), "disaster_ends", "")
