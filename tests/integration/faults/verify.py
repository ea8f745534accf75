"""What must hold after any fault: nothing lost, nothing told in two ways, and the undisturbed state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from redis.asyncio import Redis

from schemas.cloudevents import decode
from schemas.decisions import Decision
from schemas.read_models import RegionKeys, regions_key
from schemas.topics import REGION_PARTITIONS
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.views import engineer_view, incident_view
from services.simulation.checkers import Invariants
from streams.letter_box import read_letters
from streams.reading import read_to_end
from streams.settings import WorkerSettings
from streams.snapshots import Snapshot, last_snapshots
from tests.integration.faults.load import SOURCE, Load

EVERY = range(REGION_PARTITIONS)


@dataclass
class Undisturbed:
    """The whole log folded here from its first event, by a process that nobody killed."""

    folds: dict[int, PartitionFold] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    event_ids: set[str] = field(default_factory=set)
    digests: dict[int, str] = field(default_factory=dict)
    """By partition: the state's digest at the offset of its last snapshot."""
    events: int = 0


async def fold_undisturbed(settings: WorkerSettings, snapshots: Mapping[int, Snapshot]) -> Undisturbed:
    """Fold every partition from the start; contiguous offsets are part of the rule."""
    found = Undisturbed({number: PartitionFold() for number in EVERY})
    async for record in read_to_end(settings, "region-events", EVERY):
        fold = found.folds[record.partition]
        _digest_when_reached(found, record.partition, snapshots)
        assert record.offset == fold.next_offset, f"a gap before {record.partition}@{record.offset}"
        envelope = decode(record.value, record.headers)
        if envelope.source == SOURCE:
            found.event_ids.add(envelope.id)
        region = (record.key or b"").decode()
        event: Any = envelope.event
        for decision in fold.step(Logged(record.offset, region, envelope.source, envelope.id, event)):
            found.decisions[decision.id] = decision
        found.events += 1
    for number in EVERY:
        _digest_when_reached(found, number, snapshots)
    return found


def _digest_when_reached(found: Undisturbed, number: int, snapshots: Mapping[int, Snapshot]) -> None:
    fold, snapshot = found.folds[number], snapshots.get(number)
    if snapshot is not None and snapshot.next_offset == fold.next_offset:
        found.digests.setdefault(number, fold.digest())


async def published_decisions(settings: WorkerSettings) -> list[Decision]:
    """Every decision as it lies on `assignments`, repetitions included, in the topic's order."""
    found: list[Decision] = []
    async for record in read_to_end(settings, "assignments", EVERY):
        event = decode(record.value, record.headers).event
        assert isinstance(event, Decision)
        found.append(event)
    return found


async def verify(settings: WorkerSettings, load: Load) -> dict[str, int]:
    """Check everything that issue 3 promises of faults; call it after load and workers have ended.

    Returns counts for a report. AssertionError (InvariantBroken is one) says which rule is broken.
    """
    snapshots = await last_snapshots(settings, EVERY)
    undisturbed = await fold_undisturbed(settings, snapshots)
    lost = load.acknowledged - undisturbed.event_ids
    assert not lost, f"{len(lost)} acknowledged events are not in the log, such as {sorted(lost)[:3]}"
    for number, snapshot in snapshots.items():
        state = sha256(snapshot.fold).hexdigest()
        assert state == undisturbed.digests.get(number), f"the state of partition {number} differs"
    published = await published_decisions(settings)
    distinct = _compare(published, undisturbed)
    watched = Invariants()
    watched.saw_all(published)
    watched.ended(load.reported)
    letters = await read_letters(settings)
    assert not letters, f"{len(letters)} dead letters, such as {letters[0].letter}"
    await _compare_read_models(settings, undisturbed)
    return {
        "events": undisturbed.events,
        "decisions": distinct,
        "published_twice": len(published) - distinct,
        "incidents": len(load.reported),
        "acknowledged": len(load.acknowledged),
    }


def _compare(published: list[Decision], undisturbed: Undisturbed) -> int:
    """Every decision of the undisturbed fold was published, no other, and none with another content."""
    ids = set()
    for decision in published:
        ids.add(decision.id)
        assert undisturbed.decisions.get(decision.id) == decision, f"{decision.id} differs from the fold's"
    unpublished = undisturbed.decisions.keys() - ids
    assert not unpublished, f"{len(unpublished)} decisions never published, such as {sorted(unpublished)[:3]}"
    return len(ids)


async def _compare_read_models(settings: WorkerSettings, undisturbed: Undisturbed) -> None:
    """Redis shows what the undisturbed fold would have shown."""
    async with Redis.from_url(settings.redis_url, decode_responses=True) as redis:
        logs: Any = await redis.hgetall(regions_key(settings.topic_prefix))
        for fold in undisturbed.folds.values():
            for region, state in fold.regions.items():
                assert logs.get(region) == fold.log
                keys = RegionKeys(settings.topic_prefix, fold.log or "", region)
                shown: Any = await redis.hgetall(keys.incidents)
                ids = {*state.incidents, *state.closed}
                assert ids <= shown.keys(), f"{region}: incidents are missing in Redis"
                _same(shown, {name: incident_view(state, name) for name in ids})
                engineers: Any = await redis.hgetall(keys.engineers)
                assert engineers.keys() == state.engineers.keys(), f"{region}: engineers differ in Redis"
                _same(engineers, {name: engineer_view(state, name) for name in state.engineers})


def _same(shown: Mapping[str, str], wanted: Mapping[str, Any]) -> None:
    for name, view in wanted.items():
        assert shown[name] == view.model_dump_json(exclude_none=True), f"{name} differs in Redis"
