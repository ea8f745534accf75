"""From what processes say about themselves to a demand: the distance to the log's end, and decision time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.capacity.sizing import Demand

CATCH_UP_S = 10.0
"""What has piled up is to be worked off within this time."""
DRAINED_S = 1.0
"""A backlog that one worker folds within this time is none."""
BUSY_SHARE = 0.4
"""Only so busy a worker shows what an event costs: an idle one's polls make each look dear."""
FEWEST_EVENTS = 20.0
"""Fewer events than this say nothing about what one of them costs."""


@dataclass(frozen=True, slots=True)
class WorkerSample:
    """One dispatch worker at a moment: events behind, and events folded and CPU seconds used since its start.

    `behind_events` counts what is not folded of its partitions, and what its triage has not read yet.
    """

    at_s: float
    behind_events: float
    events_folded: float
    busy_s: float


@dataclass(frozen=True, slots=True)
class FleetLoad:
    """All workers together between two moments; `seconds_per_event` is a worker's whole work for one."""

    workers: int
    behind_events: float
    folded_per_s: float
    seconds_per_event: float

    @property
    def events_per_s_of_one(self) -> float:
        """How many events a second one worker folds that does nothing else."""
        return 1 / self.seconds_per_event if self.seconds_per_event else float("inf")

    def demand(self) -> Demand:
        """The workers that fold what comes, and within CATCH_UP_S also what has piled up."""
        owed_s = self.behind_events * self.seconds_per_event
        work = self.folded_per_s * self.seconds_per_event
        return Demand(work + owed_s / CATCH_UP_S, drained=owed_s <= DRAINED_S)


def fleet_load(
    before: Mapping[str, WorkerSample], now: Mapping[str, WorkerSample], usual_s: float
) -> FleetLoad | None:
    """The load between two readings, by worker; None where no worker is in both.

    A worker that was started anew in between counts from its next reading on. `usual_s` is an event's cost
    as it was known before: it stands while too few come to tell, and is only ever lowered by idle workers.
    """
    pairs = [
        (before[name], sample)
        for name, sample in now.items()
        if name in before and sample.busy_s >= before[name].busy_s and sample.at_s > before[name].at_s
    ]
    if not pairs:
        return None
    folded = sum(late.events_folded - early.events_folded for early, late in pairs)
    busy_s = sum(late.busy_s - early.busy_s for early, late in pairs)
    rate = sum((late.events_folded - early.events_folded) / (late.at_s - early.at_s) for early, late in pairs)
    behind = sum(sample.behind_events for sample in now.values())
    share = sum((late.busy_s - early.busy_s) / (late.at_s - early.at_s) for early, late in pairs) / len(pairs)
    cost_s = busy_s / folded if folded >= FEWEST_EVENTS else usual_s
    if share < BUSY_SHARE:
        cost_s = min(cost_s, usual_s)
    return FleetLoad(len(now), behind, rate, cost_s)


@dataclass(frozen=True, slots=True)
class RelaySample:
    """One relay node: its clients and media resources, and the most that it may have."""

    load: int
    capacity: int


def relay_demand(nodes: Iterable[RelaySample]) -> Demand | None:
    """The nodes that the sessions fill, at the size of those that are there; None where there is none."""
    found = list(nodes)
    room = sum(node.capacity for node in found)
    if not room:
        return None
    return Demand(sum(node.load for node in found) * len(found) / room)
