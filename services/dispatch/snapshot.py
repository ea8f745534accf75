"""The fold's memory as canonical JSON: one order of keys, a state version, nothing derived.

The keys stay in the order in which they came, as some of it decides: a crew's first is who was named first.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import orjson

from schemas.alerts import Alert
from schemas.disasters import Disaster
from schemas.regions import Polygon, RegionRules, Terms
from services.dispatch import mirror
from services.dispatch.alerts import watch_alert
from services.dispatch.calls import watch_call
from services.dispatch.demand import RECENT_KEPT, Demand
from services.dispatch.desk import desk_in, desk_out
from services.dispatch.disaster import watch_disaster
from services.dispatch.duty import Duty
from services.dispatch.gatherings import Cause, Swarm
from services.dispatch.handover import set_timers
from services.dispatch.lent import HandedOver, OnLoan
from services.dispatch.policy import DispatchPolicy
from services.dispatch.proposals import watch_proposal
from services.dispatch.reminders import watch_incident
from services.dispatch.state import STATE_VERSION, Engineer, Incident, RegionState
from services.dispatch.warm import Warm


class UnknownStateVersion(ValueError):
    """The snapshot was written by another version of the state: fold the log anew."""


def write_snapshot(
    log: str | None,
    now: int | None,
    next_offset: int,
    regions: dict[str, RegionState],
) -> bytes:
    """Canonical JSON of everything that decides."""
    whole = {
        "state_version": STATE_VERSION,
        "log": log,
        "now": now,
        "next_offset": next_offset,
        "regions": [_region_out(regions[name]) for name in sorted(regions)],
    }
    return orjson.dumps(whole)


def read_snapshot(
    snapshot: bytes, policy: DispatchPolicy
) -> tuple[str | None, int | None, int, dict[str, RegionState]]:
    """log, now (ms), next_offset and the regions; UnknownStateVersion where it is not ours."""
    whole = orjson.loads(snapshot)
    version = whole.get("state_version") if isinstance(whole, dict) else None
    if version != STATE_VERSION:
        raise UnknownStateVersion(
            f"this snapshot has state version {version!r}, this fold speaks {STATE_VERSION}"
        )
    regions = {r["region"]: _region_in(r, policy) for r in whole["regions"]}
    return whole["log"], whole["now"], whole["next_offset"], regions


def _region_out(region: RegionState) -> dict[str, Any]:
    polygon = region.polygon
    return {
        "region": region.region,
        "time_zone": region.time_zone,
        "terms": region.terms.model_dump(),
        "polygon": None if polygon is None else polygon.model_dump(),
        "engineers": list(region.engineers.values()),
        "incidents": list(region.incidents.values()),
        "closed": list(region.closed.values()),
        "seen": list(region.seen),
        "rules": region.rules.model_dump(),
        "modes": region.modes,
        "work_ms": region.work_ms,
        "reported": region.reported,
        "travelled": region.travelled,
        "handed_over": list(region.handed_over.values()),
        "planned_at": region.planned_at,
        "posted_at": region.posted_at,
        "lasting": region.lasting,
        "answered_ms": region.answered_ms,
        "demand": _demand_out(region.demand),
        "disaster": None if region.disaster is None else region.disaster.model_dump(mode="json"),
        "called": list(region.called),
        "alerts": [alert.model_dump(mode="json") for alert in region.alerts.values()],
        "alerts_ended": region.alerts_ended,
        "desk": desk_out(region.desk),
        "swarms": list(region.swarms.values()),
        "causes": list(region.causes.values()),
        "exercise": region.exercise,
        "exercise_over": region.exercise_over,
    }


def _demand_out(demand: Demand) -> dict[str, Any]:
    return {
        "cells": demand.cells,
        "kinds": demand.kinds,
        "recent": list(demand.recent),
        "counted": demand.counted,
    }


def _region_in(raw: dict[str, Any], policy: DispatchPolicy) -> RegionState:
    polygon = raw["polygon"]
    region = RegionState(
        region=raw["region"],
        time_zone=raw["time_zone"],
        terms=Terms.model_validate(raw["terms"]),
        polygon=None if polygon is None else Polygon.model_validate(polygon),
        engineers={e["engineer_id"]: _engineer_in(e) for e in raw["engineers"]},
        incidents={i["incident_id"]: _incident_in(i) for i in raw["incidents"]},
        closed={i["incident_id"]: _incident_in(i) for i in raw["closed"]},
        seen=deque(raw["seen"]),
        seen_marks=set(raw["seen"]),
        rules=RegionRules.model_validate(raw["rules"]),
        modes=raw["modes"],
        work_ms={p: (jobs, ms) for p, (jobs, ms) in raw["work_ms"].items()},
        reported={p: (count, ms) for p, (count, ms) in raw["reported"].items()},
        travelled=(raw["travelled"][0], raw["travelled"][1]),
        handed_over={h["engineer_id"]: _handed_over_in(h) for h in raw["handed_over"]},
        planned_at=raw["planned_at"],
        posted_at=raw["posted_at"],
        lasting=raw["lasting"],
        answered_ms={area: (count, ms) for area, (count, ms) in raw["answered_ms"].items()},
        demand=_demand_in(raw["demand"]),
        disaster=None if raw["disaster"] is None else Disaster.model_validate(raw["disaster"]),
        called=dict.fromkeys(raw["called"]),
        alerts={a["alert"]: Alert.model_validate(a) for a in raw["alerts"]},
        alerts_ended=raw["alerts_ended"],
        desk=desk_in(raw["desk"]),
        swarms={s["incident_id"]: Swarm(**s) for s in raw["swarms"]},
        causes={c["cause_id"]: Cause(**c) for c in raw["causes"]},
        exercise=raw["exercise"],
        exercise_over=raw["exercise_over"],
        warm=Warm(policy.shortlist_size),
    )
    mirror.rebuild(region)
    _set_timers(region)
    return region


def _demand_in(raw: dict[str, Any]) -> Demand:
    return Demand(raw["cells"], raw["kinds"], deque(raw["recent"], maxlen=RECENT_KEPT), raw["counted"])


def _engineer_in(raw: dict[str, Any]) -> Engineer:
    engineer = Engineer(**raw)
    engineer.devices = [(device, number) for device, number in raw["devices"]]
    engineer.certificates = [(name, until) for name, until in raw["certificates"]]
    engineer.duty = None if raw["duty"] is None else Duty(**raw["duty"])
    engineer.loan = None if raw["loan"] is None else _loan_in(raw["loan"])
    return engineer


def _loan_in(raw: dict[str, Any]) -> OnLoan:
    return OnLoan(**raw | {"staging": (raw["staging"][0], raw["staging"][1])})


def _handed_over_in(raw: dict[str, Any]) -> HandedOver:
    return HandedOver(**raw | {"loan": _loan_in(raw["loan"])})


def _incident_in(raw: dict[str, Any]) -> Incident:
    incident = Incident(**raw)
    incident.timeline = [tuple(line) for line in raw["timeline"]]
    return incident


def _set_timers(region: RegionState) -> None:
    """The reminders that still hold; those a run has outlived do nothing when they wake."""
    for engineer in region.engineers.values():
        set_timers(region, engineer)
    for gone in region.handed_over.values():
        if gone.handover is not None:
            region.set_timer(gone.say_again_at, "untaken", gone.engineer_id, gone.owner_epoch)
    watch_disaster(region)
    watch_proposal(region)
    for engineer in region.engineers.values():
        watch_call(region, engineer)
    for alert in region.alerts.values():
        watch_alert(region, alert)
    for incident in region.incidents.values():
        watch_incident(region, incident)
        if incident.settles_at is not None:
            region.set_timer(incident.settles_at, "settled", incident.incident_id, incident.epoch)
        if incident.state == "assigned" and incident.give_up_at is not None:
            region.set_timer(
                incident.give_up_at,
                "unacknowledged",
                incident.incident_id,
                incident.epoch,
            )
