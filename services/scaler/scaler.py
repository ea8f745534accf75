"""The one place that says how many processes are wanted: reads, decides, exports."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Gauge

from services.capacity.load import FleetLoad, RelaySample, WorkerSample, fleet_load, relay_demand
from services.capacity.sizing import Demand, Rules, Standing, next_standing
from services.scaler.settings import ScalerSettings

log = structlog.get_logger(__name__)

WINDOW = 10
"""Readings over which a rate is taken."""
FORGOTTEN_S = 10.0
"""Who has not answered for so long is gone, and no unknown any more."""
LOOKED_S = 5.0
"""At the start everybody is counted for so long before anything is said."""
USUAL_S = 0.002
"""What an event costs where nobody knows yet."""

Readings = Mapping[str, WorkerSample]


class WorkerReader(Protocol):
    """Where the workers' samples come from."""

    async def read(self) -> dict[str, WorkerSample]:
        """The sample of each worker that answers, by a name of its own."""


class RelayReader(Protocol):
    """Where the relay nodes' loads come from."""

    async def read(self) -> list[RelaySample] | None:
        """Each node that holds a lease; None where nobody can say."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A count and why; None where it is not known yet: then everything stays as it is."""

    count: int | None
    reason: str


class _Sized:
    """One kind of process: how many there were at the start, and how many are wanted since."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._standing: Standing | None = None
        self._began_s: float | None = None
        self._seen = 0
        self.said = Wanted(None, "nobody has answered yet")

    def decide(self, seen: int, demand: Demand | None, told: str, now_s: float) -> None:
        """Take one more reading in."""
        if self._standing is None:
            self._count_first(seen, now_s)
            return
        before = self._standing.count
        self._standing = next_standing(self._standing, demand, now_s, self._rules)
        if self._standing.count != before:
            log.info("size_changed", before=before, count=self._standing.count, because=told)
            self.said = Wanted(self._standing.count, told)

    def _count_first(self, seen: int, now_s: float) -> None:
        """A scaler that was started anew begins with those that are there, not with the least."""
        self._seen = max(self._seen, seen)
        if self._seen and self._began_s is None:
            self._began_s = now_s
        if self._began_s is not None and now_s - self._began_s >= LOOKED_S:
            count = min(max(self._seen, self._rules.least), self._rules.most)
            self._standing = Standing(count, now_s)
            self.said = Wanted(count, f"{self._seen} found at the start")


class Scaler:
    """Looks once an interval; `workers` and `relays` are what it says."""

    def __init__(self, settings: ScalerSettings, workers: WorkerReader, relays: RelayReader) -> None:
        self._settings = settings
        self._worker_reader, self._relay_reader = workers, relays
        self._window: deque[Readings] = deque(maxlen=WINDOW)
        self._last_seen_s: dict[str, float] = {}
        self._usual_s = USUAL_S
        self._workers, self._relays = _Sized(settings.workers), _Sized(settings.relays)
        self.looked_at_s: float | None = None
        self.registry = CollectorRegistry()
        self._desired: dict[str, Gauge] = {}
        self._seen = self._gauge("scaler_workers_seen", "Dispatch workers that answered")
        self._behind = self._gauge("scaler_behind_events", "Events behind, of all workers together")
        self._demand = self._gauge("scaler_demand_workers", "Workers that the load would fill entirely")
        self._rate = self._gauge("scaler_events_per_worker_second", "Events a second that one worker folds")

    def _gauge(self, name: str, says: str) -> Gauge:
        return Gauge(f"muster_{name}", says, registry=self.registry)

    @property
    def workers(self) -> Wanted:
        """How many dispatch workers are wanted."""
        return self._workers.said

    @property
    def relays(self) -> Wanted:
        """How many relay nodes are wanted."""
        return self._relays.said

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._settings.scaler_interval_s)

    async def look(self, now_s: float | None = None) -> None:
        """One turn at this moment (the monotonic clock's without it)."""
        found, nodes = await asyncio.gather(self._worker_reader.read(), self._relay_reader.read())
        now_s = time.monotonic() if now_s is None else now_s
        self.looked_at_s = now_s
        self._look_at_workers(found, now_s)
        if self._settings.relays_most:
            demand = relay_demand(nodes or [])
            used, room = sum(node.load for node in nodes or []), sum(node.capacity for node in nodes or [])
            told = f"{used} clients of {room} places"
            self._relays.decide(len(nodes or []), demand, told, now_s)
        self._export_desired("desired_workers", "Dispatch workers that are wanted", self.workers)
        self._export_desired("desired_relays", "Relay nodes that are wanted", self.relays)

    def _export_desired(self, name: str, says: str, wanted: Wanted) -> None:
        """A metric that is not known yet is not there: 0 would be taken for a word."""
        if wanted.count is not None:
            if name not in self._desired:
                self._desired[name] = self._gauge(name, says)
            self._desired[name].set(wanted.count)

    def _look_at_workers(self, found: Readings, now_s: float) -> None:
        for name in found:
            self._last_seen_s[name] = now_s
        silent = [name for name, at_s in self._last_seen_s.items() if name not in found]
        for name in silent:
            if now_s - self._last_seen_s[name] > FORGOTTEN_S:
                del self._last_seen_s[name]
        load = self._load(found)
        # Somebody who was there a moment ago and does not answer may be the one who is behind.
        known = load is not None and not any(name in self._last_seen_s for name in silent)
        demand = load.demand() if load is not None and known else None
        self._export(found, load, demand)
        self._workers.decide(len(found), demand, _told(load, demand), now_s)

    def _load(self, found: Readings) -> FleetLoad | None:
        self._window.append(found)
        load = fleet_load(self._window[0], found, self._usual_s)
        if load is not None:
            self._usual_s = load.seconds_per_event
        return load

    def _export(self, found: Readings, load: FleetLoad | None, demand: Demand | None) -> None:
        self._seen.set(len(found))
        if load is not None and demand is not None:
            self._behind.set(load.behind_events)
            self._demand.set(demand.processes)
            self._rate.set(load.events_per_s_of_one)


def _told(load: FleetLoad | None, demand: Demand | None) -> str:
    if load is None or demand is None:
        return "no load is known"
    return (
        f"the load fills {demand.processes:.2f} workers: {load.folded_per_s:.0f} events a second, "
        f"{load.behind_events:.0f} behind, one worker folds {load.events_per_s_of_one:.0f} a second"
    )
