"""Publishing to Kafka: nothing counts as accepted that the broker has not confirmed (acks=all)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.base import Wire
from schemas.cloudevents import Envelope, encode
from schemas.topics import TOPICS, partition_of
from services.gateway.problems import BrokerAway

log = structlog.get_logger(__name__)

SOURCE = "muster/gateway"
"""One source for all gateways: the same request sent to two of them is one event."""
CONFIRM_WITHIN_S = 6.0
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event on its way to a topic; `key` None with a `partition` is a partition's own event."""

    topic: str
    key: str | None
    id: str
    event: Wire
    correlation: str = ""
    partition: int | None = None
    source: str = SOURCE


class Publisher:
    """A producer that is kept trying until the broker is there."""

    def __init__(self, broker: str, topic_prefix: str) -> None:
        self._broker = broker
        self._prefix = topic_prefix
        self._producer: AIOKafkaProducer | None = None
        self.up = False
        """Whether the last thing asked of the broker was answered."""

    async def run(self) -> None:
        """Connect with backoff; ends once the producer stands (it reconnects by itself from then on)."""
        tries = 0
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._broker,
                acks="all",
                linger_ms=0,
                enable_idempotence=False,  # the embedded broker refuses it; readers drop (source, id) repeats
                request_timeout_ms=5000,
                retry_backoff_ms=50,
                max_request_size=2 * 1024 * 1024,
                metadata_max_age_ms=30_000,
            )
            try:
                await producer.start()
            except (KafkaError, OSError) as error:
                await producer.stop()
                pause_s = BACKOFF_S[min(tries, len(BACKOFF_S) - 1)]
                log.warning("broker_not_there", broker=self._broker, error=str(error), again_in_s=pause_s)
                tries += 1
                await asyncio.sleep(pause_s)
            else:
                self._producer, self.up = producer, True
                return

    async def close(self) -> None:
        """Flush what is under way, for a moment at most."""
        if self._producer is not None:
            try:
                async with asyncio.timeout(2):
                    await self._producer.stop()
            except (TimeoutError, KafkaError) as error:
                log.warning("producer_close", error=str(error))

    async def confirm(self, outgoing: Sequence[Outgoing], time: datetime, traceparent: str = "") -> None:
        """Send events in order and wait until the broker has them all; else BrokerAway."""
        producer = self._producer
        if producer is None:
            raise BrokerAway("The broker has not been reached yet.")
        try:
            async with asyncio.timeout(CONFIRM_WITHIN_S):
                waiting = [await self._send(producer, one, time, traceparent) for one in outgoing]
                await asyncio.gather(*waiting)
        except (TimeoutError, KafkaError, OSError) as error:
            self.up = False
            log.warning("broker_did_not_confirm", events=len(outgoing), error=repr(error))
            raise BrokerAway from error
        self.up = True

    async def _send(
        self, producer: AIOKafkaProducer, one: Outgoing, time: datetime, traceparent: str
    ) -> asyncio.Future[Any]:
        key = one.key or ""
        partition = one.partition
        if partition is None:
            partition = partition_of(key, TOPICS[one.topic].partitions)
        value, headers = encode(
            Envelope(one.id, one.source, one.event, time, key, one.correlation, "", traceparent)
        )
        sent: asyncio.Future[Any] = await producer.send(
            self._prefix + one.topic,
            value,
            key=key.encode() if one.key is not None else None,
            partition=partition,
            headers=headers,
        )
        return sent
