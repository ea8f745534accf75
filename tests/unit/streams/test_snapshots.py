"""A snapshot's record holds the state and its position; what can not be read counts as none."""

from __future__ import annotations

import os
import zlib

import pytest

from schemas.clock import LogStarted
from schemas.topics import SNAPSHOT_BYTES
from services.dispatch.fold import Logged, PartitionFold
from streams.owned import LogNow, OwnedPartition, from_snapshot
from streams.settings import WorkerSettings
from streams.snapshots import Snapshot, SnapshotTooLarge, pack, unpack


def folded() -> PartitionFold:
    """A fold of one event."""
    fold = PartitionFold()
    fold.step(Logged(0, "", "test", "1", LogStarted(log="L1")))
    return fold


SNAPSHOT = Snapshot(4, "L1", 1, folded().snapshot())


def test_a_snapshot_comes_back_as_it_was_written():
    """State, log and position lie in one record, so they can not disagree."""
    assert unpack(4, *pack(SNAPSHOT)) == SNAPSHOT


@pytest.mark.parametrize("value", [None, b"", b"no zlib", zlib.compress(b"cut off" * 99)[:-5]])
def test_an_unreadable_snapshot_counts_as_none(value: bytes | None):
    """Somebody else's bytes, or a cut record: the fold starts from the log instead."""
    assert unpack(4, value, pack(SNAPSHOT)[1]) is None


def test_a_snapshot_that_unpacks_to_more_than_memory_holds_counts_as_none():
    """A small record must not become gigabytes."""
    bomb = zlib.compress(b"0" * 1000, 9)
    assert unpack(4, bomb + b"", [("encoding", b"other"), ("log", b"L"), ("next_offset", b"1")]) is None


def test_a_state_too_large_for_the_topic_is_refused_before_it_is_sent():
    """The broker's limit is known here: the last snapshot that fitted stays."""
    with pytest.raises(SnapshotTooLarge):
        pack(Snapshot(4, "L1", 1, os.urandom(SNAPSHOT_BYTES)))


def test_a_partition_goes_on_from_its_snapshot():
    """The position lives in the snapshot."""
    owned = from_snapshot(4, SNAPSHOT, LogNow("L1", 0, 5))
    assert (owned.next_offset, owned.base_offset, owned.fold.log) == (1, 1, "L1")


@pytest.mark.parametrize(
    "now",
    [LogNow("L2", 0, 5), LogNow("L1", 0, 0), LogNow(None, 3, 5)],
    ids=["another log", "beyond the end", "before the beginning"],
)
def test_a_snapshot_of_another_log_is_not_used(now: LogNow):
    """A recreated topic is a new log: nothing left by an older one is taken over."""
    assert from_snapshot(4, SNAPSHOT, now).next_offset == 0


@pytest.mark.parametrize("state", [b'{"state_version":999}', b"{", b"[]"])
def test_a_state_of_an_unknown_version_is_folded_anew(state: bytes):
    """A snapshot carries its state version; an unknown one is folded from the start."""
    assert from_snapshot(4, Snapshot(4, "L1", 1, state), LogNow("L1", 0, 5)).next_offset == 0


def test_a_snapshot_is_due_when_as_much_was_folded_as_the_last_one_had():
    """Folding again costs no more than reading the snapshot, and a quiet partition writes seldom."""
    settings = WorkerSettings(snapshot_interval_s=1.5, snapshot_quiet_interval_s=20)
    owned = OwnedPartition(0, PartitionFold(), snapshot_at=100.0, snapshot_bytes=1000)
    assert not owned.snapshot_is_due(200.0, settings)  # nothing was folded
    owned.folded_bytes = 999
    assert not owned.snapshot_is_due(102.0, settings)
    assert owned.snapshot_is_due(120.0, settings)
    owned.folded_bytes = 1000
    assert owned.snapshot_is_due(102.0, settings)
    assert not owned.snapshot_is_due(101.0, settings)
