"""What this node's sessions log, on its way to the broker: one producer, tried again until it is through."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.cloudevents import Envelope, encode
from schemas.topics import TOPICS, partition_of
from services.relay.node.link import StoreAway
from services.sessions.outbox import drain
from services.sessions.store import SessionStore, UnknownSession

log = structlog.get_logger(__name__)

CONFIRM_WITHIN_S = 6.0
GATHER_S = 0.05
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class BrokerAway(Exception):
    """The broker did not confirm; the entries stay in Redis and are published later."""


class Outbox:
    """Publishes the sessions that were marked, in the order of their logs."""

    def __init__(self, broker: str, topic_prefix: str, store: SessionStore) -> None:
        self._broker, self._prefix, self._store = broker, topic_prefix, store
        self._producer: AIOKafkaProducer | None = None
        self._marked: set[str] = set()
        self._wake = asyncio.Event()

    def mark(self, session_id: str) -> None:
        """Something new is in the session's log."""
        self._marked.add(session_id)
        self._wake.set()

    async def run(self) -> None:
        """Publish what is marked until cancelled."""
        failures = 0
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_S if failures == 0 else BACKOFF_S[min(failures, len(BACKOFF_S)) - 1])
            self._wake.clear()
            failures = 0 if await self.flush() else failures + 1

    async def flush(self) -> bool:
        """Publish what is marked once; False where something could not be and stays marked."""
        marked, self._marked = sorted(self._marked), set()
        for index, session_id in enumerate(marked):
            try:
                await drain(self._store, session_id, self._publish)
            except UnknownSession:
                continue
            except (BrokerAway, StoreAway) as error:
                log.warning("session_not_published_yet", session_id=session_id, error=str(error))
                self._marked.update(marked[index:])
                self._wake.set()
                return False
        return True

    async def _publish(self, events: Sequence[tuple[str, Envelope]]) -> None:
        try:
            async with asyncio.timeout(CONFIRM_WITHIN_S):
                producer = await self._connected()
                waiting = [await self._send(producer, topic, event) for topic, event in events]
                await asyncio.gather(*waiting)
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerAway(repr(error)) from error

    async def _send(self, producer: AIOKafkaProducer, topic: str, event: Envelope) -> asyncio.Future[object]:
        value, headers = encode(event)
        sent: asyncio.Future[object] = await producer.send(
            self._prefix + topic,
            value,
            key=event.partitionkey.encode(),
            partition=partition_of(event.partitionkey, TOPICS[topic].partitions),
            headers=headers,
        )
        return sent

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._broker,
                acks="all",
                linger_ms=5,
                enable_idempotence=False,  # the embedded broker refuses it; readers drop (source, id) repeats
                request_timeout_ms=5000,
                retry_backoff_ms=50,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        """Publish the rest, for a moment at most, and let go."""
        try:
            async with asyncio.timeout(2):
                await self.flush()
                if self._producer is not None:
                    await self._producer.stop()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("outbox_close", error=repr(error))
