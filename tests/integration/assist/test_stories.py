"""Sessions in an incident's story: each entry once, however often it is read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis

from schemas.assist_log import SessionChanged
from schemas.cloudevents import encode
from schemas.read_models import incident_sessions_key
from services.assist import lifecycle
from services.sessions.desk import SessionDesk
from services.sessions.outbox import addressed
from streams.dead_letters import DeadLetters
from streams.metrics import WorkerMetrics
from streams.session_stories import SessionStories, told
from streams.settings import WorkerSettings
from tests.integration.assist.conftest import DESK, TEN
from tests.unit.streams.samples import Sent


@dataclass
class Kept:
    """A record as a consumer hands it over."""

    value: bytes
    headers: list[tuple[str, bytes]]
    topic: str = "remote-sessions"
    partition: int = 0
    offset: int = 0
    key: bytes | None = None


async def test_a_story_is_written_once_however_often_it_is_read(
    desk: SessionDesk, session_id: str, redis_url: str
) -> None:
    """Read again after a crash nothing is added; what nobody can read becomes a letter and stops nothing."""
    await desk.change(session_id, lambda now: lifecycle.join(now, "EVA", "expert"), TEN)
    await desk.change(session_id, lambda now: lifecycle.place("node-a", 1), TEN)
    await desk.change(session_id, lambda now: lifecycle.end(now, DESK, "resolved", ""), TEN)
    entries = await desk.store.entries_after(session_id, 0)
    records = [Kept(*encode(addressed(entry)[1])) for entry in entries]
    settings = WorkerSettings(redis_url=redis_url, topic_prefix=desk.store.prefix)
    sent = Sent()
    async with redis.Redis.from_url(redis_url) as client:
        stories = SessionStories(settings, client, DeadLetters(sent, settings, WorkerMetrics()))
        for _ in range(2):
            await stories._take([*records, Kept(b"{", [])], asyncio.Event())
        lines: Any = await client.hgetall(incident_sessions_key(desk.store.prefix, "INC-1"))
    assert sorted(name.decode() for name in lines) == [f"{session_id}/{seq}" for seq in (1, 2, 3, 5)]
    assert len(sent.values) == 2
    (ended,) = [entry for entry in entries if entry.kind == "ended"]
    assert isinstance(ended, SessionChanged)
    line = told(ended)
    assert line is not None
    assert (line.kind, line.reason, line.n) == ("session_ended", "resolved", 5)
