"""The Faust app without a broker: its agent, its table, what it publishes and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import faust
import pytest

from schemas.cloudevents import decode
from schemas.statistics import DeadLetter, RegionKpi
from streams.settings import WorkerSettings
from streams.windows import build_app, latest_rows
from streams.windows_board import ChangedWindows
from streams.windows_counts import KEPT_S, WINDOW_S, WindowRow, counted
from streams.windows_records import DecisionSchema, Undecodable, decision_of
from tests.stream.windows.decisions import TEN, made, written

SENT_TO_PARTITION_0 = SimpleNamespace(message=SimpleNamespace(partition=0))
SETTINGS = WorkerSettings(broker="127.0.0.1:1", topic_prefix="t-")


@dataclass
class Sent:
    """A topic that keeps what is sent to it, and refuses it as often as it is told."""

    refuse: int = 0
    records: list[tuple[bytes, Any]] = field(default_factory=list)

    async def send(self, *, key: bytes, value: bytes, headers: Any) -> Any:
        """Keep the record; the answer waits for nothing."""

        async def confirmed() -> None:
            if self.refuse:
                self.refuse -= 1
                raise TimeoutError("the broker is away")
            self.records.append((key, decode(value, headers).event))

        return confirmed()


@dataclass
class Running:
    """An app with its agent in a test context, its table, and what went to each topic."""

    app: faust.App
    agent: Any
    table: Any
    sent: dict[str, Sent]

    async def put(self, value: bytes | None, headers: Any) -> None:
        """Give one record to the agent as the consumer would: read by the app's own schema."""
        offset = self.agent.sent_offset
        message = self.agent.to_message(b"R1", value, offset=offset, headers=headers)
        read = DecisionSchema().loads_value(self.app, message)
        await self.agent.channel.put(self.app.create_event(b"R1", read, headers, message))
        self.agent.sent_offset += 1
        async with asyncio.timeout(5), self.agent.new_value_processed:
            await self.agent.new_value_processed.wait_for(lambda: self.agent.processed_offset > offset)

    def rows(self) -> dict[str, WindowRow]:
        """The table by its key and window start."""
        return {
            f"{key}@{int(start)}": WindowRow.model_validate(row)
            for (key, (start, _)), row in self.table.items()
        }


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A fresh app whose topics keep what is sent."""
    sent: dict[str, Sent] = {}

    def kept(_app: Any, settings: WorkerSettings, name: str) -> Sent:
        return sent.setdefault(name, Sent())

    monkeypatch.setattr("streams.windows._raw_topic", kept)
    app = build_app(SETTINGS)
    table = app.tables["windows"]
    (agent,) = [agent for name, agent in app.agents.items() if "count_decisions" in name]
    monkeypatch.setattr(table, "partition_for_key", lambda key: 0)
    monkeypatch.setattr(table, "send_changelog", lambda *args, **more: SENT_TO_PARTITION_0)
    async with agent.test_context() as context:
        yield Running(app, context, table, sent)


async def test_decisions_are_counted_by_region_tier_and_window(running: Running) -> None:
    """Each decision is counted in the window of the log's time, whatever the wall clock says."""
    for decision in [
        made(1),
        made(2, tier="silver"),
        made(3, "assigned", after_s=30),
        made(4, after_s=WINDOW_S),
        made(5, "restored", region="R2"),
        made(6, "acknowledged"),
    ]:
        await running.put(*written(decision))
    start = int(TEN.timestamp())
    rows = running.rows()
    assert set(rows) == {
        f"R1/gold@{start}",
        f"R1/silver@{start}",
        f"R1/gold@{start + 600}",
        f"R2/gold@{start}",
    }
    assert (rows[f"R1/gold@{start}"].reported, rows[f"R1/gold@{start}"].assigned) == (1, 1)
    assert rows[f"R1/gold@{start + 600}"].reported == 1
    assert rows[f"R2/gold@{start}"].restored == 1


async def test_a_decision_read_twice_is_counted_once(running: Running) -> None:
    """At least once on the way, once in the window."""
    for decision in [made(1), made(2), made(1), made(2), made(3)]:
        await running.put(*written(decision))
    (row,) = running.rows().values()
    assert (row.reported, row.offset) == (3, 3)


async def test_the_table_holds_nothing_but_json(running: Running) -> None:
    """The store's codec knows no models: a row is plain JSON, and is validated when it is read."""
    await running.put(*written(made(1)))
    (value,) = running.table.values()
    assert type(value) is dict
    assert {type(part) for part in value.values()} <= {str, int}


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (b"hello", [], "undecodable"),
        (b"{", written(made(1))[1], "undecodable"),
        (b'{"offset": 1}', written(made(1))[1], "invalid"),
        (b"{}", [*written(made(1))[1], ("ce_type", b"muster.decision.made.v9")], "unknown_type"),
        (
            b'{"now":"2016-01-05T10:00:00Z"}',
            [*written(made(1))[1], ("ce_type", b"muster.clock.ticked.v1")],
            "unexpected_type",
        ),
    ],
    ids=["text", "cut", "invalid", "version", "another-event"],
)
async def test_a_record_that_is_no_decision_becomes_a_dead_letter(
    running: Running, value: bytes, headers: Any, reason: str
) -> None:
    """It is kept with its reason and original bytes, and the next record is counted."""
    await running.put(value, headers)
    await running.put(*written(made(2)))
    ((key, letter),) = running.sent["dead-letters"].records
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.topic, key.decode()) == (reason, "assignments", letter.letter_id)
    assert len(running.rows()) == 1


async def test_a_decision_that_can_not_be_counted_becomes_a_dead_letter(running: Running) -> None:
    """A row that breaks its schema costs one record and a letter with the traceback, never the agent."""
    await running.put(*written(made(1)))
    (key,) = running.table.keys()
    running.table.data[key] = {"broken": True}
    await running.put(*written(made(2)))
    await running.put(*written(made(3, tier="silver")))
    ((_, letter),) = running.sent["dead-letters"].records
    assert letter.reason == "not_counted"
    assert "ValidationError" in letter.detail
    assert "R1/silver@1451988000" in {f"{name}@{int(start)}" for name, (start, _) in list(running.table)}


async def test_windows_of_two_days_ago_are_dropped_in_the_logs_time(running: Running) -> None:
    """What the board no longer draws goes, by the log's clock; another region's windows stay."""
    await running.put(*written(made(1)))
    await running.put(*written(made(2, region="R2")))
    await running.put(*written(made(3, after_s=KEPT_S)))
    assert len(running.rows()) == 3
    await running.put(*written(made(4, after_s=KEPT_S + 2 * WINDOW_S)))
    start = int(TEN.timestamp())
    assert f"R1/gold@{start}" not in running.rows()
    assert f"R2/gold@{start}" in running.rows()


async def test_after_a_rebalance_the_last_windows_are_told_again(running: Running) -> None:
    """Each region's newest two hours: older ones were published long ago."""
    for offset, after_s in enumerate([0, 3 * 3600, 4 * 3600]):
        await running.put(*written(made(offset, after_s=after_s)))
    starts = sorted((row.window_start - TEN).total_seconds() for row in latest_rows(running.table))
    assert starts == [3 * 3600, 4 * 3600]


def row_after(*offsets: int) -> WindowRow:
    """A row whose last decision is the last offset."""
    row: WindowRow | None = None
    for offset in offsets:
        row = counted(row, made(offset)) or row
    assert row is not None
    return row


async def test_only_the_last_state_of_a_window_is_published() -> None:
    """Many changes between two rounds are one message; a round without changes is none."""
    topic = Sent()
    board = ChangedWindows(topic)
    board.changed(row_after(1))
    board.changed(row_after(1, 2))
    await board.publish()
    await board.publish()
    assert topic.records == [(b"R1", row_after(1, 2).kpi)]


async def test_what_the_broker_refused_is_published_with_the_next_round() -> None:
    """The last value is never lost; a newer one of the same window takes its place."""
    topic = Sent(refuse=1)
    board = ChangedWindows(topic)
    board.changed(row_after(1))
    await board.publish()
    assert (topic.records, len(board)) == ([], 1)
    board.changed(row_after(1, 2))
    await board.publish()
    ((_, kpi),) = topic.records
    assert isinstance(kpi, RegionKpi)
    assert kpi.reported == 2


async def test_a_worker_that_lost_its_partitions_says_no_more() -> None:
    """Its older rows must not hide those of the next owner."""
    topic = Sent()
    board = ChangedWindows(topic)
    board.changed(row_after(1))
    board.forget()
    await board.publish()
    assert topic.records == []


def test_importing_builds_nothing_and_two_apps_are_two() -> None:
    """build_app makes a fresh app each time: without a web server, acks from all, no waiting for streams."""
    first, second = build_app(SETTINGS), build_app(SETTINGS)
    assert first is not second
    assert first.boot_strategy.enable_web is False
    assert (first.conf.stream_wait_empty, first.conf.producer_acks, first.conf.id) == (
        False,
        -1,
        "t-muster-windows",
    )


def test_a_tombstone_is_undecodable_and_raises_nothing() -> None:
    """A record without a value, as somebody's clean-up leaves it, is a dead letter."""
    read = decision_of(None, written(made(1))[1])
    assert isinstance(read, Undecodable)
    assert read.reason == "undecodable"
