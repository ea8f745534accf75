"""Whether the journeys of a legs.csv are possible in their scenario, by the yardstick's rules."""

from __future__ import annotations

import csv
from collections.abc import Container
from datetime import datetime, timedelta
from pathlib import Path

from schemas.base import Place
from services.simulation.geometry import haversine_km, travel_time_s
from services.simulation.scenarios import Scenario

SLACK_S, SLACK_KM = 2.0, 0.05
CUT_SHORT = 0.98


def faults(scenario: Scenario, legs_csv: Path, conflicted: Container[str] = frozenset()) -> list[str]:
    """What is impossible, one sentence each; empty where all is well.

    An incident in `conflicted` may be attended twice: the news that it had been taken from somebody reached
    them after they had arrived, and the log says so.
    """
    reports = {report.incident_id: report for report in scenario.reports}
    engineers = {engineer.engineer_id: engineer for engineer in scenario.engineers}
    free_at = {name: one.available_from for name, one in engineers.items()}
    place = {name: one.home for name, one in engineers.items()}
    attended: set[str] = set()
    found: list[str] = []
    with legs_csv.open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["departed_at"])
    for row in rows:
        who, report = row["engineer_id"], reports[row["incident_id"]]
        origin = Place(lat=float(row["from_lat"]), lon=float(row["from_lon"]))
        end = Place(lat=float(row["to_lat"]), lon=float(row["to_lon"]))
        departed_at, ended_at = (datetime.fromisoformat(row[name]) for name in ("departed_at", "ended_at"))
        leg = f"{who} to {report.incident_id}"
        least_s = travel_time_s(origin, end, scenario.terms) * (
            1 if row["outcome"] == "arrived" else CUT_SHORT
        )
        if departed_at + timedelta(seconds=SLACK_S) < max(free_at[who] or departed_at, report.reported_at):
            found.append(f"{leg} departs before being free, or before the report")
        if haversine_km(place[who], origin) > SLACK_KM:
            found.append(f"{leg} departs from where they are not")
        if (ended_at - departed_at).total_seconds() < least_s - SLACK_S:
            found.append(f"{leg} travels too fast")
        if engineers[who].skills.get(report.product, 0) < report.level:
            found.append(f"{leg} is not qualified")
        place[who], free_at[who] = end, ended_at
        if row["outcome"] == "arrived":
            if report.incident_id in attended and report.incident_id not in conflicted:
                found.append(f"{leg} attends it a second time")
            if haversine_km(end, report.place) > SLACK_KM:
                found.append(f"{leg} arrives elsewhere")
            attended.add(report.incident_id)
            free_at[who] = ended_at + timedelta(minutes=scenario.service_min[report.incident_id])
    found += [f"{name} is never attended" for name in sorted(set(reports) - attended)]
    return found
