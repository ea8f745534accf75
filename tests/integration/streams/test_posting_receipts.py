"""A posting's receipt leaves with its decision, stands in Redis, and is derived again from the log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from deploy.local import Broker
from schemas.cloudevents import decode
from schemas.postings import PostingReceipt
from schemas.read_models import regions_key
from schemas.topics import partition_of
from services.dispatch.fold import Logged, PartitionFold
from services.gateway.read_models import ReadModels, RedisLink
from streams.dispatch import Told, publisher
from streams.explain import NeverPosted, explain_postings
from streams.metrics import WorkerMetrics
from streams.reading import read_to_end
from streams.receipt_shelf import ReceiptShelf
from streams.settings import WorkerSettings
from tests.integration.streams.field import Field, talking
from tests.unit.dispatch.scene import Scene
from tests.unit.dispatch.test_posting import a_scene

R1 = partition_of("R1")


def posted_scene() -> Scene:
    """Much was reported 20 km off, and ANA, who is idle, is sent there."""
    scene = a_scene()
    scene.on_shift("ANA")
    for _ in range(3):
        scene.after(1)
    return scene


async def written(field: Field, scene: Scene) -> PostingReceipt:
    """The scene's log on `region-events`, and what it decides published as a worker would."""
    publish = publisher(field.producer, field.settings, WorkerMetrics())
    fold, postings = PartitionFold(), []
    async for record in read_to_end(field.settings, "region-events", [R1]):  # the log's own beginning
        envelope = decode(record.value, record.headers)
        fold.step(Logged(record.offset, "", envelope.source, envelope.id, envelope.event))  # type: ignore[arg-type]
    for logged in scene.log[1:]:
        await field.say("region-events", logged.event, logged.region, logged.id, partition=R1)
        decisions = fold.step(logged._replace(offset=fold.next_offset))
        postings += fold.postings
        leaves: list[Told] = [*decisions, *fold.receipts, *fold.postings]
        for told in leaves:
            for confirmed in await publish(told):
                await confirmed
    (posting,) = postings
    return posting


async def shelved(url: str, settings: WorkerSettings, receipt: PostingReceipt) -> list[object]:
    """What the gateway reads after the same receipt has been written twice."""
    async with Redis.from_url(url) as redis:
        await redis.hset(regions_key(settings.topic_prefix), "R1", receipt.log)
        for _ in range(2):
            shelf = ReceiptShelf(redis, settings)
            shelf.take([receipt])
            await shelf.write()
    link = RedisLink(url, lambda: None)
    try:
        return [*await ReadModels(link, settings.topic_prefix).postings("R1", "ANA")]
    finally:
        await link.close()


async def test_a_posting_is_published_shelved_and_derived_again(
    broker: Broker, any_redis: str, topic_prefix: str
) -> None:
    """Rule: the stored one is kept once, and the one derived from the log says the same and more."""
    settings = WorkerSettings(broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix)
    async with talking(settings) as field:
        receipt = await written(field, posted_scene())
    assert receipt.decided_at < datetime.now(UTC)
    (kept,) = await shelved(any_redis, settings, receipt)
    assert PostingReceipt.model_validate(kept) == receipt
    found = await explain_postings(settings, "ANA")
    (one,) = found.postings
    assert (one.derived, one.decision.id, found.region) == (True, receipt.id, "R1")
    assert one.posting is not None
    more = {"flips", "other_places", "other_engineers"}
    assert one.posting.model_dump(exclude=more) == receipt.model_dump(exclude=more)
    assert one.posting.flips[0] == receipt.flips[0]
    assert len(one.posting.flips) > len(receipt.flips)
    with pytest.raises(NeverPosted, match="BEA"):
        await explain_postings(settings, "BEA", "R1")
