"""What a recording leaves on the disk is bound into its session's chain, also after a crash.

A node that starts again with the same folder makes whole what the one before left unfinished. Its sessions
live elsewhere by now, so it adds to their logs as a gateway does, without an epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from services.assist.chain import Signer
from services.assist.drafts import NotAllowed
from services.assist.evidence import whole_chain
from services.assist.recorded import RecordedSegment, record_segment
from services.relay.node.link import StoreAway
from services.relay.recording.disk import CHAIN, STILLS, CannotRecord, Disk, recovered
from services.sessions.desk import SessionDesk
from services.sessions.store import Behind, LogFull, SessionStore, UnknownSession

log = structlog.get_logger(__name__)

EVERY_S = 5.0


class Keeper:
    """Tries again what could not be bound; `changed` hears of sessions whose log has grown."""

    def __init__(
        self,
        disk: Disk,
        store: SessionStore,
        signer: Signer,
        changed: Callable[[str], None],
    ) -> None:
        self.disk = disk
        self._store, self._signer, self._changed = store, signer, changed
        self._desk = SessionDesk(store, signer)
        self._left: dict[tuple[str, str], RecordedSegment] = {}

    def take(self, session_id: str, found: RecordedSegment) -> None:
        """A whole segment that is not in the chain yet."""
        self._left[session_id, found.segment] = found

    async def run(self) -> None:
        """Recover, then bind what there is, until cancelled."""
        try:
            for session_id, found in await self.disk.later(partial(recovered, self.disk.folder)):
                log.info("segment_recovered", session_id=session_id, segment=found.segment)
                self.take(session_id, found)
        except OSError as error:
            log.error("recordings_not_recovered", folder=str(self.disk.folder), error=str(error))
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        """One round; what the store can not take now is kept for the next."""
        sessions = set()
        for (session_id, name), found in list(self._left.items()):
            try:
                if await self._bind(session_id, found):
                    sessions.add(session_id)
            except (Behind, StoreAway) as error:
                log.warning("segment_bound_later", session_id=session_id, segment=name, error=repr(error))
                continue
            del self._left[session_id, name]
        for session_id in sessions:
            self._changed(session_id)
            await self.keep_beside(session_id)

    async def _bind(self, session_id: str, found: RecordedSegment) -> bool:
        """Whether it is in the chain now; what will never be stays on the disk as it is."""
        try:
            offset_ms = (await self._store.placement(session_id)).offset_ms
            at = datetime.now(UTC) + timedelta(milliseconds=offset_ms)
            await self._desk.change(session_id, lambda session: record_segment(session, found), at)
        except (UnknownSession, LogFull, NotAllowed) as error:
            log.error("segment_never_bound", session_id=session_id, segment=found.segment, error=str(error))
            return False
        await self.disk.later(partial(self.disk.committed, session_id, found.segment))
        return True

    async def keep_beside(self, session_id: str) -> None:
        """The chain, sealed as it is now, and the stills, beside the segments: Redis forgets them in time."""
        try:
            session = await self._store.load(session_id)
            entries = await self._store.entries_after(session_id, 0)
            chain = await asyncio.to_thread(whole_chain, entries, self._signer)
            await self.disk.later(partial(self.disk.keep, session_id, CHAIN, chain))
            for still_id in session.stills:
                found = await self._store.still(session_id, still_id)
                if found is not None:
                    name = f"{STILLS}/{still_id}"
                    await self.disk.later(partial(self.disk.keep, session_id, name, found[0]))
        except (UnknownSession, CannotRecord, OSError, StoreAway) as error:
            log.warning("not_kept_beside", session_id=session_id, error=repr(error))
