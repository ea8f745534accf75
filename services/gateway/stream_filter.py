"""What of the decision stream one may see: by role, regions and tiers."""

from __future__ import annotations

import asyncio

import structlog

from schemas.decisions import Decision
from services.gateway.recent import Recent
from services.gateway.ring import Entry
from services.gateway.shown import Shown
from services.gateway.tokens import Identity

log = structlog.get_logger(__name__)

LOOK_UPS = 10
LOOK_UP_EVERY_S = 0.1


class StreamFilter:
    """A technician sees decisions that name them, a customer their incidents', others their regions'.

    A plan between regions is seen by all its parties.
    """

    def __init__(
        self,
        caller: Identity,
        regions: frozenset[str],
        tiers: frozenset[str],
        recent: Recent,
        shown: Shown,
    ) -> None:
        self._caller = caller
        self._regions = regions
        self._tiers = tiers
        self._recent = recent
        self._shown = shown

    async def text_of(self, entry: Entry) -> bytes | None:
        """The decision's JSON as this reader may see it, or None."""
        decision = entry.decision
        if not await self._may_see(decision):
            return None
        if self._tiers and not await self._is_of_tier(decision):
            return None
        if self._caller.role == "customer":  # where the engineer is, is nothing for a customer
            decision = decision.model_copy(update={"from_place": None})
        elif b"\n" not in entry.json:
            return entry.json
        return decision.model_dump_json(exclude_none=True).encode()

    async def _may_see(self, decision: Decision) -> bool:
        if decision.kind == "suggested" and self._caller.role in ("technician", "customer"):
            return False  # nobody has confirmed it
        concerned = {decision.region, *(decision.proposal.parties if decision.proposal else ())}
        if self._regions and not concerned & self._regions:
            return False
        if self._caller.role == "technician":
            return decision.engineer_id == self._caller.subject
        if self._caller.role == "customer":
            return await self._is_theirs(decision)
        return any(map(self._caller.sees, concerned))

    async def _is_theirs(self, decision: Decision) -> bool:
        """Whether the incident is the customer's; its read model may come after its first decision."""
        if decision.incident_id is None or decision.swarm_of is not None or decision.exercise:
            return False
        for _ in range(LOOK_UPS):
            known, customer = await self._shown.owner_of(decision.incident_id, decision.region)
            if known:
                return customer is not None and customer == self._caller.customer
            await asyncio.sleep(LOOK_UP_EVERY_S)
        log.warning("owner_not_found", incident_id=decision.incident_id)
        return False

    async def _is_of_tier(self, decision: Decision) -> bool:
        if decision.incident_id is None:
            return True
        tier = decision.tier or self._recent.tier_of(decision.incident_id)
        if tier is None:
            await self._shown.owner_of(decision.incident_id, decision.region)
            tier = self._recent.tier_of(decision.incident_id)
        return tier is None or tier in self._tiers
