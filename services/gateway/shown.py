"""What is shown of incidents and engineers: the read model, brought forward by newer decisions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.base import rfc3339
from schemas.decisions import Decision
from schemas.regions import EngineerRegistered, RegionDefined
from services.gateway.overlay import View, engineer_after, incident_after
from services.gateway.problems import ProblemError, RedisAway
from services.gateway.read_models import ReadModels, RegionModel
from services.gateway.recent import Recent
from services.gateway.tail import Tail

OPEN = frozenset({"reported", "waiting", "assigned", "accepted", "en_route", "on_site", "restored"})


class Shown:
    """Views for reads and answers. RedisAway where Redis is needed and does not answer."""

    def __init__(self, models: ReadModels, recent: Recent, tail: Tail) -> None:
        self._models = models
        self._recent = recent
        self._tail = tail

    async def region_of_incident(self, incident_id: str) -> str:
        """The incident's region; a 404 problem where nobody knows the incident."""
        region = self._recent.region_of(incident_id) or await self._models.region_of_incident(incident_id)
        if region is None:
            raise ProblemError("not-found", f"There is no incident {incident_id}.")
        return region

    async def incident(self, incident_id: str, region: str) -> View | None:
        """An incident's newest view."""
        found = await self._models.incident(region, incident_id)
        view = None
        if found is not None:
            log, _, view = found
            self._recent.owned(incident_id, region, view.get("customer_id"), view.get("tier"))
            decisions = [one for one in self._recent.decisions_about(incident_id) if one.log == log]
        else:
            decisions = self._recent.decisions_about(incident_id)
        return incident_after(view, decisions)

    async def with_sessions(self, view: View) -> View:
        """The incident's view with its remote-assist sessions in its timeline; without Redis as it was."""
        try:
            told = await self._models.sessions_of(view["incident_id"])
        except RedisAway:
            return view
        if not told:
            return view
        told.sort(key=lambda line: (line["session_id"], line["n"]))
        story = [*(view.get("timeline") or []), *told]
        return {**view, "timeline": sorted(story, key=lambda line: datetime.fromisoformat(line["at"]))}

    async def incident_or_recent(
        self, incident_id: str, region: str, begun: View | None = None
    ) -> View | None:
        """The same; without Redis, or before it knows, from the decisions upon what the report said."""
        try:
            found = await self.incident(incident_id, region)
        except RedisAway:
            found = None
        if found is not None and begun is None:
            return found
        if found is None:
            return incident_after(begun, self._recent.decisions_about(incident_id))
        return {**(begun or {}), **found}

    async def owner_of(self, incident_id: str, region: str) -> tuple[bool, str | None]:
        """Whether the incident's customer is known, and who it is."""
        known, customer = self._recent.owner_of(incident_id)
        if known:
            return True, customer
        try:
            await self.incident(incident_id, region)
        except RedisAway:
            return False, None
        return self._recent.owner_of(incident_id)

    async def registered(self, engineer_id: str) -> EngineerRegistered:
        """An engineer's standing data, looked up again once the registry is caught up; else a 404 problem."""
        engineers = self._tail.standing.engineers
        if engineer_id not in engineers:
            await self._tail.catch_up_with_registry()
        if engineer_id not in engineers:
            raise ProblemError("not-found", f"There is no engineer {engineer_id}.")
        return engineers[engineer_id]

    async def defined(self, region: str) -> RegionDefined:
        """A region's terms, looked up again once the registry is caught up; else a 404 problem."""
        regions = self._tail.standing.regions
        if region not in regions:
            await self._tail.catch_up_with_registry()
        if region not in regions:
            raise ProblemError("not-found", f"There is no region {region}.")
        return regions[region]

    async def region_of_engineer(self, engineer_id: str) -> str:
        """The region that owns the engineer now; a 404 problem where nobody knows the engineer."""
        last = self._recent.last_about(engineer_id)
        if last is not None:
            return last.region
        try:
            owner = await self._models.region_of_engineer(engineer_id)
        except RedisAway:
            owner = None
        return owner or (await self.registered(engineer_id)).region

    async def engineer(self, engineer_id: str) -> View:
        """An engineer's newest view; a 404 problem where nobody knows them."""
        region = await self.region_of_engineer(engineer_id)
        found = await self._models.engineer(region, engineer_id)
        return await self._brought_forward(engineer_id, found)

    async def engineer_or_recent(self, engineer_id: str) -> View | None:
        """The same, and without Redis from the registry and the decisions."""
        try:
            return await self.engineer(engineer_id)
        except RedisAway:
            return await self._brought_forward(engineer_id, None)

    async def _brought_forward(self, engineer_id: str, found: tuple[str, int, View] | None) -> View:
        last = self._recent.last_about(engineer_id)
        if found is not None:
            log, position, view = found
            newer = last if last is not None and last.log == log and last.offset > position else None
            return engineer_after(view, None, newer) or view
        begun = engineer_after(None, await self.registered(engineer_id), last)
        assert begun is not None
        return begun

    async def state_of_engineer(self, engineer_id: str) -> str | None:
        """The engineer's state: from the decisions, else from Redis; None where unknown."""
        state = self._recent.state_of(engineer_id)
        if state is not None:
            return state
        region = await self._models.region_of_engineer(engineer_id)
        found = None if region is None else await self._models.engineer(region, engineer_id)
        return None if found is None else found[2].get("state")

    async def regions(self, wanted: Iterable[str]) -> list[RegionModel]:
        """Whole read models of the regions that have one, by name."""
        known = await self._models.logs()
        models = [await self._models.region(region) for region in sorted(set(wanted) & known.keys())]
        return [model for model in models if model is not None]

    async def regions_with_alert(self, names: Iterable[str]) -> set[str]:
        """The regions for which one of these warnings stands; without Redis as far as decisions tell."""
        wanted = set(names)
        found = {region for name in wanted for region in self._recent.regions_with_alert(name)}
        try:
            models = await self.regions(await self.known_regions())
        except RedisAway:
            return found
        standing = {
            model.view["region"]
            for model in models
            if wanted & {alert["alert"] for alert in model.view.get("alerts") or ()}
        }
        return found | standing

    async def known_regions(self) -> set[str]:
        """Every region with a read model or in the registry."""
        return set(await self._models.logs()) | set(self._tail.standing.regions)

    async def region_after(self, defined: RegionDefined, last: Decision) -> View:
        """A region's view, at least as new as a decision just taken there."""
        try:
            model = await self._models.region(defined.region)
        except RedisAway:
            model = None
        known = model.view if model is not None and model.log == last.log else None
        known = known or self.region_without_model(defined)
        at = max(last.offset, known.get("offset", -1))
        return {**known, "log": last.log, "offset": at, "now": rfc3339(last.decided_at)}

    def region_without_model(self, defined: RegionDefined) -> View:
        """A region of which nothing is folded yet."""
        said: dict[str, Any] = defined.model_dump(mode="json", exclude_none=True)
        return said | {"log": "", "offset": -1}
