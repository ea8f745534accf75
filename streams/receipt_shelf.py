"""Stored receipts in Redis, by incident and posted engineer, for whoever clicks: beside the read models."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from schemas.postings import PostingReceipt
from schemas.read_models import postings_key, receipt_field, receipts_key
from schemas.receipts import DecisionReceipt
from streams.settings import WorkerSettings

KEPT_WHILE_AWAY = 5_000
"""While Redis is away only so many are held; older ones stand on their topic and can be derived."""
AT_ONCE = 500
EXPIRES_S = 14 * 24 * 3600
POSTINGS_KEPT = 50
"""Of each engineer."""


class ReceiptShelf:
    """Takes receipts in and puts them into Redis; writing one twice changes nothing."""

    def __init__(self, redis: Redis, settings: WorkerSettings) -> None:
        self._redis = redis
        self._prefix = settings.topic_prefix
        self._waiting: deque[DecisionReceipt | PostingReceipt] = deque(maxlen=KEPT_WHILE_AWAY)

    def take(self, receipts: Iterable[DecisionReceipt | PostingReceipt]) -> None:
        """Keep these until the next write."""
        self._waiting.extend(receipts)

    async def write(self) -> None:
        """Write all that waits. Raises what REDIS_AWAY names; what was not written waits on."""
        while self._waiting:
            batch = [self._waiting[n] for n in range(min(AT_ONCE, len(self._waiting)))]
            pipeline = self._redis.pipeline(transaction=False)
            for receipt in batch:
                self._put(pipeline, receipt)
            await pipeline.execute()
            for receipt in batch:
                if self._waiting and self._waiting[0] is receipt:
                    self._waiting.popleft()

    def _put(self, pipeline: Pipeline, receipt: DecisionReceipt | PostingReceipt) -> None:
        text = receipt.model_dump_json(exclude_none=True, exclude_defaults=True)
        place = (self._prefix, receipt.log, receipt.region)
        if isinstance(receipt, DecisionReceipt):
            key = receipts_key(*place, receipt.incident_id)
            pipeline.hset(key, receipt_field(receipt.offset, receipt.n), text)
        else:
            key = postings_key(*place, receipt.chosen.engineer_id)
            pipeline.zadd(key, {text: receipt.offset})
            pipeline.zremrangebyrank(key, 0, -POSTINGS_KEPT - 1)
        pipeline.expire(key, EXPIRES_S)
