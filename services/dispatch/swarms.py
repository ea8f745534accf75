"""Many on one big incident, with one lead: a person raises the crew of an incident, amends or ends that.

An ordinary crew begins when it is complete. A swarm works with who is there: whoever has the incident stays,
and the others join as they come. The incident's own crew is still complete or not there at all: that is a
matter of safety, and the places of the swarm come beside it.
"""

from __future__ import annotations

from schemas.swarms import SwarmIncident
from services.dispatch import lifecycle, mirror
from services.dispatch.eligibility import SENTENCES, is_qualified, travel_to
from services.dispatch.gatherings import SWARMS_KEPT, Swarm
from services.dispatch.locks import commanded
from services.dispatch.overrides import broken_rule, make_way
from services.dispatch.state import HELD, Engineer, Incident
from services.dispatch.swarm_course import end_swarm
from services.dispatch.swarm_places import close_place, joined, open_place, places_of, release
from services.dispatch.turn import Said, Turn

Refused = tuple[str, str]


def raise_swarm(turn: Turn, event: SwarmIncident) -> None:
    """Let so many work on the incident; with as few as it has by itself, the swarm ends."""
    root = commanded(turn, event)
    if root is None:
        return
    region, standing = turn.region, turn.region.swarms.get(event.incident_id)
    refusal = _why_not(turn, root, event, standing) or _why_not_led(turn, root, event, standing)
    if refusal is not None:
        engineer = region.engineers.get(event.lead_id or "")
        turn.refuse(*refusal, root, engineer)
        return
    turn.replan = True
    if standing is not None and event.crew <= root.crew:
        end_swarm(turn, standing, "stood_down", by=event.by)
        return
    swarm = standing or Swarm(root.incident_id, event.crew, event.by, event.reason, turn.now)
    region.swarms[root.incident_id] = swarm
    swarm.crew, swarm.by, swarm.reason = event.crew, event.by, event.reason
    swarm.named_lead = event.lead_id or swarm.named_lead
    mirror.incident_changed(region, root)
    turn.decide(
        "swarm_raised", root, crew=event.crew, by=event.by, detail=event.reason, lead_id=swarm.named_lead
    )
    _make_room(turn, root, swarm)
    _send_lead(turn, root, swarm, event)


def _why_not(turn: Turn, root: Incident, event: SwarmIncident, standing: Swarm | None) -> Refused | None:
    name = root.incident_id
    if root.swarm_of is not None:
        return "swarm", f"{name} is a place in the swarm on {root.swarm_of}: raise the crew of that"
    if root.waits_for is not None:
        return "waits_for", f"{name} waits for {root.waits_for}: raise the crew of that"
    if root.state == "restored":
        return "already_restored", f"{name} is restored"
    if turn.region.modes.get(root.tier) == "shadow":
        return "shadow", f"{root.tier} runs in shadow: nothing of it is carried out"
    if standing is None and event.crew <= root.crew:
        return "crew", f"{name} has a crew of {root.crew} by itself: a swarm is more"
    if standing is None and len(turn.region.swarms) >= SWARMS_KEPT:
        return "too_many_swarms", f"{SWARMS_KEPT} swarms stand in {turn.region.region}: end one first"
    return None


def _why_not_led(turn: Turn, root: Incident, event: SwarmIncident, standing: Swarm | None) -> Refused | None:
    """Why the engineer whom the command names can not lead: the lead has the incident's own level."""
    if event.lead_id is None or event.crew <= root.crew:
        return None
    engineer = turn.region.engineers.get(event.lead_id)
    if engineer is None:
        return "unknown_engineer", f"{event.lead_id} does not belong to {turn.region.region}"
    if not is_qualified(engineer, root.product, root.level):
        return "unqualified", f"{event.lead_id} {SENTENCES['unqualified']}"
    if _takes_part(turn, root, standing, engineer):
        return None
    rule = broken_rule(turn, root, engineer, travel_to(turn.region, engineer, root, turn.now))
    if rule is not None:
        return rule, f"{event.lead_id} {SENTENCES[rule]}"
    places = [] if standing is None else places_of(turn.region, standing)
    more = event.crew - root.crew > len(places)
    if not more and root.state != "waiting" and all(place.state != "waiting" for place in places):
        return "crew", f"all {event.crew} places are taken: raise the crew by one for {event.lead_id}"
    return None


def _takes_part(turn: Turn, root: Incident, swarm: Swarm | None, engineer: Engineer) -> bool:
    if engineer in lifecycle.crew_of(turn.region, root):
        return True
    return swarm is not None and any(member is engineer for _, member in joined(turn.region, swarm))


def _make_room(turn: Turn, root: Incident, swarm: Swarm) -> None:
    """As many places as the crew asks for: of too many those that nobody has go first, then the latest."""
    wanted = swarm.crew - root.crew
    places = places_of(turn.region, swarm)
    for _ in range(wanted - len(places)):
        open_place(turn, root, swarm)
    spare = [p for p in reversed(places) if p.state == "waiting"]
    spare += sorted((p for p in places if p.state in HELD), key=lambda p: -(p.assigned_at or 0))
    freed: list[Engineer] = []
    for place in spare[: max(0, len(places) - wanted)]:
        freed += close_place(turn, place, "swarm_over")
    swarm.places = [place.incident_id for place in places_of(turn.region, swarm)]
    release(turn, freed)


def _send_lead(turn: Turn, root: Incident, swarm: Swarm, event: SwarmIncident) -> None:
    """The lead whom the command names goes first: to the incident where nobody has it, else to a place."""
    engineer = turn.region.engineers.get(event.lead_id or "")
    if engineer is None or _takes_part(turn, root, swarm, engineer):
        return
    alone = root.state == "waiting" and root.crew == 1 and root.lock is None
    waiting = [place for place in places_of(turn.region, swarm) if place.state == "waiting"]
    if not alone and not waiting:
        return  # the incident's own crew is not whole yet
    target = root if alone else waiting[0]
    left = make_way(turn, target, [engineer], event.by, event.reason)
    said = Said(by=event.by, reason="leads", detail=event.reason)
    lifecycle.assign(turn, target, [engineer], left, said)
