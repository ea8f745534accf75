"""Exports a region's log from Kafka: its events, and the decisions as they were published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson

from schemas.topics import partition_of
from streams.log_file import FORMAT, canonical, decision_line, event_line
from streams.owned import current_logs
from streams.reading import first_offset, read_to_end
from streams.settings import WorkerSettings
from streams.snapshots import last_snapshots

SETTLE_S = 1.0
SETTLE_TRIES = 8


class NothingToExport(LookupError):
    """The region's events are not there: unknown, or archived without a snapshot behind the gap."""


async def export_log(settings: WorkerSettings, region: str) -> AsyncIterator[str]:
    """The lines of a region's log file. Raises NothingToExport, KafkaError."""
    number = partition_of(region)
    start = await first_offset(settings, "region-events", number)
    now = (await current_logs(settings, [number]))[number]
    yield canonical(
        {
            "kind": "log",
            "format": FORMAT,
            "region": region,
            "partition": number,
            "log": now.log,
            "end": now.end,
        }
    )
    if start > 0:
        snapshot = (await last_snapshots(settings, [number])).get(number)
        if snapshot is None or snapshot.next_offset < start:
            raise NothingToExport(f"events before offset {start} are gone and no snapshot holds them")
        start = snapshot.next_offset
        yield canonical({"kind": "snapshot", "next_offset": start, "fold": orjson.loads(snapshot.fold)})
    events, end = 0, start
    async for record in read_to_end(settings, "region-events", [number], start):
        end = record.offset + 1
        if record.key in (None, b"", region.encode()):
            events += record.key == region.encode()
            yield event_line(record.offset, record.key, record.headers, record.value)
    if events == 0:
        raise NothingToExport(f"no event of region {region} stands in partition {number} of region-events")
    for line in await _published(settings, region, number, start, end):
        yield line


async def _published(settings: WorkerSettings, region: str, number: int, start: int, end: int) -> list[str]:
    """The decisions about these events, when no more of them appear for a second."""
    before = -1
    for _ in range(SETTLE_TRIES):
        lines: list[str] = []
        async for record in read_to_end(settings, "assignments", [number]):
            if record.key == region.encode():
                decision = orjson.loads(record.value)
                if start <= decision["offset"] < end:
                    lines.append(decision_line(decision))
        if len(lines) == before:
            return lines
        before = len(lines)
        await asyncio.sleep(SETTLE_S)
    return lines
