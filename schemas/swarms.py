"""Many on one incident, and one cause of many sites: what people declare, and how it stands."""

from __future__ import annotations

from pydantic import Field

from schemas.base import Id, Moment, ShortText, Tier, Wire
from schemas.commands import MAX_CREW, IncidentCommand, Reason

MAX_SITES_NAMED = 500


class SwarmIncident(IncidentCommand):
    """Let this many work on the incident, with one lead; whoever is there or on the way stays.

    `crew` counts everybody; as few as the incident has by itself ends the swarm. `lead_id`: who leads;
    without it the highest qualified of those who go.
    """

    crew: int = Field(ge=1, le=MAX_CREW)
    lead_id: Id | None = None
    reason: Reason


class DeclareCause(Wire):
    """One cause, many sites: all open incidents of `cause_id` wait until `root_id` is restored.

    `site_ids` adds incidents whose reports named no cause. Declared again, the root may be another.
    """

    region: Id
    cause_id: Id
    root_id: Id
    site_ids: list[Id] = Field(default=[], max_length=MAX_SITES_NAMED)
    by: Id
    reason: Reason


class EndCause(Wire):
    """The sites have nothing in common after all: each is an incident of its own again."""

    region: Id
    cause_id: Id
    by: Id
    reason: ShortText = ""


class SiteStillDown(IncidentCommand):
    """The root's restoration does not, or did not, bring this site back: it is served on its own."""

    reason: ShortText = ""


class SwarmView(Wire):
    """A swarm as it stands; members are those who go or are there, the incident's own engineer included."""

    crew: int
    lead_id: Id | None = None
    members: list[Id] = Field(default=[], max_length=MAX_CREW)
    there: list[Id] = Field(default=[], max_length=MAX_CREW)
    since: Moment
    by: Id
    reason: ShortText = ""


class CauseView(Wire):
    """A declared cause: its root, and how many sites of which tiers wait for it."""

    cause_id: Id
    root_id: Id
    sites: int
    tiers: dict[Tier, int] = Field(default={})
    since: Moment
    by: Id
    reason: ShortText = ""
