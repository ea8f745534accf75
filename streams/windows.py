"""The Faust app: windows over the decisions, per region and tier, into `region-kpi`."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import faust
import structlog
from faust.app.base import BootStrategy

from schemas.decisions import Decision
from schemas.topics import REGION_PARTITIONS
from streams.dead_letters import encoded, letter_about
from streams.logs import configure_logging
from streams.settings import WorkerSettings
from streams.topics import TopicTrouble
from streams.windows_board import PUBLISH_INTERVAL_S, ChangedWindows
from streams.windows_counts import KEPT_S, WINDOW_S, WindowRow, counted, is_counted, row_key, window_of
from streams.windows_records import DecisionSchema, Undecodable, original_of
from streams.windows_run import serve

__all__ = ["build_app", "run"]

log = structlog.get_logger(__name__)

TABLE = "windows"
TOLD_AGAIN_S = 2 * 3600
"""After a rebalance the last windows go out again: a crash may have kept a count and lost its message."""


class WithoutWeb(BootStrategy):
    """No web server: a second worker on one host would fail on its port."""

    enable_web = False


class WindowsApp(faust.App):
    """A Faust app that serves no pages and keeps nothing on disk: its tables live in memory and in Kafka."""

    BootStrategy = WithoutWeb

    def _create_directories(self) -> None:
        """Make no folder in whatever directory the worker was started in."""


def build_app(settings: WorkerSettings) -> faust.App:
    """A fresh app with its agent, table and timer; nothing is connected before it starts."""
    app = WindowsApp(
        settings.group("windows"),
        broker=f"kafka://{settings.broker}",
        store="memory://",
        topic_partitions=REGION_PARTITIONS,
        topic_replication_factor=settings.replication_factor,
        topic_disable_leader=True,
        stream_wait_empty=False,
        broker_session_timeout=settings.session_timeout_ms / 1000,
        broker_heartbeat_interval=settings.heartbeat_interval_ms / 1000,
        broker_rebalance_timeout=settings.session_timeout_ms / 1000,
        broker_commit_interval=1.0,
        producer_acks=-1,
        worker_redirect_stdouts=False,
    )
    table = app.Table(TABLE, partitions=REGION_PARTITIONS)
    board = ChangedWindows(_raw_topic(app, settings, "region-kpi"))
    attach_windows(app, settings, table, board)
    attach_board(app, table, board)
    return app


def run(settings: WorkerSettings) -> int:
    """Count until SIGTERM or SIGINT: 0; 1 where the topics are not as they must be."""
    configure_logging(settings.log_level)
    log.info("windows_starts", **settings.model_dump(mode="json"))
    try:
        return asyncio.run(serve(settings, build_app))
    except TopicTrouble as trouble:
        log.error("windows_can_not_run", error=str(trouble))
        return 1


def _raw_topic(app: faust.App, settings: WorkerSettings, name: str) -> faust.TopicT:
    return app.topic(settings.topic(name), key_serializer="raw", value_serializer="raw")


def attach_windows(
    app: faust.App, settings: WorkerSettings, table: faust.Table, board: ChangedWindows
) -> faust.Agent:
    """Count each decision of `assignments` once, in the window of the log's time that it was made in.

    A record that is no decision, or that can not be counted, becomes a dead letter and the next one is read.
    """
    windows = table.tumbling(WINDOW_S).relative_to(_decided_at)
    letters = _raw_topic(app, settings, "dead-letters")
    source = app.topic(settings.topic("assignments"), schema=DecisionSchema())

    async def write_letter(event: Any, reason: str, detail: str) -> None:
        record = original_of(event.message)
        letter = letter_about(record, "assignments", reason, detail, datetime.now(UTC))
        log.warning("dead_letter", letter=letter.letter_id, reason=reason, detail=detail[:300])
        value, headers = encoded(letter)
        await (await letters.send(key=letter.letter_id.encode(), value=value, headers=headers))

    async def count_decisions(stream: faust.StreamT) -> AsyncIterator[str]:
        async for event in stream.events():
            if isinstance(event.value, Undecodable):
                await write_letter(event, event.value.reason, event.value.detail)
            else:
                try:
                    count(windows, event.value, board)
                except Exception:  # noqa: BLE001 - a raising agent would lose the record: Faust counts it as read
                    await write_letter(event, "not_counted", traceback.format_exc())
            yield ""  # once an event: tests wait for it

    return app.agent(source, name="count_decisions")(count_decisions)


def _decided_at(event: Any) -> float:
    """The windows' clock is the log's, not the records'."""
    return float(event.value.decided_at.timestamp())


def count(windows: Any, decision: Decision, board: ChangedWindows) -> None:
    """Put one decision into its window; only an agent may call this: nobody else writes Faust's tables."""
    if not is_counted(decision):
        return
    stored = _stored(windows, row_key(decision))
    row = counted(stored, decision)
    if row is None:
        return
    # Assigned anew: Faust sees no edit in place. JSON alone: the store's codec knows no models.
    windows[row_key(decision)] = row.model_dump(mode="json")
    board.changed(row)
    if stored is None:
        drop_expired(windows.table, decision)


def _stored(windows: Any, key: str) -> WindowRow | None:
    try:
        return WindowRow.model_validate(windows[key].value())
    except KeyError:
        return None


def drop_expired(table: Any, decision: Decision) -> None:
    """Delete the windows of a region and tier that ended long before this decision.

    Faust's own expiry compares with the wall clock: a storm of last winter would lose its windows at once.
    """
    oldest = window_of(decision.decided_at)[0] - KEPT_S
    for name, window in [key for key in table.keys() if key[0] == row_key(decision)]:  # noqa: SIM118 - a Faust view
        if window[1] < oldest:
            del table[name, window]


def attach_board(app: faust.App, table: faust.Table, board: ChangedWindows) -> None:
    """Publish what changed a few times a second and at the end, and the last windows after a rebalance."""

    async def publish() -> None:
        await board.publish()

    async def forget(_app: faust.App, *_: Any, **__: Any) -> None:
        board.forget()

    async def tell_again(_app: faust.App, *_: Any, **__: Any) -> None:
        for row in latest_rows(table):
            board.changed(row)

    async def publish_rest(_app: faust.App, *_: Any, **__: Any) -> None:
        await board.publish()

    app.timer(interval=PUBLISH_INTERVAL_S, name="publish_windows")(publish)
    # Faust holds its signals' receivers weakly unless told otherwise.
    app.on_partitions_revoked.connect(forget, weak=False)
    app.on_rebalance_complete.connect(tell_again, weak=False)
    app.on_before_shutdown.connect(publish_rest, weak=False)


def latest_rows(table: Any) -> list[WindowRow]:
    """The newest windows of each region and tier, as they stand in the table."""
    rows = [WindowRow.model_validate(value) for value in table.values()]
    newest: dict[str, datetime] = {}
    for row in rows:
        newest[row.region] = max(row.window_end, newest.get(row.region, row.window_end))
    return [row for row in rows if (newest[row.region] - row.window_end).total_seconds() <= TOLD_AGAIN_S]
