"""Replay: a scenario and its phones in virtual time against the same fold as live, without a broker.

Nothing looks ahead: a report is read when its moment has come, ticks lie on the grid of whole minutes from
the first report's minute (while something is open) and at the instants of events.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.decisions import Decision
from schemas.engineers import EngineersMoved, Move, PositionReported, StatusReported
from schemas.events import RegionEvent
from schemas.topics import partition_of
from services.dispatch.fold import PartitionFold, UnexplainedFold
from services.dispatch.policy import DispatchPolicy
from services.simulation.jobs import is_told
from services.simulation.journeys import Leg
from services.simulation.lending import Lending
from services.simulation.partitions import Partitions, Watch
from services.simulation.phone import Phone, Said
from services.simulation.placing import Letter, place_report
from services.simulation.profiles import STEADY, PhoneProfile
from services.simulation.scenarios import Scenario
from services.surge.policy import LendingPolicy

TICK = timedelta(seconds=60)
PATIENCE = timedelta(hours=24)
"""So long after the last progress, and with nobody due to start, an incident counts as never to be served."""
HARD_STOP = timedelta(days=30)
"""And whatever phones still do, no replay runs longer than this after the last report."""
PROGRESS = frozenset({"queued", "assigned", "on_site", "restored", "resolved", "cancelled"})

Happening = tuple[str, str, str, RegionEvent]
"""region, source, id, event"""


@dataclass(slots=True)
class Outcome:
    """What a replay brought: decisions by (decided_at, region, offset, n), journeys, what was left."""

    incidents: int
    decisions: list[Decision] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    dead_letters: list[Letter] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    step_ns: list[int] = field(default_factory=list)
    first_report: datetime | None = None
    last_resolved: datetime | None = None


class Replay:
    """One run of a scenario. `watch` sees each step's decisions, `progress` the count closed."""

    def __init__(
        self,
        scenario: Scenario,
        policy: DispatchPolicy | None = None,
        profile: PhoneProfile = STEADY,
        seed: int = 0,
        watch: Watch | None = None,
        progress: Callable[[int], None] | None = None,
        fold: type[PartitionFold] = UnexplainedFold,
        lending: LendingPolicy | None = None,
    ) -> None:
        self._scenario = scenario
        self._profile = profile
        self._seed = seed
        self._progress = progress
        self._partitions = Partitions(policy, seed, watch, fold)
        self._lending = None if lending is None else Lending(lending, self._partitions)
        self._regions = {region.region: region for region in scenario.regions}
        self._phones: dict[str, Phone] = {}
        self._due: list[tuple[datetime, str]] = []
        self._next_report = 0
        self._open: dict[str, int] = {}
        self._closed = 0
        self._moves: dict[str, dict[str, Move]] = {}
        self._outcome = Outcome(incidents=len(scenario.reports))
        self._now: datetime | None = None

    def run(self) -> Outcome:
        """Play the scenario to its end, or until nobody can ever serve the rest."""
        if not self._scenario.reports:
            return self._outcome
        self.play_until(None)
        return self._finish()

    def play_until(self, moment: datetime | None) -> list[PartitionFold]:
        """Play on, up to what happens at `moment` (None: to the end); the folds as they then stand.

        They go on with the next call: whoever wants to keep one takes its snapshot.
        """
        now = self._now or self._begin()
        while (instant := self._next_instant(now)) is not None and (moment is None or instant < moment):
            now = instant
            self._play(now)
        self._now = now
        return list(self._partitions.folds.values())

    def _begin(self) -> datetime:
        """Everybody is known before the first report."""
        reports = self._scenario.reports
        self._outcome.first_report = reports[0].reported_at
        now = reports[0].reported_at.replace(second=0, microsecond=0)
        self._last_progress = now
        self._known_until = max(
            (engineer.available_from or now for engineer in self._scenario.engineers), default=now
        )
        self._register(now)
        return now

    def _register(self, now: datetime) -> None:
        """Regions and engineers stand in the log before the first report."""
        for region in self._scenario.regions:
            self._happen([(region.region, "gateway", f"region/{region.region}", region)], now)
        for engineer in self._scenario.engineers:
            terms = self._regions[engineer.region].terms
            chance = random.Random(f"{self._seed}/{engineer.engineer_id}")
            truth = self._scenario.service_min.__getitem__
            phone = Phone(engineer, terms, self._profile, chance, truth, starts_at=now)
            self._phones[engineer.engineer_id] = phone
            self._remind(phone)
            name = f"engineer/{engineer.engineer_id}"
            self._happen([(engineer.region, "gateway", name, engineer)], now)

    def _next_instant(self, now: datetime) -> datetime | None:
        """The next moment at which something happens; None at the end."""
        reports = self._scenario.reports
        coming = reports[self._next_report].reported_at if self._next_report < len(reports) else None
        if coming is None and self._over(now):
            return None
        while self._due and self._phones[self._due[0][1]].due() != self._due[0][0]:
            heapq.heappop(self._due)
        moments = [coming] if coming is not None else []
        if self._due:
            moments.append(self._due[0][0])
        if self._open:
            moments.append(now.replace(second=0, microsecond=0) + TICK)
        return max(now, min(moments)) if moments else None

    def _over(self, now: datetime) -> bool:
        """With no report to come: nothing is open or can ever be served, and no phone has anything left."""
        last = max(self._scenario.reports[-1].reported_at, self._known_until)
        if now > last + HARD_STOP:
            return True
        given_up = now > max(self._last_progress, self._known_until) + PATIENCE
        return (not self._open or given_up) and not any(phone.busy for phone in self._phones.values())

    def _play(self, now: datetime) -> None:
        """One instant: the clock where something is open, phones in order of their ids, then reports."""
        if now == now.replace(second=0, microsecond=0):
            for partition in sorted(set(self._open.values())):
                self._answer(self._partitions.tick(partition, now), now)
            if self._lending is not None and self._lending.due(now):
                self._lend(now)
        while self._due and self._due[0][0] <= now:
            _, engineer_id = heapq.heappop(self._due)
            phone = self._phones[engineer_id]
            self._happen(self._heard(phone, phone.advance(now)), now)
            self._remind(phone)
        reports = self._scenario.reports
        while self._next_report < len(reports) and reports[self._next_report].reported_at <= now:
            report = reports[self._next_report]
            self._next_report += 1
            placed = place_report(report, self._regions)
            if isinstance(placed, Letter):
                self._outcome.dead_letters.append(placed)
            else:
                self._happen([(placed.region, "gateway", f"report/{report.incident_id}", placed)], now)
        self._move(now)

    def _lend(self, now: datetime) -> None:
        """Every region says how it stands; what the coordinator makes of it enters the logs."""
        assert self._lending is not None
        for region in sorted(self._regions):
            self._answer(self._partitions.tick(partition_of(region), now), now)
        for load in self._lending.loads(now):
            self._happen(self._lending.heard(load), now)

    def _move(self, now: datetime) -> None:
        """The location feed: the newest fix of each engineer, one batch a region."""
        moves, self._moves = self._moves, {}
        for region in sorted(moves):
            batch = [moves[region][engineer_id] for engineer_id in sorted(moves[region])]
            name = f"moved/{region}/{now.timestamp():.3f}"
            event = EngineersMoved(region=region, moves=batch)
            self._happen([(region, "location-feed", name, event)], now)

    def _happen(self, happenings: list[Happening], now: datetime) -> None:
        """Write events to the log one by one; what phones say to the decisions comes before the next."""
        waiting = deque(happenings)
        while waiting:
            region, source, event_id, event = waiting.popleft()
            decided = self._partitions.append(region, source, event_id, event, now)
            waiting.extendleft(reversed(self._told(decided, now)))

    def _answer(self, decided: list[Decision], now: datetime) -> None:
        self._happen(self._told(decided, now), now)

    def _told(self, decided: list[Decision], now: datetime) -> list[Happening]:
        """Decisions reach the phones; returns what the phones say at once."""
        said: list[Happening] = []
        self._outcome.decisions.extend(decided)
        for decision in decided:
            self._note(decision, now)
            if self._lending is not None:
                said += self._lending.told(decision)
            phone = self._phones.get(decision.engineer_id or "")
            if phone is not None and is_told(decision):
                phone.region = decision.region
                said += self._heard(phone, phone.told(decision, now))
                self._remind(phone)
        return said

    def _note(self, decision: Decision, now: datetime) -> None:
        if decision.kind in PROGRESS:
            self._last_progress = now
        if decision.incident_id is None:
            return
        if decision.kind == "queued":
            self._open.setdefault(decision.incident_id, partition_of(decision.region))
        elif decision.kind in ("resolved", "cancelled"):
            self._open.pop(decision.incident_id, None)
            self._closed += 1
            self._outcome.last_resolved = decision.occurred_at or decision.decided_at
            if self._progress is not None:
                self._progress(self._closed)

    def _heard(self, phone: Phone, said: list[Said]) -> list[Happening]:
        """What a phone said as events of its region; positions wait for the instant's batch."""
        heard: list[Happening] = []
        for word in said:
            if isinstance(word, PositionReported):
                self._moves.setdefault(phone.region, {})[word.engineer_id] = Move(
                    **word.model_dump(exclude={"accuracy_m"})
                )
            else:
                heard.append((phone.region, *_signed(word)))
        return heard

    def _remind(self, phone: Phone) -> None:
        if (when := phone.due()) is not None:
            heapq.heappush(self._due, (when, phone.engineer_id))

    def _finish(self) -> Outcome:
        outcome = self._outcome
        outcome.decisions.sort(key=lambda d: (d.decided_at, d.region, d.offset, d.n))
        outcome.legs = [leg for phone in self._phones.values() for leg in phone.legs]
        outcome.unserved = sorted(self._open)
        outcome.step_ns = self._partitions.step_ns
        return outcome


def _signed(status: StatusReported) -> tuple[str, str, StatusReported]:
    """Source and id of a phone's event: the device and its own number, the same at every delivery."""
    return (
        f"phone/{status.engineer_id}",
        f"{status.engineer_id}/{status.device_id}/{status.device_seq}",
        status,
    )
