"""Which region an incident belongs to and what it is promised: triage's rule, without a broker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from schemas.incidents import IncidentReported, IncidentTriaged
from schemas.regions import RegionDefined
from services.simulation.geometry import contains


class Letter(NamedTuple):
    """A report that no region could take, and why."""

    incident_id: str
    reason: str
    detail: str


def place_report(report: IncidentReported, regions: Mapping[str, RegionDefined]) -> IncidentTriaged | Letter:
    """A report that names a known region keeps it; place decides otherwise (CONTRACT section 3)."""
    named = regions.get(report.region) if report.region is not None else None
    region = named or next(
        (
            regions[name]
            for name in sorted(regions)
            if (polygon := regions[name].polygon) is not None and contains(polygon, report.place)
        ),
        None,
    )
    if region is None:
        detail = f"region {report.region!r} is not known and the place lies in no region's polygon"
        return Letter(report.incident_id, "outside_every_region", detail)
    promise = timedelta(minutes=region.terms.promise_min[report.tier])
    return IncidentTriaged(
        report=report,
        region=region.region,
        promised_at=report.reported_at + promise,
        placed_by="named" if named else "polygon",
    )
