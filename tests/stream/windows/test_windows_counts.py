"""Counting decisions into windows: each once, in the log's time."""

from __future__ import annotations

import typing
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import decode, encode
from schemas.decisions import Decision, DecisionKind
from streams.windows_counts import WINDOW_S, WindowRow, counted, is_counted, kpi_envelope, window_of
from tests.stream.windows.decisions import TEN, made


def folded(decisions: list[Decision]) -> WindowRow | None:
    """The row of one window after these decisions."""
    row: WindowRow | None = None
    for decision in decisions:
        row = counted(row, decision) or row
    return row


def test_each_kind_raises_its_own_count() -> None:
    """Queued is a report, promise_broken a late one; assigned and restored are themselves."""
    kinds = ["queued", "queued", "assigned", "restored", "promise_broken"]
    row = folded([made(i, kind) for i, kind in enumerate(kinds)])
    assert row is not None
    assert (row.reported, row.assigned, row.restored, row.late) == (2, 1, 1, 1)


@pytest.mark.parametrize("kind", typing.get_args(DecisionKind))
def test_only_four_kinds_are_counted(kind: str) -> None:
    """Everything else on the stream is read and left; a decision without a tier belongs to no window."""
    assert is_counted(made(1, kind)) == (kind in {"queued", "assigned", "restored", "promise_broken"})
    assert not is_counted(made(1, kind, tier=None))


def test_a_decision_that_comes_again_is_counted_once() -> None:
    """After a crash it is published again, and read again: what is not above the position is left."""
    first = [made(4), made(4, "assigned", n=1), made(7)]
    row = folded([*first, *first, made(8)])
    assert row is not None
    assert (row.reported, row.assigned, row.position) == (3, 1, (8, 0))


def test_another_log_starts_its_own_positions() -> None:
    """A recreated topic begins at offset 0 again: its decisions are new ones."""
    row = folded([made(900), made(2, log="L2"), made(2, log="L2")])
    assert row is not None
    assert (row.reported, row.log, row.offset) == (2, "L2", 2)


@given(st.lists(st.integers(0, 30), max_size=40).map(sorted), st.integers(0, 40))
def test_a_reading_that_starts_anew_anywhere_counts_the_same(offsets: list[int], back: int) -> None:
    """Whatever suffix is read twice, the counts are those of one reading."""
    decisions = [made(offset) for offset in dict.fromkeys(offsets)]
    once = folded(decisions)
    again = folded([*decisions, *decisions[max(0, len(decisions) - back) :]])
    assert again == once


def test_a_window_is_ten_minutes_of_the_logs_time() -> None:
    """Windows start at whole ten minutes; the last moment of one is not the first of the next."""
    assert window_of(TEN) == (TEN.timestamp(), TEN.timestamp() + WINDOW_S)
    assert window_of(TEN + timedelta(seconds=WINDOW_S - 0.001)) == window_of(TEN)
    assert window_of(TEN + timedelta(seconds=WINDOW_S)) == (TEN.timestamp() + 600, TEN.timestamp() + 1200)


def test_a_row_goes_to_the_board_as_an_event_of_its_region() -> None:
    """The event's id names the last decision counted, so that the same count is the same event."""
    row = folded([made(4), made(9, "assigned", after_s=60)])
    assert row is not None
    envelope = decode(*encode(kpi_envelope(row)))
    assert envelope.id == "L1/R1/gold/1451988000/9/0"
    assert (envelope.partitionkey, envelope.time) == ("R1", TEN + timedelta(seconds=60))
    assert envelope.event == row.kpi
    assert (row.kpi.window_start, row.kpi.window_end) == (TEN, TEN + timedelta(minutes=10))
