"""A region told in sentences: engineers on shift, incidents, what phones say, and what the fold answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.base import Place
from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision
from schemas.engineers import EngineersMoved, Move, ShiftReported, StatusReported
from schemas.events import RegionEvent
from schemas.incidents import CancelIncident, IncidentReported, IncidentTriaged
from schemas.regions import EngineerRegistered, RegionDefined
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.policy import DispatchPolicy
from services.dispatch.state import Engineer, Incident, RegionState

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
KM = 1 / 111.195
"""Degrees of latitude in a km."""


class Scene:
    """One region, R1, from its first event on; places are km north of 38 N, 9 W."""

    def __init__(self, policy: DispatchPolicy | None = None) -> None:
        self.fold = PartitionFold(policy)
        self.now = START
        self.log: list[Logged] = []
        self.seqs: dict[str, int] = {}
        self.tell("", LogStarted(log="log-1"))
        self.tell("", ClockTicked(now=START))
        self.tell("R1", RegionDefined(region="R1"))

    @property
    def region(self) -> RegionState:
        """R1."""
        return self.fold.regions["R1"]

    def tell(self, region: str, event: RegionEvent, event_id: str | None = None) -> list[Decision]:
        """Fold an event; what it decides."""
        offset = len(self.log)
        logged = Logged(offset, region, "test", event_id or f"e{offset}", event)
        self.log.append(logged)
        return self.fold.step(logged)

    def after(self, minutes: float) -> list[Decision]:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)
        return self.tell("", ClockTicked(now=self.now))

    def on_shift(self, name: str, north_km: float = 0.0, **fields: Any) -> Engineer:
        """An engineer with core at level 3, at a place, on shift from now on."""
        fields = {"skills": {"core": 3}, "available_from": self.now} | fields
        self.register(name, north_km, **fields)
        self.after(1 / 60)
        return self.region.engineers[name]

    def register(self, name: str, north_km: float = 0.0, **fields: Any) -> list[Decision]:
        """Tell the region of an engineer."""
        fields = {"skills": {"core": 3}, "region": "R1", "home": at(north_km)} | fields
        return self.tell("R1", EngineerRegistered(engineer_id=name, **fields))

    def reported(self, name: str, north_km: float = 0.0, **fields: Any) -> list[Decision]:
        """An incident in core at level 1, silver, promised in four hours."""
        promised_in = fields.pop("promised_in_min", 240)
        reported_at = fields.pop("reported_at", self.now)
        defaults = {"tier": "silver", "product": "core", "expected_service_min": 60, "place": at(north_km)}
        report = IncidentReported(incident_id=name, reported_at=reported_at, **(defaults | fields))
        promised_at = reported_at + timedelta(minutes=promised_in)
        event = IncidentTriaged(report=report, region="R1", promised_at=promised_at, placed_by="named")
        return self.tell("R1", event)

    def phone(self, name: str, *statuses: str, incident: str | None = None, **fields: Any) -> list[Decision]:
        """The engineer's phone says this about its incident, or about another."""
        said: list[Decision] = []
        for status in statuses:
            held = incident or self.region.engineers[name].incident_id or ""
            known = self.region.incidents.get(held) or self.region.closed.get(held)
            seq = self.seqs[name] = self.seqs.get(name, 0) + 1
            whole = {
                "device_seq": seq,
                "occurred_at": self.now,
                "epoch": 0 if known is None else known.epoch,
            } | fields
            event = StatusReported(engineer_id=name, incident_id=held, status=status, **whole)
            said += self.tell("R1", event)
        return said

    def shift(self, name: str, change: Any, place: Place | None = None) -> list[Decision]:
        """The phone reports a shift or a break."""
        seq = self.seqs[name] = self.seqs.get(name, 0) + 1
        event = ShiftReported(
            engineer_id=name, device_seq=seq, occurred_at=self.now, change=change, place=place
        )
        return self.tell("R1", event)

    def moved(self, name: str, north_km: float, **fields: Any) -> list[Decision]:
        """A position fix."""
        place = at(north_km)
        fields = {"fixed_at": self.now} | fields
        move = Move(engineer_id=name, lat=place.lat, lon=place.lon, **fields)
        return self.tell("R1", EngineersMoved(region="R1", moves=[move]))

    def cancel(self, name: str) -> list[Decision]:
        """A dispatcher calls the incident off."""
        return self.tell("R1", CancelIncident(incident_id=name, region="R1", by="dispatcher-1"))

    def incident(self, name: str) -> Incident:
        """An incident, open or closed."""
        return self.region.incidents.get(name) or self.region.closed[name]


def at(north_km: float) -> Place:
    """A place so many km north."""
    return Place(lat=38 + north_km * KM, lon=-9)


def kinds(decisions: list[Decision]) -> list[str]:
    """What was decided, in order."""
    return [decision.kind for decision in decisions]


def only(decisions: list[Decision], kind: str) -> Decision:
    """The one decision of a kind."""
    found = [decision for decision in decisions if decision.kind == kind]
    assert len(found) == 1, kinds(decisions)
    return found[0]
