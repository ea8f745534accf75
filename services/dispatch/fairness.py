"""Areas that are answered later than the rest of the region: what is reported there may weigh more."""

from __future__ import annotations

from services.dispatch.demand import cell_of
from services.dispatch.policy import DispatchPolicy
from services.dispatch.state import Incident, RegionState

AREA_DEG = 0.1
"""An area is about 11 km wide."""
AREAS_KEPT = 1024
ANSWERS_LEAST = 8
"""So many answers before an area's mean says anything."""
WHOLE_REGION = ""


def learn_answer(region: RegionState, incident: Incident) -> None:
    """Somebody has arrived: how long that took there, and in the region."""
    assert incident.on_site_at is not None
    if incident.swarm_of is not None:
        return  # nobody reported it
    took = max(0, incident.on_site_at - incident.reported_at)
    for area in (WHOLE_REGION, cell_of((incident.lat, incident.lon), AREA_DEG)):
        count, whole = region.answered_ms.get(area, (0, 0))
        if area in region.answered_ms or len(region.answered_ms) < AREAS_KEPT:
            region.answered_ms[area] = (count + 1, whole + took)


def unfair_permille(region: RegionState, policy: DispatchPolicy, place: tuple[float, float]) -> int:
    """How much more a report here weighs: in proportion to how much later than elsewhere, up to twice."""
    count, area_ms = region.answered_ms.get(cell_of(place, AREA_DEG), (0, 0))
    if not policy.fairness_permille or count < ANSWERS_LEAST:
        return 0
    everywhere, whole_ms = region.answered_ms[WHOLE_REGION]
    later = area_ms * everywhere * 1000 // max(1, count * whole_ms) - 1000
    return policy.fairness_permille * min(max(later, 0), 1000) // 1000
