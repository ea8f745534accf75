"""An exported log folds again to the same decisions, and the first difference is named."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from schemas.base import Wire
from schemas.clock import ClockTicked, LogStarted
from schemas.cloudevents import encode
from schemas.incidents import IncidentTriaged
from services.dispatch.fold import Logged, PartitionFold
from streams.log_file import (
    FORMAT,
    LogFileBroken,
    canonical,
    decision_line,
    event_line,
    fold_again,
    parse,
)
from tests.unit.streams.samples import NOW, R1, enveloped, registered, report, shift

EVENTS: list[tuple[bytes | None, Wire]] = [
    (None, LogStarted(log="L1")),
    (None, ClockTicked(now=NOW)),
    (b"R1", R1),
    (b"R1", registered()),
    (b"R1", shift()),
    (
        b"R1",
        IncidentTriaged(
            report=report("R1"), region="R1", promised_at=NOW + timedelta(hours=2), placed_by="named"
        ),
    ),
]


def exported(base_at: int = 0) -> list[str]:
    """The log file of EVENTS, from `base_at` on behind a snapshot."""
    fold = PartitionFold()
    lines = [canonical({"kind": "log", "format": FORMAT, "region": "R1", "partition": 0, "log": "L1"})]
    tail: list[str] = []
    for offset, (key, event) in enumerate(EVENTS):
        if offset == base_at and offset > 0:
            snapshot = {"kind": "snapshot", "next_offset": offset, "fold": orjson.loads(fold.snapshot())}
            lines.append(canonical(snapshot))
        value, headers = encode(enveloped(event, f"e-{offset}"))
        decisions = fold.step(Logged(offset, (key or b"").decode(), "test", f"e-{offset}", event))  # type: ignore[arg-type]
        if offset >= base_at:
            lines.append(event_line(offset, key, headers, value))
            tail += [decision_line(one.model_dump(mode="json", exclude_none=True)) for one in decisions]
    return lines + tail


@pytest.mark.parametrize("base_at", [0, 4])
def test_an_exported_log_folds_again_to_what_was_published(base_at: int):
    """From the start, or from the snapshot where the beginning is archived."""
    outcome = fold_again(parse(exported(base_at)))
    assert outcome.difference is None
    assert outcome.events == len(EVENTS) - base_at
    assert outcome.decisions >= 2


def test_a_changed_decision_is_the_first_difference():
    """The line says where, and which fields."""
    lines = exported()
    at = next(n for n, line in enumerate(lines) if '"decision_kind":"assigned"' in line)
    lines[at] = lines[at].replace('"engineer_id":"E1"', '"engineer_id":"E2"')
    difference = fold_again(parse(lines)).difference
    assert difference is not None
    assert "engineer_id: here 'E1', published 'E2'" in difference


def test_a_missing_a_foreign_and_a_twofold_decision_are_differences():
    """Lost, invented, or one id with two contents: each is named."""
    lines = exported()
    lost = next(n for n, line in enumerate(lines) if '"decision_kind":"engineer_registered"' in line)
    assert "never published" in str(fold_again(parse(lines[:lost] + lines[lost + 1 :])).difference)
    foreign = lines[-1].replace("/5/", "/77/").replace('"offset":5', '"offset":77')
    assert "not decided here" in str(fold_again(parse([*lines, foreign])).difference)
    twofold = lines[-1].replace("E1", "E3")
    assert "two contents" in str(fold_again(parse([*lines, twofold])).difference)


def test_what_no_worker_has_folded_yet_is_counted_and_is_no_difference():
    """An export of a log whose workers are away ends with events that nobody has decided about."""
    lines = [line for line in exported() if '"caused_by":"e-5"' not in line]
    outcome = fold_again(parse(lines))
    assert outcome.difference is None
    assert outcome.not_yet_published >= 1
    nothing = [line for line in lines if '"kind":"decision"' not in line]
    assert fold_again(parse(nothing)).difference is not None


def test_a_decision_published_twice_is_no_difference():
    """Delivery is at least once."""
    lines = exported()
    assert fold_again(parse([*lines, lines[-1]])).difference is None


def test_an_unreadable_event_is_stepped_over_as_the_worker_did():
    """Bytes that are no JSON survive in the file and are counted."""
    lines = [*exported(), event_line(6, b"R1", [("ce_id", b"1")], b"\xff\xfe")]
    outcome = fold_again(parse(lines))
    assert (outcome.unreadable, outcome.difference) == (1, None)


@pytest.mark.parametrize("lines", [[], ["{"], ['{"kind":"event"}'], ['{"kind":"log","format":99}']])
def test_what_is_no_log_file_is_named_by_its_line(lines: list[str]):
    """A broken line is a clear error."""
    with pytest.raises(LogFileBroken):
        parse(lines)
