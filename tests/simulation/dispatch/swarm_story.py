"""A disaster with swarms and causes in it: dispatchers raise crews, name leads, tie sites and untie them."""

from __future__ import annotations

from collections.abc import Callable

from schemas.decisions import Decision
from schemas.events import RegionEvent
from schemas.swarms import DeclareCause, EndCause, SiteStillDown, SwarmIncident
from services.dispatch.fold import PartitionFold
from tests.simulation.dispatch.generated import Draws, crowded_policy
from tests.simulation.dispatch.ruled_story import IDS
from tests.simulation.dispatch.test_disaster_properties import FloodedStory

CAUSES = ("C1", "C2")


class SwarmStory(FloodedStory):
    """A flooded story in which one step in three gathers people or sites."""

    def play(self, draws: Draws) -> list[Decision]:
        """What the draws say, seen by every checker."""
        what, a, b, c, d, e = draws
        if what % 3 != 0:
            return super().play((what // 3, a, b, c, d, e))
        said: Callable[..., RegionEvent] = (self._swarm, self._swarm, self._cause, self._untie)[a % 4]
        return self.tell("R1", said(b, c, d, e))

    def _name(self, a: int) -> str:
        """Mostly an open incident; sometimes one that is closed, or was never heard of."""
        region = self.fold.regions["R1"]
        names = sorted(region.incidents) if a % 6 else sorted(region.closed)
        return names[a // 6 % len(names)] if names else IDS[a % len(IDS)]

    def _swarm(self, b: int, c: int, d: int, _e: int) -> RegionEvent:
        lead = f"E{d % self.engineers}" if d % 3 == 0 else None
        return SwarmIncident(
            incident_id=self._name(b), region="R1", by="d-1", crew=1 + c % 6, lead_id=lead, reason="it burns"
        )

    def _cause(self, b: int, c: int, d: int, e: int) -> RegionEvent:
        region = self.fold.regions["R1"]
        free = [name for name, i in sorted(region.incidents.items()) if i.cause_id is None]
        sites = [name for n, name in enumerate(free) if e >> n % 9 & 1][:5]
        return DeclareCause(
            region="R1",
            cause_id=CAUSES[c % 2],
            root_id=self._name(b),
            site_ids=sites,
            by="d-1",
            reason="a cut",
        )

    def _untie(self, b: int, c: int, d: int, _e: int) -> RegionEvent:
        if d % 4 == 0:
            return EndCause(region="R1", cause_id=CAUSES[c % 2], by="d-1")
        tied = sorted(i.incident_id for i in self.fold.regions["R1"].incidents.values() if i.waits_for)
        closed = sorted(self.fold.regions["R1"].closed)
        names = (tied or closed) if d % 2 else (closed or tied)
        return SiteStillDown(incident_id=names[b % len(names)] if names else "I0", region="R1", by="d-1")


def swarm_story() -> SwarmStory:
    """A story that has begun."""
    policy = crowded_policy().model_copy(update={"unreachable_after_s": 900.0})
    told = SwarmStory(PartitionFold(policy), engineers=8, ids=IDS)
    told.begin()
    return told
