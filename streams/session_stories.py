"""Remote-assist sessions in the incidents' timelines: `remote-sessions` into Redis, each entry once.

An entry stands under its own name (session and number), so what is read again changes nothing and no
position has to be kept beside: a new broker's offsets can hide nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis

from schemas.assist_log import SessionChanged
from schemas.cloudevents import UnreadableRecord, decode
from schemas.read_models import incident_sessions_key
from schemas.views import TimelineEntry
from streams.dead_letters import DeadLetters, Record
from streams.intake import Intake
from streams.kafka import new_group_consumer
from streams.read_models import BACKOFF_S, INCIDENT_KEY_EXPIRES_S, REDIS_AWAY
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

MAX_TOLD = 300
UNTOLD = frozenset({"placed", "level_changed", "segment_recorded", "freeze_asked"})
"""What concerns nodes, links and files, or is told by what follows it."""

TELL = """
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[1]) and ARGV[5] ~= 'ended' then return 0 end
redis.call('HSETNX', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""
"""KEYS the incident's hash; ARGV most entries, field, entry, expiry in s, kind. An end is always told."""


def told(event: SessionChanged) -> TimelineEntry | None:
    """The line of an incident's story that an event is; None where it is none."""
    if event.kind in UNTOLD:
        return None
    return TimelineEntry(
        at=event.at,
        kind=f"session_{event.kind}",
        engineer_id=event.party or event.author,
        reason=event.outcome or event.reason,
        offset=-1,
        n=event.seq,
        session_id=event.session_id,
    )


class SessionStories:
    """Writes the stories; a worker that reads again what another has written changes nothing."""

    def __init__(self, settings: WorkerSettings, redis: Redis, dead_letters: DeadLetters) -> None:
        self._settings = settings
        self._dead_letters = dead_letters
        self._tell = redis.register_script(TELL)

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until told to stop; raises KafkaError where the broker goes away, and can be run again."""
        consumer = new_group_consumer(self._settings, "timeline")
        intake = Intake(consumer, [self._settings.topic("remote-sessions")])
        try:
            await intake.start()
            while not stopping.is_set():
                batches = await intake.read()
                owed: list[asyncio.Future[Any]] = []
                for records in batches.values():
                    owed += await self._take(records, stopping)
                if stopping.is_set():
                    return
                intake.handled(batches, owed)
        finally:
            await intake.stop()

    async def _take(self, records: Sequence[Record], stopping: asyncio.Event) -> list[asyncio.Future[Any]]:
        owed = []
        for record in records:
            try:
                event = decode(record.value, record.headers).event
            except UnreadableRecord as error:
                owed.append(await self._dead_letters.write(record, error.reason, error.detail))
                continue
            entry = told(event) if isinstance(event, SessionChanged) else None
            if entry is not None:
                assert isinstance(event, SessionChanged)
                await self._write(event, entry, stopping)
        return owed

    async def _write(self, event: SessionChanged, entry: TimelineEntry, stopping: asyncio.Event) -> None:
        """Write one line, and again where Redis is away, until told to stop."""
        key = incident_sessions_key(self._settings.topic_prefix, event.incident_id)
        field = f"{event.session_id}/{event.seq}"
        line = entry.model_dump_json(exclude_none=True)
        failures = 0
        while not stopping.is_set():
            try:
                await self._tell(keys=[key], args=[MAX_TOLD, field, line, INCIDENT_KEY_EXPIRES_S, event.kind])
            except REDIS_AWAY as error:
                log.warning("story_waits_for_redis", error=repr(error))
                await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
            else:
                return
