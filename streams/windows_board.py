"""Changed windows on their way to `region-kpi`: the newest state of each, a few times a second."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError

from schemas.cloudevents import encode
from streams.windows_counts import WindowRow, kpi_envelope

log = structlog.get_logger(__name__)

PUBLISH_INTERVAL_S = 0.25
PUBLISHED_AT_ONCE = 500
"""Rows of one round: a restart that has many to say does not fill the producer."""


class ChangedWindows:
    """Keeps the last row of each changed window until the broker has confirmed it.

    Its size is bounded by the windows table. Rows that the broker refused stay, unless a newer one came.
    """

    def __init__(self, topic: faust.TopicT) -> None:
        self._topic = topic
        self._rows: dict[tuple[str, str, datetime], WindowRow] = {}
        self._one_round = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def changed(self, row: WindowRow) -> None:
        """Publish this row with the next round, in the place of an older one of the same window."""
        self._rows[row.region, row.tier, row.window_start] = row

    def forget(self) -> None:
        """Somebody else counts from here on: an older row must not hide theirs."""
        self._rows.clear()

    async def publish(self) -> None:
        """Send what changed and wait for the broker; what could not be sent stays for the next round."""
        async with self._one_round:
            keys = list(self._rows)[:PUBLISHED_AT_ONCE]
            rows = [self._rows.pop(key) for key in keys]
            answers = await asyncio.gather(*(self._send(row) for row in rows), return_exceptions=True)
        for key, row, answer in zip(keys, rows, answers, strict=True):
            if isinstance(answer, KafkaError | OSError | TimeoutError):
                self._rows.setdefault(key, row)
                log.warning("kpi_not_published", region=row.region, error=str(answer))
            elif isinstance(answer, BaseException):
                raise answer

    async def _send(self, row: WindowRow) -> Any:
        value, headers = encode(kpi_envelope(row))
        return await (await self._topic.send(key=row.region.encode(), value=value, headers=headers))
