"""A change of a session by who is no node: read, decide, add at the end; again where somebody was faster."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from schemas.assist_log import Entry
from services.assist.chain import Signer, chained
from services.assist.drafts import Draft
from services.assist.session import Session
from services.sessions.keys import node_channel
from services.sessions.store import Behind, SessionStore

TRIES = 8

Decide = Callable[[Session], list[Draft]]


class SessionDesk:
    """Changes sessions; their node hears of it."""

    def __init__(self, store: SessionStore, signer: Signer) -> None:
        self.store = store
        self._signer = signer

    async def change(self, session_id: str, decide: Decide, at: datetime) -> tuple[Session, list[Entry]]:
        """The session after the change, and what was added. Raises NotAllowed and StoreRefused."""
        for _ in range(TRIES):
            session = await self.store.load(session_id)
            try:
                entries = await self._append(session, decide(session), at)
            except Behind:
                continue
            await self._tell(session_id)
            return session, entries
        raise Behind(f"{session_id} changes too quickly")

    async def open(self, session: Session, decide: Decide, at: datetime, wall: datetime) -> bool:
        """Begin a log; False where it was begun before (the same command again)."""
        offset_ms = int((at - wall).total_seconds() * 1000)
        await self.store.begin(session, offset_ms, int(wall.timestamp() * 1000))
        try:
            await self._append(session, decide(session), at)
        except Behind:
            return False
        return True

    async def _append(self, session: Session, drafts: list[Draft], at: datetime) -> list[Entry]:
        entries = chained(session, drafts, at, self._signer)
        if entries:
            for entry in entries:
                session.apply(entry)
            await self.store.append(session, entries, None)
        return entries

    async def _tell(self, session_id: str) -> None:
        placed = await self.store.placement(session_id)
        if placed.node is not None:
            await self.store.ask("PUBLISH", node_channel(self.store.prefix, placed.node), session_id)
