"""The read models: what an event changed goes from the fold's state into Redis, position and data at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas.decisions import Decision
from schemas.engineers import EngineersMoved
from schemas.read_models import RegionKeys, engineer_key, incident_key, regions_key
from schemas.views import EngineerView, IncidentView
from services.dispatch.fold import Logged
from services.dispatch.state import RegionState
from services.dispatch.views import engineer_view, incident_view, region_view
from streams.desk_models import DeskModels
from streams.metrics import WorkerMetrics
from streams.owned import OwnedPartition
from streams.receipt_shelf import ReceiptShelf
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

MAX_CHANGED = 5000
"""Changed subjects that are remembered of a region; beyond it the region is written anew whole."""
MAX_TOLD = 100_000
VIEWS_AT_ONCE = 100
INCIDENT_KEY_EXPIRES_S = 14 * 24 * 3600
BACKOFF_S = (0.2, 0.5, 1.0, 2.0)
REDIS_AWAY = (RedisError, OSError, asyncio.TimeoutError)

View = Callable[[RegionState, str], IncidentView | EngineerView | None]

APPLY = """
local stored = tonumber(redis.call('GET', KEYS[1]))
local base, position, whole = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
if stored and stored > position then return 'stale' end
if stored and stored == position then return 'applied' end
if not whole and (not stored or stored < base) then return 'behind' end
if whole then redis.call('DEL', KEYS[3], KEYS[4]) end
redis.call('SET', KEYS[2], ARGV[4])
redis.call('SET', KEYS[5], ARGV[5])
if ARGV[6] ~= '' then redis.call('SET', KEYS[6], ARGV[6]) end
local at = 8
for hash = 3, 4 do
  local count = tonumber(ARGV[at - 1])
  for i = at, at + 2 * count - 2, 2 do
    if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[hash], ARGV[i])
    else redis.call('HSET', KEYS[hash], ARGV[i], ARGV[i + 1]) end
  end
  at = at + 2 * count + 1
end
redis.call('SET', KEYS[1], ARGV[2])
return 'applied'
"""
"""KEYS position, view, incidents, engineers, desk, load.

ARGV base, position, whole, view, desk, load ('': as it was), twice: count, (id, JSON)*.

Only above the stored position, and only where everything since the stored position is in the changes."""


@dataclass
class Changes:
    """What changed in one region after offset `base`; `whole` stands for everything."""

    base: int
    whole: bool = False
    incidents: set[str] = field(default_factory=set)
    engineers: set[str] = field(default_factory=set)

    def add(self, older: Changes) -> None:
        """Take older changes in, that could not be written."""
        self.base = min(self.base, older.base)
        self.whole = self.whole or older.whole
        self.incidents |= older.incidents
        self.engineers |= older.engineers
        self.trim()

    def trim(self) -> None:
        """Keep the memory bounded while Redis is away."""
        if len(self.incidents) + len(self.engineers) > MAX_CHANGED:
            self.whole = True
        if self.whole:
            self.incidents.clear()
            self.engineers.clear()


class ReadModels:
    """Notes what events changed, and writes it every tenth of a second; dispatch never waits for it."""

    def __init__(self, redis: Redis, settings: WorkerSettings, metrics: WorkerMetrics) -> None:
        self._redis = redis
        self._settings = settings
        self._metrics = metrics
        self._apply = redis.register_script(APPLY)
        self._changes: dict[tuple[int, str], Changes] = {}
        self._shelf = ReceiptShelf(redis, settings)
        self._desks = DeskModels()
        self._told: dict[str, str] = {}
        """Keys of subjects -> region, as written beside."""

    def note(self, owned: OwnedPartition, logged: Logged, decisions: Sequence[Decision]) -> None:
        """Remember what this event changed; costs the same whatever the size of its region."""
        self._shelf.take((*owned.fold.receipts, *owned.fold.postings))
        for decision in decisions:
            changes = self._of(owned, decision.region)
            if decision.incident_id is not None:
                changes.incidents.add(decision.incident_id)
            if decision.diverted_from is not None:
                changes.incidents.add(decision.diverted_from)
            if decision.engineer_id is not None:
                changes.engineers.add(decision.engineer_id)
        if isinstance(logged.event, EngineersMoved):
            self._of(owned, logged.region).engineers.update(move.engineer_id for move in logged.event.moves)
        elif logged.region:
            changes = self._of(owned, logged.region)
            if (engineer_id := getattr(logged.event, "engineer_id", None)) is not None:
                changes.engineers.add(engineer_id)
        else:  # the partition's own events: a tick changes every region's clock
            for region in owned.fold.regions:
                self._of(owned, region)

    def _of(self, owned: OwnedPartition, region: str) -> Changes:
        """The region's changes since its last write, or since this worker began to fold it."""
        changes = self._changes.get((owned.number, region))
        if changes is None:
            base = owned.projected.get(region, owned.base_offset - 1)
            changes = self._changes[owned.number, region] = Changes(base)
        elif len(changes.incidents) + len(changes.engineers) > MAX_CHANGED:
            changes.trim()
        return changes

    async def run(self, owned: Mapping[int, OwnedPartition], stopping: asyncio.Event) -> None:
        """Write what changed until told to stop; where Redis is away, try again a little later each time."""
        failures, good_at = 0, time.monotonic()
        while not stopping.is_set():
            await asyncio.sleep(self._settings.read_models_interval_s)
            try:
                await self.write(owned)
            except REDIS_AWAY as error:
                pause_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
                log.warning("redis_not_there", error=repr(error), again_in_s=pause_s, will="dispatch goes on")
                failures += 1
                self._metrics.read_model_lag_s.set(time.monotonic() - good_at)
                await asyncio.sleep(pause_s)
            else:
                if failures:
                    log.info("redis_found", after_s=round(time.monotonic() - good_at, 1))
                failures, good_at = 0, time.monotonic()
                self._metrics.read_model_lag_s.set(0)

    async def write(self, owned: Mapping[int, OwnedPartition]) -> None:
        """Write all that waits, one region after the other. Raises what REDIS_AWAY names."""
        for number, region in list(self._changes):
            partition, changes = owned.get(number), self._changes.pop((number, region))
            if partition is None or region not in partition.fold.regions:
                continue  # another worker's by now, or a command about a region that was never defined
            outcome = "failed"
            try:
                outcome = await self._write_region(partition, region, changes)
                if outcome == "behind":
                    changes.whole = True
                    outcome = await self._write_region(partition, region, changes)
            finally:
                if outcome != "applied":
                    self._of(partition, region).add(changes)
        await self._shelf.write()

    async def _write_region(self, partition: OwnedPartition, region: str, changes: Changes) -> str:
        """Answers applied, stale (somebody is ahead of us) or behind (Redis lacks what came before)."""
        fold, position = partition.fold, partition.next_offset - 1
        keys = RegionKeys(self._settings.topic_prefix, fold.log or "", region)
        state = fold.regions[region]
        if changes.whole:
            self._told.clear()
            incident_ids, engineer_ids = all_incidents(state), list(state.engineers)
        else:
            incident_ids, engineer_ids = sorted(changes.incidents), sorted(changes.engineers)
        arguments: list[Any] = [
            changes.base,
            position,
            int(changes.whole),
            region_view(fold, region).model_dump_json(exclude_none=True),
            *self._desks.texts(fold, region, whole=changes.whole),
        ]
        arguments += await _fields(incident_view, state, incident_ids)
        arguments += await _fields(engineer_view, state, engineer_ids)
        written = [keys.position, keys.view, keys.incidents, keys.engineers, keys.desk, keys.load]
        outcome: str = _text(await self._apply(keys=written, args=arguments))
        if outcome == "applied":
            partition.projected[region] = position
            self._desks.applied(fold, region)
            await self._tell_beside(state, region, keys, incident_ids, engineer_ids)
        return outcome

    async def _tell_beside(
        self, state: RegionState, region: str, keys: RegionKeys, incidents: list[str], engineers: list[str]
    ) -> None:
        """Which log a region has, which region a subject has: outside the transaction, repeatable."""
        prefix = self._settings.topic_prefix
        news = {incident_key(prefix, name): INCIDENT_KEY_EXPIRES_S for name in incidents} | {
            engineer_key(prefix, name): None for name in engineers if name in state.engineers
        }
        news = {key: expires_s for key, expires_s in news.items() if self._told.get(key) != region}
        log_key = f"{regions_key(prefix)}/{region}"
        if not news and self._told.get(log_key) == keys.log:
            return
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hset(regions_key(prefix), region, keys.log)
        for key, expires_s in news.items():
            pipeline.set(key, region, ex=expires_s)
        await pipeline.execute()
        if len(self._told) > MAX_TOLD:
            self._told.clear()
        self._told.update(dict.fromkeys(news, region) | {log_key: keys.log})

    async def drop_forgotten(self, owned: Mapping[int, OwnedPartition]) -> None:
        """Note incidents that Redis still has and the state no longer: the next write removes them."""
        for partition in list(owned.values()):
            for region, state in list(partition.fold.regions.items()):
                keys = RegionKeys(self._settings.topic_prefix, partition.fold.log or "", region)
                stored = {_text(name) for name in await self._redis.hkeys(keys.incidents)}
                self._of(partition, region).incidents |= stored - set(all_incidents(state))


def all_incidents(state: RegionState) -> list[str]:
    """The ids of all incidents that a region remembers, open and closed."""
    return [*state.incidents, *state.closed]


async def _fields(view: View, state: RegionState, ids: list[str]) -> list[Any]:
    """Count, then id and view as JSON of each ('' where there is none); lets other loops run in between.

    A view made after a pause may be newer than the position written with it: what made it so is noted as the
    next change.
    """
    fields: list[Any] = [len(ids)]
    for count, name in enumerate(ids, start=1):
        seen = view(state, name)
        fields += (name, "" if seen is None else seen.model_dump_json(exclude_none=True))
        if count % VIEWS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return fields


def _text(answer: bytes | str) -> str:
    return answer.decode() if isinstance(answer, bytes) else answer
