"""From Redis to the broker: what a log has and the broker does not, in order, at least once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from schemas.assist_log import Entry, SessionChanged
from schemas.cloudevents import Envelope
from services.sessions.store import SessionStore

SOURCE = "muster/assist"
"""One source for whoever publishes: (source, SESSION/SEQ) is the dedupe key."""

Publish = Callable[[Sequence[tuple[str, Envelope]]], Awaitable[None]]
"""Publishes (topic, event) in order and returns when the broker has them all."""


def addressed(entry: Entry) -> tuple[str, Envelope]:
    """An entry as the event that it is, with its topic."""
    lifecycle = isinstance(entry, SessionChanged)
    key = entry.incident_id if lifecycle else entry.session_id
    envelope = Envelope(
        id=f"{entry.session_id}/{entry.seq}",
        source=SOURCE,
        event=entry,
        time=entry.at,
        partitionkey=key,
        correlationid=entry.incident_id,
    )
    return "remote-sessions" if lifecycle else "annotations", envelope


async def drain(store: SessionStore, session_id: str, publish: Publish) -> int:
    """Publish what is not yet, and say how many entries; raises what `publish` raises."""
    placed = await store.placement(session_id)
    if placed.published >= placed.seq:
        return 0
    entries = await store.entries_after(session_id, placed.published)
    await publish([addressed(entry) for entry in entries])
    await store.note_published(session_id, entries[-1].seq)
    return len(entries)
