"""A region under all its rules, told by draws: phones that mostly do as told, dispatchers who do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from schemas.base import Place
from schemas.clock import ClockTicked, LogStarted
from schemas.commands import (
    AssignIncident,
    ConfirmSuggestion,
    LockIncident,
    SetModes,
    UnlockIncident,
)
from schemas.decisions import Decision
from schemas.engineers import StatusReported
from schemas.events import RegionEvent
from schemas.incidents import IncidentTriaged
from schemas.regions import EngineerRegistered, RegionDefined, RegionRules
from services.dispatch.fold import PartitionFold
from services.dispatch.lifecycle import crew_of
from services.dispatch.state import Incident
from services.simulation.checkers import Invariants
from services.simulation.rule_checkers import HardRules
from tests.simulation.dispatch.generated import PRODUCTS, STATUSES, Draws, Story, crowded_policy
from tests.simulation.dispatch.ruled import SHORT_RULES, engineer_rules

NEXT = {"assigned": 0, "accepted": 3, "en_route": 4, "on_site": 5, "restored": 6}
AboutIncident = AssignIncident | LockIncident | UnlockIncident | ConfirmSuggestion
IDS = tuple(f"I{n}" for n in range(200))
KINDS = ("time", "range", "engineer", "both")
MODES = ("shadow", "suggest", "automatic")


@dataclass
class RuledStory(Story):
    """A story whose every event and decision is seen by the checkers."""

    hours: RegionRules = SHORT_RULES
    rules: HardRules = field(default_factory=HardRules)
    invariants: Invariants = field(default_factory=Invariants)

    def tell(self, region: str, event: RegionEvent, event_id: str | None = None) -> list[Decision]:
        """Fold the event, and have everything checked."""
        self.rules.told(event.report if isinstance(event, IncidentTriaged) else event)
        decided = super().tell(region, event, event_id)
        lock = event if isinstance(event, LockIncident | UnlockIncident) else None
        for decision in decided:
            self.rules.saw(decision, lock)
            self.invariants.saw(decision)
        return decided

    def begin(self) -> None:
        """One region with short working hours, everybody on shift."""
        self.tell("", LogStarted(log="log-1"))
        self.tell("", ClockTicked(now=self.now))
        self.tell("R1", RegionDefined(region="R1", time_zone="Europe/Lisbon", rules=self.hours))
        for number in range(self.engineers):
            self.tell("R1", self.on_shift(number))
        self.wait(1)

    def on_shift(self, number: int) -> EngineerRegistered:
        """An engineer with odd rules, whose shift began with the story."""
        return EngineerRegistered(
            engineer_id=f"E{number}",
            region="R1",
            home=Place(lat=38 + number / 100, lon=-9),
            skills={"core": 1 + number % 5, PRODUCTS[number % 3]: 3},
            available_from=self.now,
            shift_end=None if number % 3 else self.now + timedelta(hours=3),
            **engineer_rules(number + 1, number, number * 2, self.now),
        )

    def wait(self, minutes: float) -> None:
        """Let time pass, a tick each three minutes."""
        until = self.now + timedelta(minutes=minutes)
        while self.now < until:
            self.now = min(until, self.now + timedelta(minutes=3))
            self.tell("", ClockTicked(now=self.now))

    def play(self, draws: Draws) -> list[Decision]:
        """One step: a report, the next word of a phone, a person's command, or time."""
        what, a, b, c, d, e = draws
        self.wait(a % 5 / 2)
        kind = what % 20
        if kind < 4:
            return self._report(a, b, c, d - d % 5 + d % 2, 1 + e % 6)
        if kind < 13:
            return self._next_word(a, b, c)
        if kind < 16:
            return self._person(a, b, c, d)
        if kind == 16:
            self.wait(20)
            return []
        return super().play((what, a, b, c, d, e) if kind > 17 else (14, a, b, c, d, e))

    def _next_word(self, a: int, b: int, c: int) -> list[Decision]:
        """What the phone of somebody with work says next; now and then it declines."""
        region = self.fold.regions["R1"]
        busy = [i for i in region.incidents.values() if i.engineer_id is not None]
        if not busy:
            self.wait(1)
            return []
        incident = busy[a % len(busy)]
        crew = crew_of(region, incident)
        engineer = crew[b % len(crew)]
        stage = incident.crew_stages.get(engineer.engineer_id, -1)
        word = (*STATUSES[:2], *STATUSES[3:])[min(stage + 1, 5)] if incident.crew_stages else None
        word = (
            word or STATUSES[NEXT[incident.state] + (incident.acknowledged and incident.state == "assigned")]
        )
        seq = self.seqs[engineer.engineer_id] = self.seqs.get(engineer.engineer_id, 0) + 1
        return self.tell(
            "R1",
            StatusReported(
                engineer_id=engineer.engineer_id,
                device_seq=seq,
                occurred_at=self.now,
                incident_id=incident.incident_id,
                epoch=incident.epoch,
                status="declined" if c % 12 == 0 else word,
            ),
        )

    def _person(self, a: int, b: int, c: int, d: int) -> list[Decision]:
        """A command of a dispatcher about some incident, or of a lead about the modes."""
        if d % 12 == 0:
            tier = ("platinum", "gold", "silver")[a % 3]
            return self.tell("R1", SetModes(region="R1", modes={tier: MODES[b % 3]}, by="lead-1"))
        region = self.fold.regions["R1"]
        names = sorted(region.incidents) or [IDS[a % len(IDS)]]
        name = names[a % len(names)]
        said: Callable[..., AboutIncident] = (self._assign, self._lock, self._unlock, self._confirm)[b % 4]
        return self.tell("R1", said(name, region.incidents.get(name), c, d))

    def _some(self, incident: Incident | None, c: int) -> list[str]:
        count = 1 if incident is None else incident.crew
        return list(dict.fromkeys(f"E{(c + n * 2) % self.engineers}" for n in range(count)))

    def _assign(self, name: str, incident: Incident | None, c: int, _d: int) -> AssignIncident:
        who = self._some(incident, c)
        return AssignIncident(incident_id=name, region="R1", by="d-1", engineer_ids=who, reason="why not")

    def _lock(self, name: str, incident: Incident | None, c: int, d: int) -> LockIncident:
        start = self.now + timedelta(minutes=c % 50 - 5)
        kind = KINDS[d % 4]
        return LockIncident(
            incident_id=name,
            region="R1",
            by="d-1",
            kind=kind,
            engineer_ids=self._some(incident, c) if kind in ("engineer", "both") else [],
            start_from=start,
            start_to=start + timedelta(minutes=d % 40 - 3),
            reason="agreed",
        )

    def _unlock(self, name: str, _incident: Incident | None, _c: int, _d: int) -> UnlockIncident:
        return UnlockIncident(incident_id=name, region="R1", by="d-1")

    def _confirm(self, name: str, incident: Incident | None, c: int, _d: int) -> ConfirmSuggestion:
        who = (incident.suggested if incident else None) or self._some(incident, c)
        epoch = None if incident is None else incident.epoch
        return ConfirmSuggestion(incident_id=name, region="R1", by="d-1", engineer_ids=who, epoch=epoch)


SHORT_WEEK = SHORT_RULES.model_copy(update={"week_max_min": 60.0})
SUNDAY_NIGHT = datetime(2026, 3, 8, 22, 40, tzinfo=UTC)


def ruled_story(*, short_week: bool = False) -> RuledStory:
    """A story that has begun; in a short week an hour of work is left, and Monday is 80 minutes off."""
    policy = crowded_policy().model_copy(
        update={"unreachable_after_s": 900.0, "churn_price_weighted_min": 2.0}
    )
    told = RuledStory(PartitionFold(policy), engineers=8, ids=IDS)
    if short_week:
        told.hours, told.now = SHORT_WEEK, SUNDAY_NIGHT
    told.begin()
    return told
