"""The decision stream: server-sent events that any gateway can resume, nothing missed and nothing twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import orjson
import structlog

from schemas.base import rfc3339
from services.gateway.catch_up import read_between
from services.gateway.clock import EntryClock
from services.gateway.limits import StreamSlots
from services.gateway.observe import Metrics
from services.gateway.recent import Recent
from services.gateway.ring import Entry
from services.gateway.settings import GatewaySettings
from services.gateway.shown import Shown
from services.gateway.stream_filter import StreamFilter
from services.gateway.tail import Tail
from services.gateway.tokens import Identity
from services.gateway.vector import Vector

log = structlog.get_logger(__name__)

RETRY_MS = 1000
CLOCK_EVERY_S = 0.25
ENTRIES_AT_ONCE = 200
OWN_READS_AT_ONCE = 8
ROUNDS = 50
"""How often a stream may fall behind the ring while it catches up, before it is closed to resume."""


class DecisionStreams:
    """Opens streams; each has its own cursor in the tail's ring, and reads Kafka itself for what is older."""

    def __init__(
        self,
        settings: GatewaySettings,
        clock: EntryClock,
        tail: Tail,
        recent: Recent,
        shown: Shown,
        slots: StreamSlots,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._tail = tail
        self._recent = recent
        self._shown = shown
        self._slots = slots
        self._metrics = metrics
        self._own_reads = asyncio.Semaphore(OWN_READS_AT_ONCE)
        self.stopping = False

    def stop(self) -> None:
        """End every stream; clients resume elsewhere, or here after the restart."""
        self.stopping = True
        self._tail.ring.announce()

    def hold_slot(self, caller: Identity) -> AbstractContextManager[None]:
        """One of the caller's streams; a 429 problem where they have enough."""
        service = caller.role == "service"
        limit = self._settings.streams_per_service if service else self._settings.streams_per_subject
        return self._slots.hold(caller.subject, limit)

    def filter_for(self, caller: Identity, regions: frozenset[str], tiers: frozenset[str]) -> StreamFilter:
        """What of the stream the caller may see and asked for."""
        return StreamFilter(caller, regions, tiers, self._recent, self._shown)

    def board_vector(self, positions: dict[str, int]) -> str:
        """An event id from which on nothing is missing beyond these positions of the regions' read models."""
        vector = self._tail.vector.copy()
        rewound: set[int] = set()
        for entry in self._tail.ring:
            decision = entry.decision
            if entry.partition in rewound or decision.offset <= positions.get(decision.region, -1):
                continue
            rewound.add(entry.partition)
            mark = vector[entry.partition]
            mark.rewind(entry.at, decision.offset - 1)
        return vector.encode()

    async def stream(
        self, caller: Identity, start: Vector | None, wanted: StreamFilter
    ) -> AsyncGenerator[bytes]:
        """Chunks of the stream from `start` (None: the end) until the token expires, or the gateway stops."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        cursor = _Cursor(self, wanted, start)
        clock_told: datetime | None = None
        beat_at = told_at = time.monotonic()
        yield self._clock_event()
        while not self.stopping and datetime.now(UTC) < caller.expires_at:
            news = self._tail.ring.news
            chunk = await cursor.next_chunk()
            if chunk is None:
                self._metrics.slow_streams.inc()
                return
            if chunk:
                yield chunk
            now = time.monotonic()
            beat = now >= beat_at + self._settings.heartbeat_s
            moved = self._clock.mode == "feed" and self._clock.now != clock_told
            if beat or (moved and now >= told_at + CLOCK_EVERY_S):
                clock_told, told_at = self._clock.now, now
                yield self._clock_event()
            if beat:
                beat_at = now
                yield cursor.heartbeat()
            if not chunk:
                await _until(news, min(beat_at + self._settings.heartbeat_s - now, CLOCK_EVERY_S * 4))

    def _clock_event(self) -> bytes:
        now = self._clock.now
        told = {"now": None if now is None else rfc3339(now), "clock": self._clock.mode}
        return b"event: clock\ndata: " + orjson.dumps(told) + b"\n\n"


async def _until(news: asyncio.Event, at_most_s: float) -> None:
    try:
        async with asyncio.timeout(max(at_most_s, 0.01)):
            await news.wait()
    except TimeoutError:
        return


class _Cursor:
    """One stream's place: first what the ring no longer has, by an own read, then the ring."""

    def __init__(self, streams: DecisionStreams, wanted: StreamFilter, start: Vector | None) -> None:
        self._streams = streams
        self._tail = streams._tail
        self._wanted = wanted
        self._vector = start
        self._joined = False
        self._index = 0
        self._rounds = 0
        self._own: AsyncIterator[list[Entry]] | None = None

    def heartbeat(self) -> bytes:
        """A comment, with the place where the stream stands: a filtered stream too resumes from here."""
        if self._vector is None:
            return b": beat\n\n"
        return f": beat\nid: {self._vector.encode()}\n\n".encode()

    async def next_chunk(self) -> bytes | None:
        """The next events, empty where there are none now; None where the stream fell too far behind."""
        if not self._tail.current:
            return b""
        if self._vector is None:
            self._vector = self._tail.vector.copy()
            self._joined, self._index = True, self._tail.ring.end
            return self.heartbeat()
        if self._joined:
            return await self._from_ring()
        return await self._from_broker()

    async def _from_ring(self) -> bytes | None:
        try:
            entries = self._tail.ring.since(self._index, ENTRIES_AT_ONCE)
        except LookupError:
            return None
        self._index += len(entries)
        return await self._written(entries) or (b": on\n\n" if entries else b"")

    async def _from_broker(self) -> bytes | None:
        if self._own is None and not self._begin_own_read():
            self._joined, self._index = True, self._tail.ring.first
            return await self._from_ring()
        if self._rounds > ROUNDS:
            return None
        assert self._own is not None
        entries = await anext(self._own, None)
        if entries is None:
            self._own = None
            return b": on\n\n"
        return await self._written(entries) or b": on\n\n"

    def _begin_own_read(self) -> bool:
        """Start reading what lies before the ring; False where nothing does."""
        assert self._vector is not None
        reconcile(self._vector, self._tail.vector)
        spans = {
            number: (mark.next, self._tail.ring.covered_from[number])
            for number, mark in self._vector
            if mark.next < self._tail.ring.covered_from[number]
        }
        if not spans:
            return False
        self._rounds += 1
        streams = self._streams
        self._own = read_between(streams._settings, spans, self._vector, streams._own_reads)
        return True

    async def _written(self, entries: list[Entry]) -> bytes:
        assert self._vector is not None
        parts = []
        for entry in entries:
            mark = self._vector[entry.partition]
            if entry.at < mark.next or not mark.take(entry.decision, entry.at, entry.tag):
                continue
            text = await self._wanted.text_of(entry)
            if text is not None:
                parts.append(
                    b"event: decision\nid: %b\ndata: %b\n\n" % (self._vector.encode().encode(), text)
                )
        self._streams._metrics.streamed.inc(len(parts))
        return b"".join(parts)


def reconcile(mine: Vector, tail: Vector) -> None:
    """Where another log lies in a partition than the client has seen, all of it is new to them."""
    for number, mark in list(mine):
        theirs = tail[number]
        other_log = bool(theirs.log and mark.log) and theirs.log != mark.log
        gone = not theirs.log and mark.next > theirs.next
        if other_log or gone:
            mine.restart(number)
