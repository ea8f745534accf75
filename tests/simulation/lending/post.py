"""Three regions that reach each other only by post: letters get lost, doubled, overtaken; regions crash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.base import Place
from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision
from schemas.engineers import ShiftReported, StatusReported
from schemas.events import RegionEvent
from schemas.exercises import exercise_of
from schemas.incidents import IncidentReported, IncidentTriaged
from schemas.lending import FOR_GOOD, CommitLoan, EngineerHandedOver, ExtendLoan, Loan, RecallLoan
from schemas.regions import EngineerRegistered, RegionDefined
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.invariants import broken_invariants
from services.simulation.lending_checker import Moves
from services.surge.routing import told_by

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
REGIONS = ("R1", "R2", "R3")
EACH = 6
ENGINEERS = tuple(f"{region}-{number}" for region in REGIONS for number in range(EACH))
PLACES = dict(
    zip(REGIONS, (Place(lat=38, lon=-9), Place(lat=38.4, lon=-9), Place(lat=38, lon=-8.5)), strict=True)
)
PLACES |= {exercise_of(region): place for region, place in PLACES.items()}

Letter = tuple[str, str, str, RegionEvent]
"""region, source, id, event"""


class Region:
    """A fold with its log; it can crash, and then begins again at its last snapshot."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fold = PartitionFold()
        self.log: list[Logged] = []
        self.snapshot = self.fold.snapshot()
        self.told("", "log", "log", LogStarted(log=f"log-{name}"))

    def told(self, region: str, source: str, event_id: str, event: RegionEvent) -> list[Decision]:
        """Write an event to the log and fold it."""
        logged = Logged(len(self.log), region, source, event_id, event)
        self.log.append(logged)
        return self.fold.step(logged)

    def crash(self) -> list[Decision]:
        """A new owner folds on from the snapshot, and says again whatever had been decided since."""
        self.fold = PartitionFold.restore(self.snapshot)
        return [d for logged in self.log[self.fold.next_offset :] for d in self.fold.step(logged)]


class Country:
    """The regions, the letters under way, and the moves that a test draws."""

    names: tuple[str, ...] = REGIONS
    engineers: tuple[str, ...] = ENGINEERS
    prefix = ""
    """Of every incident's name."""

    def __init__(self) -> None:
        self.now = START
        self.born = {name: self.names[at // EACH] for at, name in enumerate(self.engineers)}
        self.regions = {name: Region(name) for name in self.names}
        self.letters: list[Letter] = []
        self.moves = Moves()
        self.loans: list[Loan] = []
        self.moved: dict[tuple[str, int], str] = {}
        """By engineer and owner epoch: the region with which they were registered then."""
        self.seqs: dict[str, int] = {}
        self.count = 0
        for name in self.names:
            self.tick(name, 0)
            self.post(name, RegionDefined(region=name))
        for name in self.engineers:
            self.post(self.home(name), registered(name, self.home(name)))
        self.tick_all(1)

    def post(self, region: str, event: RegionEvent, event_id: str | None = None) -> list[Decision]:
        """Tell a region something; what it decides for another is posted."""
        self.count += 1
        decided = self.regions[region].told(region, "test", event_id or f"e{self.count}", event)
        self.send(decided)
        return decided

    def send(self, decided: Iterable[Decision]) -> None:
        """Put what the other regions must hear into the post."""
        for decision in decided:
            self.moves.saw(decision)
            for name, event in told_by(decision):
                if isinstance(event, EngineerHandedOver) and event.loan.authority == FOR_GOOD:
                    self.moved[event.loan.engineer_id, event.loan.owner_epoch] = event.region
                self.letters.append((event.region, f"dispatch/{decision.region}", name, event))

    def deliver(self, at: int, keep: bool = False) -> None:
        """Let one letter arrive, out of its turn; `keep`: it will come again."""
        if self.letters:
            letter = self.letters[at % len(self.letters)]
            if not keep:
                self.letters.remove(letter)
            self.send(self.regions[letter[0]].told(*letter))

    def lose(self, at: int) -> None:
        """A letter is never heard of again."""
        if self.letters:
            del self.letters[at % len(self.letters)]

    def tick(self, region: str, minutes: float) -> None:
        """Time passes; the region hears of it, the others later."""
        self.now += timedelta(minutes=minutes)
        self.count += 1
        self.send(self.regions[region].told("", "clock", f"t{self.count}", ClockTicked(now=self.now)))

    def tick_all(self, minutes: float) -> None:
        """Time passes for everybody."""
        self.now += timedelta(minutes=minutes)
        for name in self.names:
            self.tick(name, 0)

    def crash(self, region: str) -> None:
        """A worker dies; its decisions since the snapshot are said again."""
        self.send(self.regions[region].crash())

    def save(self, region: str) -> None:
        """The region's worker writes a snapshot."""
        self.regions[region].snapshot = self.regions[region].fold.snapshot()

    def commit(self, engineer_id: str, to_region: str, hours: int, stale: int) -> None:
        """Somebody lends an engineer, rightly or not; `stale` makes the plan an old one."""
        holder = self.holder(engineer_id)
        epoch = 0 if holder is None else holder.fold.regions[holder.name].engineers[engineer_id].owner_epoch
        loan = Loan(
            loan_id=f"loan-{len(self.loans)}",
            engineer_id=engineer_id,
            home_region=self.home(engineer_id),
            to_region=to_region,
            owner_epoch=max(0, epoch + 1 - stale),
            until=self.now + timedelta(hours=hours),
            staging=PLACES[to_region],
            authority="test",
        )
        self.loans.append(loan)
        self.post(loan.home_region, CommitLoan(region=loan.home_region, loan=loan))

    def home(self, engineer_id: str) -> str:
        """Where they belong: with whom they were registered last, as far as anybody let them go for it."""
        epochs = [epoch for name, epoch in self.moved if name == engineer_id]
        return self.moved[engineer_id, max(epochs)] if epochs else self.born[engineer_id]

    def move_house(self, engineer_id: str, to_region: str, said_to: int) -> None:
        """Somebody is registered with a region from now on: said to one that has them, or has had them."""
        knowing = [
            region
            for region in self.regions.values()
            for state in (region.fold.regions[region.name],)
            if engineer_id in state.engineers or engineer_id in state.handed_over
        ]
        told = knowing[said_to % len(knowing)].name if knowing else self.home(engineer_id)
        self.post(told, registered(engineer_id, to_region))

    def commit_again(self, at: int) -> None:
        """The same commitment reaches the home region twice."""
        if self.loans:
            loan = self.loans[at % len(self.loans)]
            self.post(loan.home_region, CommitLoan(region=loan.home_region, loan=loan))

    def extend(self, at: int, hours: int) -> None:
        """A loan runs on."""
        if self.loans:
            loan = self.loans[at % len(self.loans)]
            until = self.now + timedelta(hours=hours)
            self.post(loan.to_region, _extend(loan, until))

    def recall(self, at: int) -> None:
        """An engineer is called home."""
        if self.loans:
            loan = self.loans[at % len(self.loans)]
            self.post(loan.to_region, _recall(loan))

    def report(self, region: str) -> None:
        """Work comes in."""
        self.count += 1
        name = f"{self.prefix}I{self.count}"
        report = IncidentReported(
            incident_id=name, reported_at=self.now, place=PLACES[region], tier="gold", product="core"
        )
        promised_at = self.now + timedelta(hours=2)
        triaged = IncidentTriaged(report=report, region=region, promised_at=promised_at, placed_by="named")
        self.post(region, triaged)

    def work_on(self, engineer_id: str, status: Any) -> None:
        """Whoever has work says how it stands."""
        holder = self.holder(engineer_id)
        if holder is None:
            return
        state = holder.fold.regions[holder.name]
        incident = state.incidents.get(state.engineers[engineer_id].incident_id or "")
        if incident is None:
            return
        self.seqs[engineer_id] = self.seqs.get(engineer_id, 0) + 1
        word = StatusReported(
            engineer_id=engineer_id,
            device_seq=self.seqs[engineer_id],
            occurred_at=self.now,
            incident_id=incident.incident_id,
            epoch=incident.epoch,
            status=status,
        )
        self.post(holder.name, word)

    def rest(self, engineer_id: str, change: Any) -> None:
        """A break or a shift begins or ends, wherever they are."""
        holder = self.holder(engineer_id)
        if holder is not None:
            self.seqs[engineer_id] = self.seqs.get(engineer_id, 0) + 1
            seq = self.seqs[engineer_id]
            word = ShiftReported(engineer_id=engineer_id, device_seq=seq, occurred_at=self.now, change=change)
            self.post(holder.name, word)

    def holder(self, engineer_id: str) -> Region | None:
        """The region that has the engineer; None while they are between two."""
        holders = [r for r in self.regions.values() if engineer_id in r.fold.regions[r.name].engineers]
        assert len(holders) < 2, f"{engineer_id} is in {[r.name for r in holders]}"
        return holders[0] if holders else None

    def check(self) -> None:
        """One owner at every moment, in every region's own account, and every region sound."""
        for region in self.regions.values():
            broken = broken_invariants(region.fold.regions[region.name])
            assert not broken, f"{region.name}: {broken}"
        for engineer_id in self.engineers:
            self.owner(engineer_id)

    def owner(self, engineer_id: str) -> str:
        """Who owns the engineer: the region named under the highest epoch that anybody has decided."""
        named: dict[int, set[str]] = {}
        for region in self.regions.values():
            state = region.fold.regions[region.name]
            if engineer_id in state.engineers:
                named.setdefault(state.engineers[engineer_id].owner_epoch, set()).add(region.name)
            if engineer_id in state.handed_over:
                gone = state.handed_over[engineer_id]
                named.setdefault(gone.owner_epoch, set()).add(gone.to_region)
        assert named, f"nobody owns {engineer_id}"
        newest = named[max(named)]
        assert len(newest) == 1, f"{engineer_id} belongs to {sorted(newest)} under one epoch"
        holder = self.holder(engineer_id)
        assert holder is None or {holder.name} == newest
        return newest.pop()

    def heal(self) -> None:
        """From now on all letters arrive and everybody finishes their work."""
        for _ in range(60):
            self.tick_all(30)
            while self.letters:
                self.deliver(0)
            for engineer_id in self.engineers:
                self.rest(engineer_id, "break_ended")
                self.work_on(engineer_id, "resolved")
            self.check()


def registered(engineer_id: str, region: str) -> EngineerRegistered:
    """Somebody belongs to a region, on shift since the start."""
    return EngineerRegistered(
        engineer_id=engineer_id,
        region=region,
        home=PLACES[region],
        skills={"core": 3},
        available_from=START,
    )


def _extend(loan: Loan, until: datetime) -> ExtendLoan:
    return ExtendLoan(region=loan.to_region, loan_id=loan.loan_id, engineer_id=loan.engineer_id, until=until)


def _recall(loan: Loan) -> RecallLoan:
    return RecallLoan(region=loan.to_region, loan_id=loan.loan_id, engineer_id=loan.engineer_id)
