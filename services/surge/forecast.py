"""What a region must expect, from the loads it has published: rates, a surge, engineers needed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.lending import RegionLoad
from services.dispatch.moments import minutes_ms, to_ms
from services.surge.alerts import USUAL, in_force, learned_permille, said_permille
from services.surge.course import SLOT_MS, SLOTS, Course
from services.surge.policy import LendingPolicy

KEPT_MS = minutes_ms(24 * 60)
ALWAYS_MS = minutes_ms(7 * 24 * 60)
HOUR_MS = minutes_ms(60)
SOONEST_MS = minutes_ms(10)


@dataclass(slots=True)
class Mean:
    """What a mean hour of the day brings, outside of surges: reports x 1000, work, and weighed time (ms)."""

    reports: int = 0
    work_ms: int = 0
    weight: int = 0

    def learn(self, reports: int, work_ms: int, weight: int, memory_ms: int) -> None:
        """Take in what came in a time of this weight; what lies further back than `memory_ms` fades."""
        kept = max(0, 1000 - 1000 * weight // memory_ms)
        self.reports = self.reports * kept // 1000 + 1000 * reports
        self.work_ms = self.work_ms * kept // 1000 + work_ms
        self.weight = self.weight * kept // 1000 + weight


@dataclass(slots=True)
class Outlook:
    """One region's loads of the last day, the oldest first, and whether it is in a surge."""

    loads: deque[RegionLoad] = field(default_factory=deque)
    surging: bool = False
    lately: Mean = field(default_factory=Mean)
    always: Mean = field(default_factory=Mean)
    helped: bool = False
    """It was in need, and is until it lacks next to nobody."""
    learns: bool = True

    def for_a_drill(self) -> Outlook:
        """Of a copy: what is usual here is usual there, and what is practised never becomes so."""
        return Outlook(lately=self.lately, always=self.always, learns=False)

    @property
    def newest(self) -> RegionLoad:
        """The load published last."""
        return self.loads[-1]

    @property
    def at(self) -> int:
        """When it was published (ms)."""
        return to_ms(self.newest.at)

    @property
    def in_disaster(self) -> bool:
        """Whether a declared disaster stands there."""
        until = self.newest.disaster_until
        return until is not None and self.newest.at < until

    def heard(self, load: RegionLoad, policy: LendingPolicy) -> bool:
        """Take a load in; an old or repeated one, or one of a log that began anew, changes what it must."""
        if self.loads and load.log != self.newest.log:
            self.loads.clear()
        if self.loads and load.at <= self.newest.at:
            return False
        before = self.loads[-1] if self.loads else None
        self.loads.append(load)
        while to_ms(self.loads[0].at) < self.at - KEPT_MS:
            self.loads.popleft()
        surprise = self.surprise_permille(policy)
        bound = policy.surprise_permille // 2 if self.surging else policy.surprise_permille
        self.surging = surprise >= bound
        if before is not None:
            self._learn(before, policy)
        return True

    def _since(self, window_ms: int) -> RegionLoad:
        """The newest load at least so old, or the oldest there is."""
        for load in reversed(self.loads):
            if self.at - to_ms(load.at) >= window_ms:
                return load
        return self.loads[0]

    def work_between(self, then: RegionLoad, now: RegionLoad) -> tuple[int, int]:
        """Reports and milliseconds of work that came between two loads."""
        reports = work_ms = 0
        for product, demand in now.demand.items():
            before = then.demand.get(product)
            reports += demand.reported - (before.reported if before else 0)
            work_ms += demand.work_ms - (before.work_ms if before else 0)
        return reports, work_ms

    def busy_permille(self, window_ms: int) -> int:
        """Engineers x 1000 whom the work and the journeys of the last `window_ms` keep busy."""
        then = self._since(window_ms)
        span = self.at - to_ms(then.at)
        if span < SOONEST_MS:
            return 1000 * self.newest.busy
        reports, work_ms = self.work_between(then, self.newest)
        return (work_ms + reports * self.travel_ms()) * 1000 // span

    def expected_permille(self, policy: LendingPolicy, elsewhere_permille: int) -> int:
        """Engineers x 1000 busy at a mean hour, by what came here and what comes elsewhere.

        `elsewhere_permille`: the same in a region of this strength, over all regions.
        """
        prior = minutes_ms(policy.prior_min)
        known = self.mean_permille() * self.lately.weight + elsewhere_permille * prior
        return known // max(1, self.lately.weight + prior)

    def course(self, policy: LendingPolicy, elsewhere_permille: int, on_duty: Sequence[int]) -> Course:
        """The day to come: the hours as usual, and what a surge still brings, with these on duty by slot."""
        mean, day = self.expected_permille(policy, elsewhere_permille), policy.day_permille
        usual = [mean * day[self._local_hour(self.at + slot * SLOT_MS)] // 1000 for slot in range(SLOTS)]
        excess = max(0, self._came_permille(policy) - usual[0]) if self.helped or self.surging else 0
        kept = round(1000 * 0.5 ** (SLOT_MS / minutes_ms(policy.fades_min)))
        inflow: list[int] = []
        for expected in usual:
            warned = self.warned_permille(policy, self.at + len(inflow) * SLOT_MS)
            inflow.append(max(expected + excess, expected * warned // 1000))
            excess = excess * kept // 1000
        spread = 0 if self.helped else policy.donor_doubt_permille
        doubts = [max(0, 1000 + spread * step // 10) for step in (-14, -7, 0, 7, 14)]
        return Course(inflow, on_duty, self.waiting_ms() * 1000 // SLOT_MS, doubts if spread else (1000,))

    def _came_permille(self, policy: LendingPolicy) -> int:
        """What came lately, in engineers x 1000 whom it keeps busy; in a surge the last half hour counts."""
        recent = self.busy_permille(minutes_ms(policy.recent_min))
        usual = self.busy_permille(minutes_ms(policy.usual_min))
        return max(recent, usual) if self.surging else usual

    def _local_hour(self, at: int) -> int:
        return (at + minutes_ms(self.newest.utc_offset_min)) // HOUR_MS % 24

    def mean_permille(self) -> int:
        """Engineers x 1000 busy at a mean hour of the day, from what came lately outside of surges."""
        if self.lately.weight < HOUR_MS:
            return 1000 * self.newest.busy
        work_ms = self.lately.work_ms + self.lately.reports * self.travel_ms() // 1000
        return work_ms * 1000 // self.lately.weight

    def _learn(self, before: RegionLoad, policy: LendingPolicy) -> None:
        """Remember what came since the load before, weighed by how busy such an hour usually is."""
        if self.surging or self.helped or not self.learns:
            return
        reports, work_ms = self.work_between(before, self.newest)
        span = self.at - to_ms(before.at)
        weight = span * policy.day_permille[self._local_hour(self.at)] // 1000
        self.lately.learn(reports, work_ms, weight, minutes_ms(policy.memory_min))
        self.always.learn(reports, work_ms, weight, ALWAYS_MS)

    def travel_ms(self) -> int:
        """The mean journey to a site so far."""
        return self.newest.travel_ms // max(1, self.newest.arrivals)

    def surprise_permille(self, policy: LendingPolicy) -> int:
        """How far the last reports lie above what such an hour usually brings, in standard deviations x 1000.

        Poisson, with the doubt about the mean; a share of `doubt_permille` stays however long one learns.
        """
        then = self._since(minutes_ms(policy.recent_min))
        span = self.at - to_ms(then.at)
        if span < SOONEST_MS or self.always.weight < HOUR_MS:
            return 0
        came, _ = self.work_between(then, self.newest)
        expected = self._usual_reports(span, policy)
        doubt = expected * policy.doubt_permille // 1000
        variance = (
            expected * 1000 + doubt * doubt + 1000 * expected * expected // (self.always.reports + 1000)
        )
        return (came * 1000 - expected) * 1000 // max(1000, math.isqrt(variance))

    def _usual_reports(self, span: int, policy: LendingPolicy) -> int:
        """Reports x 1000 that a time of this length (ms) usually brings at this hour."""
        hour = policy.day_permille[self._local_hour(self.at)]
        return self.always.reports * span * hour // (1000 * max(1, self.always.weight))

    def warned_permille(self, policy: LendingPolicy, at: int) -> int:
        """The level that warnings announce for a moment (ms), x 1000 of the usual, by what came since."""
        level = USUAL
        for hazard in in_force(self.newest.alerts, at):
            then = self._since(max(0, self.at - to_ms(hazard.onset)))
            came, _ = self.work_between(then, self.newest)
            span = self.at - to_ms(then.at)
            usual, per_hour = self._usual_reports(span, policy), self._usual_reports(HOUR_MS, policy)
            said = said_permille(hazard, policy)
            level = max(level, learned_permille(said, 1000 * came, usual, per_hour, policy))
        return level

    def needed(self, policy: LendingPolicy, use_permille: int) -> int:
        """Engineers who keep up with what comes, and work off what waits in the policy's time, so busy."""
        waiting = self.waiting_ms() * 1000 // minutes_ms(policy.clear_within_min)
        came = self._came_permille(policy)
        if (level := self.warned_permille(policy, self.at)) > USUAL:
            hour = policy.day_permille[self._local_hour(self.at)]
            calm = min(came, self.mean_permille() * hour // 1000)  # what has begun is not raised again
            came = max(came, calm * level // 1000)
        return -(-(came + waiting) // use_permille)

    def waiting_ms(self) -> int:
        """The work that waits, with the journeys to it."""
        count = sum(self.newest.waiting.values())
        return sum(self.newest.waiting_work_ms.values()) + count * self.travel_ms()

    def wanted_work(self, policy: LendingPolicy) -> dict[str, int]:
        """Work by product (ms) that waits or came lately: what help must be able to do."""
        then = self._since(minutes_ms(policy.usual_min))
        wanted = dict(self.newest.waiting_work_ms)
        for product, demand in self.newest.demand.items():
            before = then.demand.get(product)
            came = demand.work_ms - (before.work_ms if before else 0)
            wanted[product] = wanted.get(product, 0) + came
        if self.newest.alerts and not any(wanted.values()):  # warned of before anything came: the usual
            wanted = {product: demand.work_ms for product, demand in self.newest.demand.items()}
        return {product: work for product, work in sorted(wanted.items()) if work > 0}
