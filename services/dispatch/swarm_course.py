"""How a swarm goes on after each event: who leads, who takes the incident over, and that it ends.

Nothing calls this when something happens: after every event it looks whether the places and the incident
still fit together. So whatever takes an engineer away (a decline, silence, a shift's end) needs no rule here.
"""

from __future__ import annotations

from services.dispatch import lifecycle, mirror, restore_first
from services.dispatch.eligibility import first_broken_rule, is_qualified
from services.dispatch.gatherings import Swarm
from services.dispatch.state import ATTENDED, Engineer, Incident
from services.dispatch.swarm_places import close_place, joined, places_of, release
from services.dispatch.turn import Said, Turn

RESTORED = 4
"""Place in statuses.STAGES: of a crew nobody restores what another of the swarm has restored."""


def follow_swarms(turn: Turn) -> None:
    """Bring every swarm in line with what the event has changed."""
    for swarm in list(turn.region.swarms.values()):
        _follow(turn, swarm)


def _follow(turn: Turn, swarm: Swarm) -> None:
    region = turn.region
    root = region.incidents.get(swarm.incident_id)
    if root is None:
        end_swarm(turn, swarm, region.closed[swarm.incident_id].state)
        return
    place = _restored_place(turn, swarm)
    if place is not None and root.restored_at is None:
        _service_is_back(turn, swarm, root, place)
        return
    if root.restored_at is not None:
        end_swarm(turn, swarm, "restored")
        return
    _forget_closed(turn, swarm)
    _share_refusals(turn, swarm, root)
    _note_arrivals(turn, swarm, root)
    _take_over(turn, swarm, root)
    _name_lead(turn, swarm, root)


def _restored_place(turn: Turn, swarm: Swarm) -> Incident | None:
    """The place whose engineer said that the service is back, in the order of the places."""
    region = turn.region
    known = (region.incidents.get(name) or region.closed.get(name) for name in swarm.places)
    return next((p for p in known if p is not None and p.restored_at is not None), None)


def _forget_closed(turn: Turn, swarm: Swarm) -> None:
    """A place that a person has called off is not filled again."""
    open_ones = [place.incident_id for place in places_of(turn.region, swarm)]
    swarm.crew -= len(swarm.places) - len(open_ones)
    swarm.places = open_ones


def _share_refusals(turn: Turn, swarm: Swarm, root: Incident) -> None:
    """Who declined one place, or did not answer, is not asked for the next one either."""
    whole = [root, *places_of(turn.region, swarm)]
    barred: dict[str, int] = {}
    for incident in whole:
        for name, until in incident.barred.items():
            barred[name] = max(until, barred.get(name, 0))
    for incident in whole:
        if incident.barred != barred:
            incident.barred = dict(barred)
            mirror.incident_changed(turn.region, incident)


def _note_arrivals(turn: Turn, swarm: Swarm, root: Incident) -> None:
    here = [(p, e) for p, e in joined(turn.region, swarm) if p.state in ATTENDED]
    for place, engineer in here:
        if engineer.engineer_id not in swarm.there:
            at = place.on_site_at or turn.now
            swarm.reached_at = at if swarm.reached_at is None else min(at, swarm.reached_at)
            turn.decide(
                "swarm_joined", root, engineer, occurred_at=at, crew=swarm.crew, lead_id=swarm.lead_id
            )
    swarm.there = [engineer.engineer_id for _, engineer in here]


def _take_over(turn: Turn, swarm: Swarm, root: Incident) -> None:
    """Nobody has the incident itself: one who is there, or on the way, and has its level takes it."""
    region = turn.region
    if root.state != "waiting" or root.crew > 1 or root.locked_to or not mirror.is_automatic(region, root):
        return
    able = [(place, e) for place, e in joined(region, swarm) if _may_take(turn, root, e)]
    if not able:
        return
    lead = swarm.named_lead or swarm.lead_id
    place, engineer = min(
        able,
        key=lambda one: (
            one[0].state not in ATTENDED,
            one[1].engineer_id != lead,
            -one[1].skills[root.product],
            one[1].engineer_id,
        ),
    )
    lifecycle.withdraw(turn, place, "takes_over")
    lifecycle.assign(turn, root, [engineer], place.incident_id, Said(reason="takes_over"))
    turn.replan = True


def _may_take(turn: Turn, root: Incident, engineer: Engineer) -> bool:
    arrives_in_ms = 0 if engineer.state == "on_site" else None
    return first_broken_rule(turn.region, engineer, root, turn.now, arrives_in_ms) is None


def _name_lead(turn: Turn, swarm: Swarm, root: Incident) -> None:
    """One lead at a time, of those who go or are there: the named, else who led, else the highest level."""
    region = turn.region
    members = [(root, e) for e in lifecycle.crew_of(region, root)] + list(joined(region, swarm))
    able = {e.engineer_id: (i, e) for i, e in members if is_qualified(e, root.product, root.level)}
    before, lead = swarm.lead_id, swarm.named_lead
    if lead in able:
        reason = "named"
    elif before in able:
        return
    else:
        lead = _highest(list(able.values()), root.product)
        reason = "nobody_qualified" if lead is None else "highest" if before is None else "took_over"
    if lead == before:
        return
    swarm.lead_id = lead
    turn.decide(
        "swarm_led", root, region.engineers.get(lead or ""), lead_id=lead, reason=reason, crew=swarm.crew
    )


def _highest(able: list[tuple[Incident, Engineer]], product: str) -> str | None:
    """The highest level leads; of equals who is there, then who was sent first."""
    ranked = sorted(
        (-e.skills[product], e.state != "on_site", i.assigned_at or 0, e.engineer_id) for i, e in able
    )
    return ranked[0][3] if ranked else None


def _service_is_back(turn: Turn, swarm: Swarm, root: Incident, place: Incident) -> None:
    """One who joined has restored the service: so has the incident, whoever has it; the others are free."""
    at = place.restored_at or turn.now
    if root.state in ATTENDED:
        _restored_beside_its_own(turn, root, place, at)
        end_swarm(turn, swarm, "restored")
        return
    freed = []
    if lifecycle.crew_of(turn.region, root):
        freed = lifecycle.withdraw(turn, root, "restored")
    root.on_site_at = min(at, swarm.reached_at or place.on_site_at or at)
    keeps = turn.region.disaster is None and place.incident_id in turn.region.incidents
    if keeps:  # what is left to do is in the hands of who restored it
        swarm.places.remove(place.incident_id)
        place.swarm_of, place.follow_up_of = None, root.incident_id
    restore_first.restored_by_others(turn, root, at, "swarm", place.engineer_id)
    end_swarm(turn, swarm, "restored")
    release(turn, freed)


def _restored_beside_its_own(turn: Turn, root: Incident, place: Incident, at: int) -> None:
    holder = turn.region.assigned_engineer(root)
    root.state, root.restored_at = "restored", max(at, root.on_site_at or at)
    root.crew_stages = {name: max(stage, RESTORED) for name, stage in root.crew_stages.items()}
    lifecycle.use_parts(turn, root, holder)
    mirror.incident_changed(turn.region, root)
    mirror.engineer_changed(turn.region, holder)
    turn.decide(
        "restored",
        root,
        holder,
        occurred_at=root.restored_at,
        late=root.late,
        reason="swarm",
        detail=place.engineer_id,
    )
    if restore_first.goes_on_later(turn.region, root):
        restore_first.hand_on(turn, root, root.restored_at)


def end_swarm(turn: Turn, swarm: Swarm, reason: str, by: str | None = None) -> None:
    """Everybody who joined is free; the incident's own engineer goes on."""
    region = turn.region
    del region.swarms[swarm.incident_id]
    root = region.incidents.get(swarm.incident_id) or region.closed[swarm.incident_id]
    if root.incident_id in region.incidents:
        mirror.incident_changed(region, root)
    turn.decide("swarm_ended", root, reason=reason, by=by, crew=swarm.crew)
    freed: list[Engineer] = []
    for place in places_of(region, swarm):
        freed += close_place(turn, place, "swarm_over")
    release(turn, freed)
    turn.replan = True
