"""What nobody looks after: entries of sessions without a node, and sessions that were never ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from services.assist import lifecycle
from services.assist.drafts import SYSTEM
from services.relay.node.live import LiveSession
from services.relay.node.outbox import Outbox
from services.sessions.desk import SessionDesk
from services.sessions.nodes import NodeRegistry
from services.sessions.store import SessionStore, UnknownSession

log = structlog.get_logger(__name__)

LISTED = 2000
LONGEST_S = 12 * 3600


class Sweep:
    """Goes through the list of sessions; every node does, and repeats hurt nothing."""

    EVERY_S = 3.0

    def __init__(
        self,
        store: SessionStore,
        registry: NodeRegistry,
        outbox: Outbox,
        desk: SessionDesk,
        live: Mapping[str, LiveSession],
    ) -> None:
        self._store, self._registry, self._outbox, self._desk = store, registry, outbox, desk
        self._live = live

    async def once(self) -> None:
        """One round."""
        nodes = await self._registry.alive()
        for session_id, opened_ms in await self._store.listed(LISTED):
            try:
                await self._look_at(session_id, opened_ms, set(nodes))
            except UnknownSession:
                await self._store.unlist(session_id)

    async def _look_at(self, session_id: str, opened_ms: int, nodes: set[str]) -> None:
        placed = await self._store.placement(session_id)
        if placed.published < placed.seq:
            if placed.node not in nodes or session_id in self._live:
                self._outbox.mark(session_id)
        elif await self._store.has_ended(session_id):
            session = await self._store.load(session_id)
            if not session.was_recorded:  # a still is kept with the consent to a recording alone
                await self._store.drop_stills(session)
            await self._store.unlist(session_id)
        elif opened_ms / 1000 < datetime.now(UTC).timestamp() - LONGEST_S:
            at = datetime.now(UTC) + timedelta(milliseconds=placed.offset_ms)
            log.warning("session_abandoned", session_id=session_id)
            await self._desk.change(
                session_id, lambda now: lifecycle.end(now, SYSTEM, "abandoned", "open for too long"), at
            )
