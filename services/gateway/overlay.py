"""A view brought forward by decisions it does not know yet: nothing shown is older than the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.base import rfc3339
from schemas.decisions import Decision
from schemas.exercises import is_exercise_region
from schemas.regions import EngineerRegistered

View = dict[str, Any]

TIMELINE_KEPT = 200
_STATES = {
    "queued": "waiting",
    "assigned": "assigned",
    "withdrawn": "waiting",
    "accepted": "accepted",
    "en_route": "en_route",
    "on_site": "on_site",
    "restored": "restored",
    "resolved": "resolved",
    "cancelled": "cancelled",
}
_TIMES = {"on_site": "on_site_at", "restored": "restored_at", "resolved": "resolved_at"}
_NO_CHANGE = frozenset({"refused", "conflicted"})


def incident_after(view: View | None, decisions: Sequence[Decision]) -> View | None:
    """The incident's view after these decisions about it; those it already tells of change nothing.

    None where there is no view and none of the decisions says enough to begin one.
    """
    for decision in decisions:
        if view is None:
            view = _begun(decision)
        if view is not None and not _told(view, decision):
            view = _step(dict(view), decision)
    return view


def _begun(decision: Decision) -> View | None:
    needed = (decision.tier, decision.product, decision.place, decision.reported_at, decision.promised_at)
    if any(value is None for value in needed):
        return None
    said = decision.model_dump(mode="json", exclude_none=True)
    kept = ("incident_id", "region", "tier", "product", "place", "reported_at", "promised_at", "exercise")
    view = {name: said[name] for name in (*kept, "crew", "window_from", "window_to") if name in said}
    return view | {"level": decision.level or 1, "state": "waiting", "epoch": 0, "timeline": []}


def _told(view: View, decision: Decision) -> bool:
    """Whether the view's timeline has this decision or a later one."""
    timeline = view.get("timeline") or []
    if not timeline:
        return False
    last = timeline[-1]
    return (decision.offset, decision.n) <= (last["offset"], last["n"])


def _step(view: View, decision: Decision) -> View:
    kind = decision.kind
    if kind not in _NO_CHANGE:
        view["state"] = decision.incident_state or _STATES.get(kind, view["state"])
        if decision.epoch is not None:
            view["epoch"] = decision.epoch
        _assignment(view, decision)
        _control(view, decision)
        _gathering(view, decision)
        if kind in _TIMES:
            view[_TIMES[kind]] = rfc3339(decision.occurred_at or decision.decided_at)
    if kind == "promise_broken" or decision.late:
        view["late"] = True
    line = {"at": rfc3339(decision.decided_at), "kind": kind, "offset": decision.offset, "n": decision.n}
    if decision.engineer_id is not None:
        line["engineer_id"] = decision.engineer_id
    if decision.reason is not None:
        line["reason"] = decision.reason
    view["timeline"] = [*(view.get("timeline") or []), line][-TIMELINE_KEPT:]
    return view


def _assignment(view: View, decision: Decision) -> None:
    kind = decision.kind
    if kind in ("withdrawn", "cancelled"):
        view["engineer_id"], view["acknowledged"], view["arrives_at"] = None, False, None
        if decision.reason == "diverted":
            view["diversions"] = view.get("diversions", 0) + 1
        return
    if kind == "assigned":
        view["engineer_id"], view["acknowledged"] = decision.engineer_id, False
    if kind in ("acknowledged", "accepted", "en_route"):
        view["acknowledged"] = True
    if decision.arrives_at is not None:
        view["arrives_at"] = rfc3339(decision.arrives_at)


def _control(view: View, decision: Decision) -> None:
    """Crews, suggestions and locks, as far as decisions tell them."""
    kind, who = decision.kind, decision.engineer_id
    last = (view.get("timeline") or [{}])[-1]
    joins = (last.get("kind"), last.get("offset")) == (kind, decision.offset)
    if kind == "suggested":
        view["suggested"] = [*(view.get("suggested") or []), who] if joins else [who]
    elif kind in ("assigned", "suggestion_withdrawn", "cancelled"):
        view["suggested"] = []
    if kind == "assigned" and (decision.crew or 1) > 1:
        crew = [*(view.get("crew_ids") or []), who] if joins else [who]
        view["crew"], view["crew_ids"], view["engineer_id"] = decision.crew, crew, crew[0]
        view["crew_there"] = []
    elif kind == "crew_reported" and decision.reason == "on_site":
        view["crew_there"] = [*(view.get("crew_there") or []), who]
    elif kind == "crew_complete":
        view["crew_there"] = view.get("crew_ids") or []
    elif kind == "withdrawn":
        view["crew_ids"] = view["crew_there"] = []
    elif kind == "locked":
        view["lock"] = decision.reason
    elif kind == "unlocked":
        view["lock"], view["locked_to"] = None, []


def _gathering(view: View, decision: Decision) -> None:
    """Swarms and causes, as far as decisions about the incident tell them."""
    kind, who = decision.kind, decision.engineer_id
    swarm = dict(view.get("swarm") or {})
    if decision.swarm_of is not None:
        view["swarm_of"] = decision.swarm_of
    if kind == "swarm_raised":
        said = {"crew": decision.crew, "by": decision.by, "reason": decision.detail or ""}
        view["swarm"] = {"since": rfc3339(decision.decided_at), "members": [], "there": [], **swarm, **said}
    elif kind == "swarm_led":
        view["swarm"] = {**swarm, "lead_id": decision.lead_id}
    elif kind == "swarm_joined":
        view["swarm"] = {**swarm, "there": [*swarm.get("there", []), who]}
    elif kind == "swarm_ended":
        view["swarm"] = None
    elif kind == "site_waits":
        view["waits_for"], view["cause_id"] = decision.waits_for, decision.cause_id
    elif kind in ("site_released", "resolved", "cancelled"):
        view["waits_for"] = None
    elif kind == "queued" and decision.reason == "still_down":
        view["restored_at"] = view["resolved_at"] = None


def has_in_hand(view: View, engineer_id: str) -> bool:
    """Whether the engineer is the one, or one of the crew, who has the incident."""
    return view.get("engineer_id") == engineer_id or engineer_id in (view.get("crew_ids") or ())


def engineer_after(
    view: View | None, registered: EngineerRegistered | None, decision: Decision | None
) -> View | None:
    """The engineer's view after the last decision about them; begun from the registry if need be."""
    if view is None and registered is not None:
        view = {
            "engineer_id": registered.engineer_id,
            "region": registered.region,
            "state": "off_shift",
            "skills": registered.skills,
            "languages": registered.languages,
            **({"exercise": True} if is_exercise_region(registered.region) else {}),
        }
    if view is None or decision is None:
        return view
    view = dict(view)
    state = decision.engineer_state
    if state is not None:
        view["state"] = state
        if state in ("off_shift", "on_break", "available"):
            view["incident_id"], view["epoch"] = None, None
        if state == "off_shift":
            view["place"], view["fixed_at"] = None, None
    at_work = decision.kind == "crew_reported" and decision.reason != "resolved"
    if at_work or decision.kind in ("assigned", "acknowledged", "accepted", "en_route", "on_site"):
        view["incident_id"], view["epoch"] = decision.incident_id, decision.epoch
    return view
