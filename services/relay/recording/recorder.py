"""A session's recorder: while consent stands, each publisher's files are written and bound into the chain."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import structlog

from schemas.assist_log import Entry
from services.assist.drafts import Draft, NotAllowed
from services.assist.recorded import Failed, RecordedSegment, can_not_record, record, record_segment
from services.assist.session import Session
from services.relay.node.live import NotStored
from services.relay.recording.disk import CannotRecord, Disk, SegmentFile
from services.relay.recording.take import Take
from services.relay.source import Source
from services.sessions.store import LogFull, StoreRefused

log = structlog.get_logger(__name__)

TICK_S = 1.0
AGAIN_AFTER_S = 30.0
CLOSE_WITHIN_S = 3.0
MAX_SEGMENTS = 5000
"""Of a session's 20,000 entries the recording may take these."""
REFUSED = (NotAllowed, NotStored, StoreRefused)
"""What `commit` raises."""
STOPS = frozenset({"consent_withdrawn", "recording_stopped", "ended"})


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a file is, and how much one session may take."""

    segment_s: float
    session_bytes: int


class Logged(Protocol):
    """The session that is recorded (services.relay.node.live.LiveSession)."""

    session: Session
    epoch: int

    def now(self) -> datetime:
        """The time in its log."""

    async def commit(self, decide: Callable[[Session], list[Draft]]) -> list[Entry]:
        """Add to its log and tell everybody."""


class Published(Protocol):
    """The room of the session (services.relay.room.Room)."""

    def publishers(self) -> dict[str, list[str]]:
        """Who sends what."""

    def sources(self, publisher: str) -> list[Source]:
        """A publisher's live tracks."""


class Recorder:
    """Follows a session's log and its room; nothing that it does is waited for by either.

    `left_over` is given what is whole on the disk and could not be bound into the chain now; `complete` is
    awaited once a recording has stopped and all of it is bound.
    """

    def __init__(self, live: Logged, room: Published, disk: Disk, terms: Terms) -> None:
        self._live, self._room, self._disk, self.terms = live, room, disk, terms
        self.left_over: Callable[[RecordedSegment], None] = lambda _: None
        self.complete: Callable[[], Coroutine[None, None, None]] | None = None
        self.running = False
        self._takes: dict[str, Take] = {}
        self._files: dict[str, SegmentFile] = {}
        self._bytes = self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._begins = False
        self._told: Failed | None = None

    def follow(self, entries: Sequence[Entry]) -> None:
        """The session's log has grown."""
        kinds = {entry.kind for entry in entries}
        if kinds & STOPS:
            self.stop()
        if "consent_given" in kinds:
            self.begin()

    def begin(self) -> None:
        """Record where consent stands: asked again where it runs already, nothing happens."""
        session = self._live.session
        if session.consent == "given" and session.is_open and not self.running and not self._begins:
            self._begins = True
            self._start(self._begin())

    async def _begin(self) -> None:
        try:
            self._bytes, self._number = await self._disk.later(
                partial(self._disk.survey, self._live.session.session_id)
            )
            self._require_size()
            await self._live.commit(lambda session: record(session, on=True))
        except CannotRecord as full:
            await self._tell(full)
            return
        except REFUSED as refused:
            log.warning("recording_not_begun", session_id=self._live.session.session_id, error=str(refused))
            return
        finally:
            self._begins = False
        session = self._live.session
        if session.consent == "given" and session.is_open:
            self.running, self._told = True, None
            self._ticking = asyncio.get_running_loop().create_task(self._tick())
            for publisher in self._room.publishers():
                self.published(publisher)

    def published(self, publisher: str) -> None:
        """Somebody sends now: a party, or PARTY~RESOURCE."""
        if not self.running:
            return
        if publisher not in self._takes:
            party = publisher.partition("~")[0]
            self._takes[publisher] = Take(party, self, clocks, self._log_time, self.terms.segment_s)
        self._takes[publisher].follow(self._room.sources(publisher))

    def _log_time(self, unix_s: float) -> datetime:
        ahead = self._live.now() - datetime.now(UTC)
        return datetime.fromtimestamp(unix_s, UTC) + ahead

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = clocks()[0]
            for publisher, take in list(self._takes.items()):
                take.tick(now)
                if take.is_empty:
                    take.close()
                    del self._takes[publisher]

    # SegmentSink: called while packets arrive

    def begin_file(self, publisher: str, suffix: str) -> str:
        """A name that no other file of the session has, on whichever node."""
        self._number += 1
        whose = re.sub(r"[^A-Za-z0-9_.-]", "_", publisher)[:64]
        name = f"e{self._live.epoch}-{self._number:04}-{whose}{suffix}"
        self._files[name] = SegmentFile(self._disk, self._live.session.session_id, name)
        return name

    def write(self, name: str, octets: bytes) -> None:
        """Hand it to the disk's thread."""
        file = self._files.get(name)
        if file is None:
            return
        self._bytes += len(octets)
        try:
            self._require_size()
            writing = self._disk.later(partial(file.write, octets), len(octets))
        except CannotRecord as full:
            self._fail(full)
        else:
            writing.add_done_callback(self._written)

    def end_file(self, name: str) -> None:
        """Seal it and bind it into the chain."""
        file = self._files.pop(name, None)
        if file is not None:
            self._start(self._bind(self._disk.later(file.seal)))

    def _require_size(self) -> None:
        if self._bytes > self.terms.session_bytes or self._number >= MAX_SEGMENTS:
            raise CannotRecord("size_limit", f"the session's recording has {self._bytes} bytes")

    def _written(self, writing: asyncio.Future[None]) -> None:
        error = None if writing.cancelled() else writing.exception()
        if isinstance(error, CannotRecord):
            self._fail(error)
        elif error is not None:
            raise error

    def _fail(self, why: CannotRecord) -> None:
        """Stop, and tell everybody; the session goes on. A full disk is looked at again after a while."""
        if self.running:
            # Not from within a packet's way: the files that are open are closed by the loop's next turn.
            self.running = False
            loop = asyncio.get_running_loop()
            loop.call_soon(self.stop)
            self._start(self._tell(why))

    async def _tell(self, why: CannotRecord) -> None:
        reason: Failed = why.reason
        log.warning(
            "recording_stopped", session_id=self._live.session.session_id, reason=reason, why=str(why)
        )
        try:
            if self._live.session.recording or self._told != reason:
                await self._live.commit(lambda session: can_not_record(session, reason))
                self._told = reason
        except REFUSED as refused:
            log.warning("recording_stop_not_logged", reason=reason, error=str(refused))
        if reason.startswith("disk"):
            asyncio.get_running_loop().call_later(AGAIN_AFTER_S, self.begin)

    async def _bind(self, sealing: asyncio.Future[RecordedSegment | None]) -> None:
        session_id = self._live.session.session_id
        try:
            found = await sealing
        except (CannotRecord, OSError) as error:
            log.error("segment_not_sealed", session_id=session_id, error=str(error))
            return
        if found is None:
            return
        try:
            await self._live.commit(lambda session: record_segment(session, found))
        except REFUSED as refused:
            log.warning(
                "segment_bound_later", session_id=session_id, segment=found.segment, error=str(refused)
            )
            self.left_over(found)
            if isinstance(refused, LogFull):
                self._fail(CannotRecord("log_full", str(refused)))
            return
        await self._disk.later(partial(self._disk.committed, session_id, found.segment))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Hear nothing more, close what is open."""
        self.running = False
        if self._ticking is None:
            return
        self._ticking.cancel()
        self._ticking = None
        for take in self._takes.values():
            take.close()
        self._takes.clear()
        if self.complete is not None:
            self._start(self._finish(self.complete))

    async def _finish(self, complete: Callable[[], Coroutine[None, None, None]]) -> None:
        own = asyncio.current_task()
        await asyncio.gather(*(task for task in self._tasks if task is not own), return_exceptions=True)
        await complete()

    async def close(self) -> None:
        """Stop, and wait a moment for the disk and the chain."""
        self.stop()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=CLOSE_WITHIN_S)


def clocks() -> tuple[float, float]:
    """The loop's monotonic clock and seconds since 1970."""
    return asyncio.get_running_loop().time(), time.time()
