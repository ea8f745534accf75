"""A region at work, made of events: engineers spread over it, half of them busy, and 20 incidents waiting."""

from __future__ import annotations

import random
from collections import deque
from datetime import UTC, datetime, timedelta

from schemas.base import Place
from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision
from schemas.engineers import EngineersMoved, Move, PhoneStatus, StatusReported
from schemas.events import RegionEvent
from schemas.incidents import CancelIncident, IncidentReported, IncidentTriaged
from schemas.regions import EngineerRegistered, RegionDefined
from services.dispatch.fold import Logged, PartitionFold

REGION = "R1"
RARE, COMMON = "core-router", ("fibre", "radio", "power", "cabinet", "copper")
RARE_SHARE = 0.1
"""Engineers who have the rare skill: all of them are on site, and incidents wait for them."""
COMMON_BUSY_SHARE = 0.3
WAITING = 20
LIFE: tuple[PhoneStatus, ...] = ("acknowledged", "accepted", "en_route", "on_site")
END: tuple[PhoneStatus, ...] = ("restored", "resolved")
MOVED_AT_ONCE = 50


class RegionAtWork:
    """One fold with `engineers` engineers; who is given an event folds it."""

    def __init__(self, engineers: int, seed: int) -> None:
        self.chance = random.Random(f"{seed}/{engineers}")
        self.fold = PartitionFold()
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.size = engineers
        self._offset = 0
        self._count = 0
        self._device_seq: dict[str, int] = {}
        self.rare_at_work: deque[Decision] = deque()
        self._open()

    def logged(self, event: RegionEvent, region: str = REGION) -> Logged:
        """The event at the log's next place."""
        self._offset += 1
        return Logged(self._offset, region, "bench", f"e-{self._offset}", event)

    def tell(self, event: RegionEvent, region: str = REGION) -> list[Decision]:
        """Fold an event, untimed."""
        return self.fold.step(self.logged(event, region))

    def tick(self, seconds: float) -> None:
        """Let the log's time go on."""
        self.tell(self.next_tick(seconds), "")

    def next_tick(self, seconds: float) -> ClockTicked:
        """The clock, so much later."""
        self.now += timedelta(seconds=seconds)
        return ClockTicked(now=self.now)

    def place(self) -> Place:
        """Anywhere in a region of about 90 x 110 km."""
        return Place(lat=38.3 + self.chance.random(), lon=-9.2 + self.chance.random())

    def report(self, product: str, level: int = 1) -> IncidentTriaged:
        """A new incident somewhere."""
        self._count += 1
        incident = IncidentReported(
            incident_id=f"I{self._count}",
            reported_at=self.now,
            place=self.place(),
            tier=self.chance.choice(("platinum", "gold", "silver", "silver")),
            product=product,
            level=level,
        )
        promised_at = self.now + timedelta(hours=4)
        return IncidentTriaged(report=incident, region=REGION, promised_at=promised_at, placed_by="named")

    def status(self, assigned: Decision, status: PhoneStatus) -> StatusReported:
        """The phone of an assignment says how it stands."""
        assert assigned.engineer_id
        assert assigned.incident_id
        seq = self._device_seq[assigned.engineer_id] = self._device_seq.get(assigned.engineer_id, 0) + 1
        return StatusReported(
            engineer_id=assigned.engineer_id,
            device_seq=seq,
            occurred_at=self.now,
            incident_id=assigned.incident_id,
            epoch=assigned.epoch or 0,
            status=status,
        )

    def moves(self) -> EngineersMoved:
        """A batch of fixes, as the location feed sends them: as many whatever the region's size."""
        names = self.chance.sample(range(self.size), min(MOVED_AT_ONCE, self.size))
        moved = [
            Move(engineer_id=f"E{name}", lat=place.lat, lon=place.lon, fixed_at=self.now)
            for name in names
            for place in (self.place(),)
        ]
        return EngineersMoved(region=REGION, moves=moved)

    def _open(self) -> None:
        self.tell(LogStarted(log=f"bench-{self.size}"), "")
        self.tick(1)
        self.tell(RegionDefined(region=REGION))
        for number in range(self.size):
            skilled = [RARE] if number < self.size * RARE_SHARE else self.chance.sample(COMMON, 2)
            self.tell(
                EngineerRegistered(
                    engineer_id=f"E{number}",
                    region=REGION,
                    home=self.place(),
                    skills={product: self.chance.randint(2, 5) for product in skilled},
                    available_from=self.now,
                )
            )
        self.tick(1)

    def busy_share(self) -> list[str]:
        """Products of the incidents that bring the region to its usual load."""
        rare = [RARE] * (int(self.size * RARE_SHARE))
        common = [
            self.chance.choice(COMMON) for _ in range(int(self.size * (1 - RARE_SHARE) * COMMON_BUSY_SHARE))
        ]
        return rare + common

    def put_to_work(self, product: str) -> None:
        """Report an incident and let whoever is sent arrive."""
        decisions = self.tell(self.report(product))
        for decision in decisions:
            if decision.kind == "assigned":
                for status in LIFE:
                    self.tell(self.status(decision, status))
                if product == RARE:
                    self.rare_at_work.append(decision)
        if self._count % 100 == 0:
            self.tick(1)

    def let_wait(self) -> None:
        """Bring the number of those who wait to 20: report what nobody is free for, or call some off."""
        for _ in range(WAITING - len(self.waiting)):
            self.tell(self.report(RARE))
        for incident_id in self.waiting[WAITING:]:
            self.tell(CancelIncident(incident_id=incident_id, region=REGION, by="bench"))

    @property
    def waiting(self) -> list[str]:
        """Incidents that wait, the oldest first."""
        incidents = self.fold.regions[REGION].incidents.values()
        return [incident.incident_id for incident in incidents if incident.state == "waiting"]
