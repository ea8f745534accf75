"""Lending in a replay: the loads on the clock, the coordinator, and the words that pass between regions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schemas.decisions import Decision
from schemas.events import RegionEvent
from schemas.lending import RegionLoad
from services.dispatch.load import LOAD_EVERY_MS, region_load
from services.dispatch.moments import to_ms
from services.simulation.partitions import Partitions
from services.surge.commands import Command
from services.surge.coordinator import Coordinator
from services.surge.policy import LendingPolicy
from services.surge.routing import told_by


class Lending:
    """Stands between the partitions and the coordinator, as the streams do live."""

    def __init__(self, policy: LendingPolicy, partitions: Partitions) -> None:
        self.coordinator = Coordinator(policy)
        self._partitions = partitions

    def due(self, now: datetime) -> bool:
        """Whether the regions publish their loads now: on the grid of five minutes."""
        return to_ms(now) % LOAD_EVERY_MS == 0

    def loads(self, now: datetime) -> Iterator[RegionLoad]:
        """Every region's load, in order of the names."""
        regions = sorted(
            (name, partition) for partition, fold in self._partitions.folds.items() for name in fold.regions
        )
        for name, partition in regions:
            fold = self._partitions.folds[partition]
            yield region_load(fold.regions[name], fold.log or "log", fold.next_offset - 1, to_ms(now))

    def heard(self, event: RegionLoad | Decision) -> list[tuple[str, str, str, RegionEvent]]:
        """What the coordinator says to this, as events of the regions it addresses."""
        return [_happening(command) for command in self.coordinator.step(event)]

    def told(self, decision: Decision) -> list[tuple[str, str, str, RegionEvent]]:
        """What a decision about lending leads to elsewhere: in the other region, and by the coordinator."""
        if decision.loan is None and decision.kind != "lending_offered":
            return []
        source = f"dispatch/{decision.region}"
        passed = [(told.event.region, source, told.id, told.event) for told in told_by(decision)]
        return [*passed, *self.heard(decision)]


def _happening(command: Command) -> tuple[str, str, str, RegionEvent]:
    return command.event.region, "surge", command.id, command.event
