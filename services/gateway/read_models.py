"""The read models in Redis, as the dispatch worker writes them (keys: schemas.read_models)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from schemas.lending import RegionLoad
from schemas.lending_views import RegionDesk
from schemas.read_models import (
    RegionKeys,
    engineer_key,
    incident_key,
    incident_sessions_key,
    postings_key,
    receipts_key,
    regions_key,
)
from services.gateway.problems import RedisAway

log = structlog.get_logger(__name__)

View = dict[str, Any]
FAIL_FAST_S = 0.5
"""After a failure nobody waits for Redis again for so long."""


class RedisLink:
    """The connection: short waits, and after a failure a moment in which nobody waits at all."""

    def __init__(self, url: str, on_failure: Callable[[], None]) -> None:
        # Any: the client's types serve its two worlds at once, and a pipeline's calls can not be told apart.
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=1.0, socket_connect_timeout=0.5, max_connections=50
        )
        self._on_failure = on_failure
        self._away_until = 0.0

    async def ask(self, *words: str | bytes | int) -> Any:
        """One command's answer; RedisAway where there is none."""
        return await self._guarded(lambda: self._client.execute_command(*words))

    async def ask_at_once(self, *commands: tuple[str, ...]) -> list[Any]:
        """The answers of several commands in one transaction; RedisAway where there are none."""
        pipe = self._client.pipeline(transaction=True)
        for words in commands:
            pipe.execute_command(*words)
        answers: list[Any] = await self._guarded(pipe.execute)
        return answers

    async def _guarded(self, question: Callable[[], Awaitable[Any]]) -> Any:
        if time.monotonic() < self._away_until:
            raise RedisAway
        try:
            return await question()
        except (RedisError, OSError, TimeoutError) as error:
            self._on_failure()
            self._away_until = time.monotonic() + FAIL_FAST_S
            log.warning("redis_does_not_answer", error=repr(error))
            raise RedisAway from error

    async def is_up(self) -> bool:
        """Whether Redis answers now."""
        try:
            await self.ask("PING")
        except RedisAway:
            return False
        return True

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


@dataclass(frozen=True, slots=True)
class RegionModel:
    """One region's read model at one position of its log; views are plain JSON objects."""

    log: str
    position: int
    view: View
    incidents: dict[str, View]
    engineers: dict[str, View]


@dataclass(frozen=True, slots=True)
class RegionDeskModel:
    """What the lead's desk shows of one region; the load is up to a minute old."""

    view: View
    desk: RegionDesk
    load: RegionLoad | None


class ReadModels:
    """Reads whole regions (kept while their position stands still) and single views."""

    def __init__(self, link: RedisLink, prefix: str) -> None:
        self._link = link
        self._prefix = prefix
        self._kept: dict[str, RegionModel] = {}

    async def logs(self) -> dict[str, str]:
        """Region -> its current log, of every region that has a read model."""
        found = await self._link.ask("HGETALL", regions_key(self._prefix))
        return {_text(region): _text(log_id) for region, log_id in _pairs(found)}

    async def region(self, region: str) -> RegionModel | None:
        """A region's whole read model, or None where there is none yet."""
        log_id = await self._log_of(region)
        if log_id is None:
            return None
        keys = RegionKeys(self._prefix, log_id, region)
        kept = self._kept.get(region)
        if kept is not None and kept.log == log_id:
            position = await self._link.ask("GET", keys.position)
            if position is not None and int(position) == kept.position:
                return kept
        model = await self._read(keys)
        if model is not None:
            self._kept[region] = model
        return model

    async def _log_of(self, region: str) -> str | None:
        found = await self._link.ask("HGET", regions_key(self._prefix), region)
        return None if found is None else _text(found)

    async def _read(self, keys: RegionKeys) -> RegionModel | None:
        position, view, incidents, engineers = await self._link.ask_at_once(
            ("GET", keys.position),
            ("GET", keys.view),
            ("HGETALL", keys.incidents),
            ("HGETALL", keys.engineers),
        )
        if position is None or view is None:
            return None
        return RegionModel(
            keys.log,
            int(position),
            orjson.loads(view),
            {_text(key): orjson.loads(raw) for key, raw in _pairs(incidents)},
            {_text(key): orjson.loads(raw) for key, raw in _pairs(engineers)},
        )

    async def desk(self, region: str) -> RegionDeskModel | None:
        """A region's view and what the lead's desk shows of it, or None where there is none yet."""
        log_id = await self._log_of(region)
        if log_id is None:
            return None
        keys = RegionKeys(self._prefix, log_id, region)
        view, desk, load = await self._link.ask_at_once(
            ("GET", keys.view), ("GET", keys.desk), ("GET", keys.load)
        )
        if view is None or desk is None:
            return None
        said = None if load is None else RegionLoad.model_validate_json(load)
        return RegionDeskModel(orjson.loads(view), RegionDesk.model_validate_json(desk), said)

    async def incident(self, region: str, incident_id: str) -> tuple[str, int, View] | None:
        """(log, position, view) of one incident."""
        return await self._one(region, "incidents", incident_id)

    async def engineer(self, region: str, engineer_id: str) -> tuple[str, int, View] | None:
        """(log, position, view) of one engineer."""
        return await self._one(region, "engineers", engineer_id)

    async def _one(self, region: str, kind: str, subject: str) -> tuple[str, int, View] | None:
        log_id = await self._log_of(region)
        if log_id is None:
            return None
        keys = RegionKeys(self._prefix, log_id, region)
        position, raw = await self._link.ask_at_once(
            ("GET", keys.position), ("HGET", getattr(keys, kind), subject)
        )
        if position is None or raw is None:
            return None
        return log_id, int(position), orjson.loads(raw)

    async def receipts(self, region: str, incident_id: str) -> list[View]:
        """An incident's stored receipts in the log's order; they expire, and can be derived anew."""
        log_id = await self._log_of(region)
        if log_id is None:
            return []
        found = await self._link.ask("HGETALL", receipts_key(self._prefix, log_id, region, incident_id))
        views = [orjson.loads(raw) for _, raw in _pairs(found)]
        return sorted(views, key=lambda view: (view["offset"], view["n"]))

    async def postings(self, region: str, engineer_id: str) -> list[View]:
        """An engineer's last stored posting receipts in the log's order."""
        log_id = await self._log_of(region)
        if log_id is None:
            return []
        found = await self._link.ask("ZRANGE", postings_key(self._prefix, log_id, region, engineer_id), 0, -1)
        return [orjson.loads(raw) for raw in found]

    async def sessions_of(self, incident_id: str) -> list[View]:
        """The lines of an incident's story that its remote-assist sessions wrote, in no order."""
        found = await self._link.ask("HVALS", incident_sessions_key(self._prefix, incident_id))
        return [orjson.loads(line) for line in found]

    async def region_of_incident(self, incident_id: str) -> str | None:
        """The region that an incident belongs to."""
        return await self._owner(incident_key(self._prefix, incident_id))

    async def region_of_engineer(self, engineer_id: str) -> str | None:
        """The region that owns an engineer now."""
        return await self._owner(engineer_key(self._prefix, engineer_id))

    async def _owner(self, key: str) -> str | None:
        found = await self._link.ask("GET", key)
        return None if found is None else _text(found)


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw


def _pairs(found: Any) -> list[tuple[bytes, bytes]]:
    """HGETALL's answer as pairs, whichever of its two forms the client hands out."""
    if isinstance(found, dict):
        return list(found.items())
    return list(zip(found[::2], found[1::2], strict=True))
