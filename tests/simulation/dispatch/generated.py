"""Hypothesis strategies: logs of one partition as reality might write them, nonsense included."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from schemas.base import Place
from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision
from schemas.engineers import EngineersMoved, Move, ShiftReported, StatusReported
from schemas.events import RegionEvent
from schemas.incidents import CancelIncident, IncidentReported, IncidentTriaged
from schemas.regions import EngineerRegistered, RegionDefined
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.lifecycle import crew_of
from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import shipped_policy
from services.surge.routing import told_by
from tests.simulation.dispatch.ruled import SHORT_RULES, engineer_rules, report_rules

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
REGIONS = ("R1", "R2")
PRODUCTS = ("core", "radio", "power")
INCIDENTS = tuple(f"I{n}" for n in range(12))
STATUSES = ("acknowledged", "accepted", "declined", "en_route", "on_site", "restored", "resolved")
SHIFTS = ("shift_started", "shift_ended", "break_started", "break_ended")
Draws = tuple[int, ...]


def evenly(width: int, least: int, most: int) -> st.SearchStrategy[list[Draws]]:
    """So many steps of so many numbers, with even chances: a strategy's own favour small ones."""

    def drawn(seed: int) -> list[Draws]:
        rng = Random(seed)
        return [tuple(rng.choices(range(1000), k=width)) for _ in range(rng.randint(least, most))]

    return st.integers(0, 1_000_000).map(drawn)


def stories(least: int, most: int) -> st.SearchStrategy[list[Draws]]:
    """So many steps: half of the stories as hypothesis likes them, small numbers, half with even chances."""
    favoured = st.lists(st.tuples(*[st.integers(0, 999)] * 6), min_size=least, max_size=most)
    return favoured | evenly(6, least, most)


steps = stories(5, 120)
"""One tuple a step; what it means depends on how the fold stands, so that most steps fit and some do not."""


def crowded_policy() -> DispatchPolicy:
    """The default with lists so short that a dozen engineers already overflow them."""
    short = {"shortlist_size": 4, "held_considered": 2, "unreachable_after_s": 90.0}
    return shipped_policy().model_copy(update=short)


@dataclass
class Story:
    """Turns draws into a log while it is folded, since what phones say depends on what was decided."""

    fold: PartitionFold
    engineers: int = 9
    ids: tuple[str, ...] = INCIDENTS
    now: datetime = START
    log: list[Logged] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)

    def tell(self, region: str, event: RegionEvent, event_id: str | None = None) -> list[Decision]:
        """Append the event to the log and fold it."""
        offset = len(self.log)
        logged = Logged(offset, region, "test", event_id or f"e{offset}", event)
        self.log.append(logged)
        decided = self.fold.step(logged)
        self.decisions += decided
        return decided

    def begin(self) -> None:
        """A log, two regions, engineers with and without a registered shift."""
        self.tell("", LogStarted(log="log-1"))
        self.tell("", ClockTicked(now=START))
        for region in REGIONS:
            self.tell(region, RegionDefined(region=region, time_zone="Europe/Lisbon", rules=SHORT_RULES))
        for number in range(self.engineers):
            self.tell("R1", self.engineer(number, number, number))

    def engineer(self, number: int, skill: int, shift: int, region: str = "R1") -> EngineerRegistered:
        """An engineer with one or two skills; every third has no registered shift."""
        skills = {PRODUCTS[skill % 3]: 1 + skill % 5, PRODUCTS[(skill // 3) % 3]: 1 + skill % 4}
        starts = None if shift % 3 == 0 else START + timedelta(minutes=shift % 7)
        ends = START + timedelta(hours=1 + shift % 5) if shift % 4 == 1 else None
        return EngineerRegistered(
            engineer_id=f"E{number % self.engineers}",
            region=region,
            home=_place(number * 37, number * 91),
            skills=skills,
            available_from=starts,
            shift_end=ends,
            **(engineer_rules(number * 7 + shift, skill * 13 + shift, shift, self.now) if shift % 2 else {}),
        )

    def play(self, draws: Draws) -> list[Decision]:
        """One step: time passes, then something is said."""
        what, a, b, c, d, e = draws
        if what % 3 == 0:
            self.now += timedelta(seconds=b % 400)
            self.tell("", ClockTicked(now=self.now if a % 9 else START))
        kind = what % 20
        if kind < 6:
            return self._report(a, b, c, d, e)
        if kind < 14:
            return self._status(a, b, c, d)
        if kind == 14:
            return self._shift(a, b, c)
        if kind == 15:
            cancel = CancelIncident(incident_id=self.ids[a % len(self.ids)], region="R1", by="dispatcher-1")
            return self.tell("R1", cancel)
        if kind == 16:
            return self._move(a, b, c, d)
        if kind == 17:
            home = "R2" if b % 4 == 0 else "R1"
            return self._registered(self.engineer(a % self.engineers, c, d, home))
        return self._again(a)

    def _registered(self, event: EngineerRegistered) -> list[Decision]:
        """Told to the region that has them; whom it lets go the other one takes at once."""
        has = (name for name in REGIONS if event.engineer_id in self.fold.regions[name].engineers)
        decided = self.tell(next(has, "R1"), event)
        for decision in decided:
            for told in told_by(decision):
                decided += self.tell(told.event.region, told.event, told.id)
        return decided

    def _report(self, a: int, b: int, c: int, d: int, e: int) -> list[Decision]:
        reported = self.now - timedelta(minutes=d % 30) + timedelta(hours=2 * (e % 40 == 0))
        report = IncidentReported(
            incident_id=self.ids[a % len(self.ids)],
            reported_at=reported,
            place=_place(b, c),
            tier=("platinum", "gold", "silver")[d % 3],
            product=PRODUCTS[e % 3],
            level=1 + d % 5,
            expected_service_min=None if e % 2 else float(10 + e % 90),
            **report_rules(b, c, d, self.now),
        )
        promised = reported + timedelta(minutes=30 + d % 60)
        region = "R9" if e % 50 == 7 else "R1"
        return self.tell(
            region,
            IncidentTriaged(report=report, region=region, promised_at=promised, placed_by="named"),
        )

    def _status(self, a: int, b: int, c: int, d: int) -> list[Decision]:
        """Mostly the next word about a current assignment; sometimes a stale, foreign or odd one."""
        held = [i for i in self.fold.regions["R1"].incidents.values() if i.engineer_id is not None]
        if not held or d % 8 == 0:
            name, who, epoch = self.ids[a % len(self.ids)], f"E{b % self.engineers}", c % 4
        else:
            incident = held[a % len(held)]
            crew = crew_of(self.fold.regions["R1"], incident)
            name, who, epoch = incident.incident_id, crew[b // 7 % len(crew)].engineer_id, incident.epoch
            epoch -= d % 11 == 1
        seq = self.seqs[who] = self.seqs.get(who, 0) + 1
        return self.tell(
            "R1",
            StatusReported(
                engineer_id=who,
                device_seq=seq if b % 9 else max(0, seq - 1 - b % 3),
                occurred_at=self.now - timedelta(seconds=c % 300),
                incident_id=name,
                epoch=max(0, epoch),
                status=STATUSES[b % 7],
                place=_place(c, d) if c % 5 == 0 else None,
            ),
        )

    def _shift(self, a: int, b: int, c: int) -> list[Decision]:
        who = f"E{a % (self.engineers + 1)}"
        seq = self.seqs[who] = self.seqs.get(who, 0) + 1
        change: Any = SHIFTS[b % 4]
        place = _place(b, c) if c % 2 else None
        event = ShiftReported(
            engineer_id=who, device_seq=seq, occurred_at=self.now, change=change, place=place
        )
        return self.tell("R1", event)

    def _move(self, a: int, b: int, c: int, d: int) -> list[Decision]:
        names = [f"E{(a + n) % (self.engineers + 1)}" for n in range(1 + d % 5)]
        fixed = self.now - timedelta(seconds=c % 60)
        moves = [Move(engineer_id=n, lat=38 + b / 5000, lon=-9 + c / 5000, fixed_at=fixed) for n in names]
        return self.tell("R1", EngineersMoved(region="R1", moves=moves))

    def _again(self, a: int) -> list[Decision]:
        """The same event once more, under its old id."""
        old = self.log[a % len(self.log)]
        return self.tell(old.region, old.event, old.id)

    def decides_on_after_a_restore(self, cut: int) -> None:
        """Rule: restored from a snapshot anywhere, the fold decides as if it had never stopped."""
        cut %= len(self.log) + 1
        fold = PartitionFold(self.fold.policy)
        for logged in self.log[:cut]:
            fold.step(logged)
        snapshot = fold.snapshot()
        again = PartitionFold.restore(snapshot, self.fold.policy)
        assert again.snapshot() == snapshot
        rest = [decision for logged in self.log[cut:] for decision in again.step(logged)]
        assert rest == [d for d in self.decisions if d.offset >= cut]
        assert again.digest() == self.fold.digest()


def _place(a: int, b: int) -> Place:
    return Place(lat=38 + (a % 1000) / 2500, lon=-9 + (b % 1000) / 2500)


def story(policy: DispatchPolicy | None = None) -> Story:
    """A story that has begun."""
    told = Story(PartitionFold(policy or crowded_policy()))
    told.begin()
    return told
