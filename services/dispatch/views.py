"""What people see of a region: the read models, projected from the state."""

from __future__ import annotations

from typing import Any

from schemas.base import TIERS, Place
from schemas.swarms import CauseView, SwarmView
from schemas.views import EngineerView, IncidentView, RegionView, TimelineEntry
from services.dispatch.causes import sites_of
from services.dispatch.crew_statuses import ON_SITE
from services.dispatch.eligibility import closes_at, opens_at
from services.dispatch.fold import UNNAMED_LOG, PartitionFold
from services.dispatch.gatherings import Cause
from services.dispatch.lifecycle import crew_of
from services.dispatch.moments import to_moment, to_moment_or_none
from services.dispatch.needs import FOREVER
from services.dispatch.state import HELD, Engineer, Incident, RegionState
from services.dispatch.swarm_places import joined


class UnknownRegion(LookupError):
    """The fold has no region of this name."""


def incident_view(state: RegionState, incident_id: str) -> IncidentView | None:
    """An incident, open or among the last closed; None where the region does not know it."""
    incident = state.incidents.get(incident_id) or state.closed.get(incident_id)
    if incident is None:
        return None
    return IncidentView(
        incident_id=incident.incident_id,
        region=state.region,
        state=incident.state,
        tier=incident.tier,
        product=incident.product,
        level=incident.level,
        place=Place(lat=incident.lat, lon=incident.lon),
        reported_at=to_moment(incident.reported_at),
        promised_at=to_moment(incident.promised_at),
        epoch=incident.epoch,
        engineer_id=incident.engineer_id,
        customer_id=incident.customer_id,
        external_id=incident.external_id,
        site_id=incident.site_id,
        equipment_id=incident.equipment_id,
        language=incident.language,
        cause_id=incident.cause_id,
        expected_service_min=incident.expected_service_ms / 60_000,
        acknowledged=incident.acknowledged,
        arrives_at=to_moment_or_none(_arrival(state, incident)),
        on_site_at=to_moment_or_none(incident.on_site_at),
        restored_at=to_moment_or_none(incident.restored_at),
        resolved_at=to_moment_or_none(incident.resolved_at),
        late=incident.late,
        diversions=incident.diversions,
        **_control(state, incident),
        timeline=_timeline(incident),
    )


def _control(state: RegionState, incident: Incident) -> dict[str, Any]:
    """Who goes together, when one may come, and what people have fixed or are asked."""
    closes = closes_at(incident)
    crew = [e.engineer_id for e in crew_of(state, incident)] if incident.crew > 1 else []
    return {
        "crew": incident.crew,
        "crew_ids": crew,
        "crew_there": [name for name in crew if incident.crew_stages.get(name, -1) >= ON_SITE],
        "window_from": to_moment_or_none(opens_at(incident) or None),
        "window_to": to_moment_or_none(closes if closes < FOREVER else None),
        "lock": incident.lock,
        "locked_to": incident.locked_to,
        "suggested": incident.suggested,
        "mode": state.modes.get(incident.tier, "automatic"),
        "exercise": state.exercise or None,
        "swarm_of": incident.swarm_of,
        "swarm": _swarm(state, incident),
        "waits_for": incident.waits_for,
    }


def _swarm(state: RegionState, root: Incident) -> SwarmView | None:
    swarm = state.swarms.get(root.incident_id)
    if swarm is None:
        return None
    members = [(root, engineer) for engineer in crew_of(state, root)] + list(joined(state, swarm))
    return SwarmView(
        crew=swarm.crew,
        lead_id=swarm.lead_id,
        members=[engineer.engineer_id for _, engineer in members],
        there=[engineer.engineer_id for _, engineer in members if engineer.state == "on_site"],
        since=to_moment(swarm.since),
        by=swarm.by,
        reason=swarm.reason,
    )


def _cause(state: RegionState, cause: Cause) -> CauseView:
    sites = list(sites_of(state, cause))
    return CauseView(
        cause_id=cause.cause_id,
        root_id=cause.root_id,
        sites=len(sites),
        tiers={tier: count for tier in TIERS if (count := sum(site.tier == tier for site in sites))},
        since=to_moment(cause.since),
        by=cause.by,
        reason=cause.reason,
    )


def _timeline(incident: Incident) -> list[TimelineEntry]:
    return [
        TimelineEntry(at=to_moment(at), kind=kind, engineer_id=who, reason=reason, offset=offset, n=n)
        for at, kind, who, reason, offset, n in incident.timeline
    ]


def _arrival(state: RegionState, incident: Incident) -> int | None:
    """True once on site, predicted while somebody has set out for it."""
    if incident.on_site_at is not None or incident.state not in HELD:
        return incident.on_site_at
    if not incident.acknowledged:
        return None
    arrivals = [engineer.arrives_at for engineer in crew_of(state, incident)]
    return max((at for at in arrivals if at is not None), default=None)


def engineer_view(state: RegionState, engineer_id: str) -> EngineerView | None:
    """An engineer as the board sees them; nobody's place is shown off shift."""
    engineer = state.engineers.get(engineer_id)
    if engineer is None:
        return None
    incident = state.incidents.get(engineer.incident_id or "")
    on_shift = engineer.state != "off_shift"
    posted = on_shift and incident is None and engineer.arrives_at is not None
    return EngineerView(
        engineer_id=engineer.engineer_id,
        region=state.region,
        state=engineer.state,
        skills=engineer.skills,
        languages=engineer.languages,
        place=Place(lat=engineer.lat, lon=engineer.lon) if on_shift else None,
        fixed_at=to_moment(engineer.placed_at) if on_shift else None,
        incident_id=engineer.incident_id,
        epoch=None if incident is None else incident.epoch,
        expected_free_at=to_moment_or_none(_free_at(engineer, incident)),
        post=Place(lat=engineer.to_lat, lon=engineer.to_lon) if posted else None,
        post_at=to_moment_or_none(engineer.arrives_at) if posted else None,
        reachable=engineer.reachable,
        exercise=state.exercise or None,
        owner_epoch=engineer.owner_epoch,
    )


def _free_at(engineer: Engineer, incident: Incident | None) -> int | None:
    if incident is None:
        return None
    if incident.estimated_at is not None:
        return incident.estimated_at + incident.estimated_left_ms
    begins = incident.on_site_at or engineer.arrives_at
    return None if begins is None else begins + incident.expected_service_ms


def region_view(fold: PartitionFold, region: str) -> RegionView:
    """How a region stands; UnknownRegion where the fold has none of this name."""
    state = fold.regions.get(region)
    if state is None:
        raise UnknownRegion(region)
    by_state: dict[str, int] = {}
    for engineer in state.engineers.values():
        by_state[engineer.state] = by_state.get(engineer.state, 0) + 1
    return RegionView(
        region=state.region,
        time_zone=state.time_zone,
        terms=state.terms,
        rules=state.rules,
        modes=state.modes,
        disaster=state.disaster,
        alerts=list(state.alerts.values()),
        exercise=state.exercise or None,
        exercise_over=state.exercise_over or None,
        causes=[_cause(state, cause) for cause in state.causes.values()],
        polygon=state.polygon,
        log=fold.log or UNNAMED_LOG,
        offset=fold.next_offset - 1,
        now=fold.now,
        waiting=sum(i.state == "waiting" for i in state.incidents.values()),
        engineers_by_state=by_state,
    )
