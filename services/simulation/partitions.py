"""The partitions of `region-events` without a broker: offsets, clock events, one fold each, as live."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from schemas.base import rfc3339
from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision
from schemas.events import RegionEvent
from schemas.topics import partition_of
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.policy import DispatchPolicy

Watch = Callable[[list[Decision]], None]


def log_word(seed: int, partition: int) -> str:
    """The id of a replay's log: a fixed word made from the seed and the partition (CONTRACT section 3)."""
    return f"replay-{seed}-{partition}"


class Partitions:
    """Every partition in use with its fold. `step_ns` holds each step's wall time, which decides nothing."""

    def __init__(
        self,
        policy: DispatchPolicy | None,
        seed: int,
        watch: Watch | None,
        fold: type[PartitionFold],
    ) -> None:
        self.step_ns: list[int] = []
        self.folds: dict[int, PartitionFold] = {}
        self._policy = policy
        self._fold = fold
        self._seed = seed
        self._watch = watch
        self._offsets: dict[int, int] = {}
        self._ticked: dict[int, datetime] = {}

    def append(
        self, region: str, source: str, event_id: str, event: RegionEvent, at: datetime
    ) -> list[Decision]:
        """Write a region's event at `at`, after the clock event of that instant; returns what is decided."""
        partition = partition_of(region)
        decided = self.tick(partition, at)
        return decided + self._step(partition, region, source, event_id, event)

    def tick(self, partition: int, at: datetime) -> list[Decision]:
        """Tell a partition the time, once an instant; a partition's first event is its LogStarted."""
        if self._ticked.get(partition) == at:
            return []
        self._ticked[partition] = at
        if partition not in self.folds:
            self._start(partition)
        return self._step(partition, "", "clock", f"tick/{rfc3339(at)}", ClockTicked(now=at))

    def _start(self, partition: int) -> None:
        self.folds[partition] = self._fold(self._policy)
        log = log_word(self._seed, partition)
        self._step(partition, "", "log", f"log/{log}", LogStarted(log=log))

    def _step(
        self, partition: int, region: str, source: str, event_id: str, event: RegionEvent
    ) -> list[Decision]:
        offset = self._offsets.get(partition, 0)
        self._offsets[partition] = offset + 1
        logged = Logged(offset=offset, region=region, source=source, id=event_id, event=event)
        began = time.perf_counter_ns()
        decided = self.folds[partition].step(logged)
        self.step_ns.append(time.perf_counter_ns() - began)
        if self._watch is not None and decided:
            self._watch(decided)
        return decided
