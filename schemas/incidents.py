"""Incidents as they are reported, triaged and called off."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Id, Level, Minutes, Moment, Place, ShortText, Tier, Wire


class IncidentFacts(Wire):
    """What a report says of a fault, on its way in and in the log.

    `region` is kept where it names a known region; otherwise the place decides.
    `expected_service_min` is the reporter's guess of the work; without it the product's mean is used.
    """

    place: Place
    tier: Tier
    product: Id
    level: Level = 1
    region: Id | None = None
    expected_service_min: Minutes | None = None
    external_id: Id | None = None
    site_id: Id | None = None
    equipment_id: Id | None = None
    customer_id: Id | None = None
    language: Id | None = None
    reported_by: Id | None = None
    cause_id: Id | None = None
    crew: int = Field(default=1, ge=1, le=50)
    certificate: Id | None = None
    window_from: Moment | None = None
    window_to: Moment | None = None
    parts: list[Id] = Field(default=[], max_length=100)


class IncidentReported(IncidentFacts):
    """Somebody or something reports a fault at a site."""

    incident_id: Id
    reported_at: Moment


class IncidentTriaged(Wire):
    """Triage found the incident's region and set its promise: the region's fold takes it from here."""

    report: IncidentReported
    region: Id
    promised_at: Moment
    placed_by: Literal["named", "polygon"]


class CancelIncident(Wire):
    """A dispatcher or the reporter calls an incident off."""

    incident_id: Id
    region: Id
    reason: ShortText = ""
    by: Id
