"""A snapshot an hour is kept, and the last one before an offset is found among many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiokafka import TopicPartition

from schemas.clock import ClockTicked, LogStarted
from services.dispatch.fold import Logged, PartitionFold
from streams.dated import DatedSnapshots
from streams.owned import OwnedPartition
from streams.snapshots import Snapshot
from tests.unit.streams.samples import NOW

HOUR = NOW.replace(minute=0, second=0, microsecond=0)


class Kept(DatedSnapshots):
    """Those of a list instead of a topic; None is a record that nobody can read."""

    def __init__(self, snapshots: list[Snapshot | None]) -> None:
        super().__init__(None, TopicPartition("dated-snapshots", 0), 0, len(snapshots))
        self._kept = snapshots
        self.looked_at = 0

    async def _record(self, number: int) -> Snapshot | None:
        self.looked_at += 1
        return self._kept[number]


def at(next_offset: int, log: str = "L1") -> Snapshot:
    """A snapshot that stands before this offset."""
    return Snapshot(0, log, next_offset, b"")


def test_the_first_snapshot_of_each_hour_of_the_logs_time_is_dated() -> None:
    """Rule: one an hour, whatever is written in between; the log's time counts, not the machine's."""
    owned = OwnedPartition(0, PartitionFold())
    owned.fold.step(Logged(0, "", "test", "l", LogStarted(log="L1")))
    dated = []
    for number, minutes in enumerate((0, 1, 59, 60, 119, 180), start=1):
        now = HOUR + timedelta(minutes=minutes)
        owned.fold.step(Logged(number, "", "test", f"t{number}", ClockTicked(now=now)))
        dated.append(owned.take_snapshot(0.0).dated)
    assert dated == [True, False, False, True, False, True]


@pytest.mark.parametrize(
    ("offset", "found"), [(9, None), (10, 10), (11, 10), (29, 20), (30, 30), (500, 500), (10_000, 900)]
)
async def test_the_last_snapshot_before_an_offset_is_found_in_few_reads(offset: int, found: int | None):
    """Rule: never one behind the offset, and a look-up halves what is left."""
    kept = Kept([at(100, "L0"), at(7_000, "L0"), *(at(number) for number in range(10, 910, 10))])
    best = await kept.before(offset, "L1")
    assert (None if best is None else best.next_offset) == found
    assert kept.looked_at <= 8
