"""Warnings of the OASIS Common Alerting Protocol (CAP 1.2) as a region's log has them.

The gateway reads the XML; from here on places are GeoJSON, longitude first. One alert is one event in the log
of each region that it touches.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Id, Moment, Wire
from schemas.regions import Polygon

Urgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]
AlertStatus = Literal["Actual", "Exercise"]
"""The statuses that reach a region; System, Test and Draft concern nobody."""

SEVERITY_RANK: Mapping[str, int] = MappingProxyType(
    {"Extreme": 4, "Severe": 3, "Moderate": 2, "Minor": 1, "Unknown": 0}
)
MAX_AREAS = 50
MAX_REFERENCES = 50
AlertName = Annotated[str, Field(min_length=5, max_length=500)]
"""`sender,identifier,sent`, as CAP's `references` address an alert (CAP 1.2 section 3.2.1)."""
Phrase = Annotated[str, Field(max_length=200)]


class Hazard(Wire):
    """How bad it is said to be, and between when: what the surge coordinator takes as evidence."""

    urgency: Urgency = "Unknown"
    severity: Severity = "Unknown"
    certainty: Certainty = "Unknown"
    onset: Moment
    expires: Moment


class Alert(Hazard):
    """One alert, as far as it concerns a region: of several `info` blocks the one that weighs most."""

    alert: AlertName
    status: AlertStatus
    event: Annotated[str, Field(min_length=1, max_length=200)]
    category: list[Phrase] = Field(default=[], max_length=12)
    headline: Phrase = ""
    area: Phrase = ""
    """The areas in words."""
    areas: list[Polygon] = Field(default=[], max_length=MAX_AREAS)
    """Circles become polygons; empty where the region was found by its name or code."""


class AlertRaised(Wire):
    """A warning stands for this region."""

    region: Id
    alert: Alert


class AlertUpdated(Wire):
    """A warning replaces those it names."""

    region: Id
    alert: Alert
    references: list[AlertName] = Field(max_length=MAX_REFERENCES)


class AlertCancelled(Wire):
    """The warnings named hold no longer; `alert` is the message that says so."""

    region: Id
    alert: AlertName
    references: list[AlertName] = Field(max_length=MAX_REFERENCES)
    reason: Id = "cancelled"


AlertEvent = AlertRaised | AlertUpdated | AlertCancelled
