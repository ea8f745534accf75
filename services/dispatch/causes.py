"""One cause, many sites: while a cause is declared its sites wait for the root, and are restored with it.

Whoever is on site stays and works on. Who was only on the way is free: the fault is elsewhere. A site that a
person sends somebody to, or that is said to be down still, is served on its own from then on.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.swarms import DeclareCause, EndCause, SiteStillDown
from services.dispatch import lifecycle, mirror
from services.dispatch.gatherings import CAUSES_KEPT, Cause
from services.dispatch.modes import withdraw_suggestion
from services.dispatch.opening import open_incident
from services.dispatch.reminders import watch_again
from services.dispatch.restore_first import restored_by_others
from services.dispatch.state import HELD, Engineer, Incident, RegionState
from services.dispatch.swarm_course import end_swarm
from services.dispatch.turn import Turn

BY_CAUSE = "cause_restored"
"""Why a site is restored that nobody has been to."""


def cause_told(turn: Turn, event: DeclareCause | EndCause | SiteStillDown) -> None:
    """A person says that many sites have one cause, that they have not, or that one has another."""
    match event:
        case DeclareCause():
            _declare(turn, event)
        case EndCause():
            cause = turn.region.causes.get(event.cause_id)
            if cause is None:
                turn.refuse("no_cause", f"{event.cause_id} is not declared here", by=event.by)
            else:
                _end(turn, cause, "lifted", event.by, event.reason)
        case SiteStillDown():
            _still_down(turn, event)


def _declare(turn: Turn, event: DeclareCause) -> None:
    region, root = turn.region, turn.region.incidents.get(event.root_id)
    refusal = _why_not(region, event, root)
    if refusal is not None or root is None:
        turn.refuse(*(refusal or ("unknown_incident", "")), root, by=event.by)
        return
    before = region.causes.get(event.cause_id)
    since = before.since if before else turn.now
    region.causes[event.cause_id] = Cause(event.cause_id, root.incident_id, event.by, event.reason, since)
    root.cause_id, root.on_its_own = event.cause_id, False
    if root.waits_for is not None:  # the root was another's until now
        _set_free(turn, root, "root")
    for name in event.site_ids:
        region.incidents[name].cause_id = event.cause_id
    sites = [i for i in region.incidents.values() if i.cause_id == event.cause_id and i is not root]
    turn.decide("cause_declared", root, cause_id=event.cause_id, by=event.by, detail=event.reason)
    freed: list[Engineer] = []
    for site in sites:
        freed += _wait(turn, site, root)
    for engineer in freed:
        lifecycle.released(turn, engineer)
    turn.replan = turn.everywhere = True


def _why_not(region: RegionState, event: DeclareCause, root: Incident | None) -> tuple[str, str] | None:
    if root is None:
        return "unknown_incident", f"{event.root_id} is not open in {region.region}"
    if root.state == "restored":
        return "already_restored", f"{event.root_id} is restored"
    if event.cause_id not in region.causes and len(region.causes) >= CAUSES_KEPT:
        return "too_many_causes", f"{CAUSES_KEPT} causes stand in {region.region}: end one first"
    for name in (event.root_id, *event.site_ids):
        incident = region.incidents.get(name)
        if incident is None:
            return "unknown_incident", f"{name} is not open in {region.region}"
        if (whole := incident.swarm_of or incident.follow_up_of) is not None:
            return "not_a_site", f"{name} is a part of {whole}: name that"
        if incident.cause_id not in (None, event.cause_id):
            return "other_cause", f"{name} was reported with the cause {incident.cause_id}"
    return None


def follow_causes(turn: Turn) -> None:
    """New reports join their cause, and what became of the root is what becomes of its sites."""
    region = turn.region
    if not region.causes:
        return
    for incident in list(turn.queued):
        cause = region.causes.get(incident.cause_id or "")
        root = None if cause is None else region.incidents.get(cause.root_id)
        if root is not None and incident is not root and incident.incident_id in region.incidents:
            _wait(turn, incident, root)
    for cause in list(region.causes.values()):
        root = region.incidents.get(cause.root_id) or region.closed[cause.root_id]
        if root.restored_at is not None and root.state != "cancelled":
            _restored(turn, cause, root)
        elif root.state in ("resolved", "cancelled"):
            _end(turn, cause, root.state)


def _wait(turn: Turn, site: Incident, root: Incident) -> list[Engineer]:
    """Let a site wait for the root; comes back who was on the way, to be released."""
    if site.on_its_own or site.waits_for == root.incident_id or site.swarm_of is not None:
        return []
    if site.follow_up_of is not None or site.state not in HELD | {"waiting"}:
        return []
    swarm = turn.region.swarms.get(site.incident_id)
    if swarm is not None:
        end_swarm(turn, swarm, "stood_down")
    freed = lifecycle.withdraw(turn, site, "cause") if lifecycle.crew_of(turn.region, site) else []
    withdraw_suggestion(turn, site, "cause")
    site.waits_for = root.incident_id
    mirror.incident_changed(turn.region, site)
    turn.decide("site_waits", site, waits_for=root.incident_id, cause_id=root.cause_id or "")
    return freed


def sites_of(region: RegionState, cause: Cause) -> Iterator[Incident]:
    """The incidents that wait for the root of a cause."""
    return (i for i in region.incidents.values() if i.waits_for == cause.root_id)


def _restored(turn: Turn, cause: Cause, root: Incident) -> None:
    """What the root's restoration has brought back is closed; who still has no service says so."""
    at = root.restored_at or turn.now
    for site in list(sites_of(turn.region, cause)):
        restored_by_others(turn, site, max(at, site.reported_at), BY_CAUSE, root.incident_id)
    _end(turn, cause, "restored")


def _end(turn: Turn, cause: Cause, reason: str, by: str | None = None, detail: str = "") -> None:
    del turn.region.causes[cause.cause_id]
    region = turn.region
    root = region.incidents.get(cause.root_id) or region.closed[cause.root_id]
    turn.decide("cause_ended", root, cause_id=cause.cause_id, reason=reason, by=by, detail=detail or None)
    for site in list(sites_of(region, cause)):
        _set_free(turn, site, "cause_ended")


def _set_free(turn: Turn, site: Incident, reason: str, by: str | None = None, detail: str = "") -> None:
    """The site is an incident like any other again, with all the time it has waited."""
    site.waits_for, site.near_until = None, 0
    mirror.incident_changed(turn.region, site)
    turn.decide("site_released", site, reason=reason, by=by, detail=detail or None)
    watch_again(turn.region, site, turn.now)
    turn.queued.append(site)
    turn.replan = True


def on_its_own(turn: Turn, site: Incident, by: str | None) -> None:
    """A person sends somebody: from now on the site is served whatever its cause."""
    if site.waits_for is not None:
        site.on_its_own = True
        _set_free(turn, site, "override", by)


def _still_down(turn: Turn, event: SiteStillDown) -> None:
    region, site = turn.region, turn.region.incidents.get(event.incident_id)
    closed = region.closed.get(event.incident_id)
    if site is not None and site.waits_for is not None:
        site.on_its_own = True
        _set_free(turn, site, "still_down", event.by, event.reason)
    elif closed is not None and _was_restored_by_cause(closed):
        _reopen(turn, closed, event)
    elif site is None and closed is None:
        detail = f"{event.incident_id} is not known in {region.region}"
        turn.refuse("unknown_incident", detail, incident_id=event.incident_id)
    else:
        detail = f"{event.incident_id} does not wait for a cause, and none has closed it"
        turn.refuse("no_cause", detail, site or closed)


def _was_restored_by_cause(closed: Incident) -> bool:
    told = any(line[1] == "resolved" and line[3] == BY_CAUSE for line in closed.timeline)
    return told and closed.state == "resolved" and closed.engineer_id is None


def _reopen(turn: Turn, site: Incident, event: SiteStillDown) -> None:
    """It was never back: it waits since it was reported."""
    region = turn.region
    del region.closed[site.incident_id]
    site.slot, site.state, site.on_its_own = region.slots.take(), "waiting", True
    site.restored_at = site.resolved_at = site.on_site_at = None
    site.late, site.near_until = False, 0
    open_incident(turn, site)
    turn.decide(
        "queued",
        site,
        reason="still_down",
        by=event.by,
        detail=event.reason or None,
        expected_service_min=site.expected_service_ms / 60_000,
        **lifecycle.described(site),
    )
    turn.replan = True
