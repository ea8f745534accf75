"""A topic is read to its end, also where the broker's word for the end is too low."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.tansu import EmbeddedBroker
from streams.reading import read_to_end
from streams.settings import WorkerSettings
from streams.topics import ensure_topics


@pytest.mark.embedded
async def test_the_last_batch_is_read_whole_on_the_embedded_broker() -> None:
    """The embedded broker answers the offset after a batch's first record as the end: nothing is lost."""
    async with EmbeddedBroker() as broker:
        settings = WorkerSettings(broker=broker.address)
        await ensure_topics(settings)
        producer = AIOKafkaProducer(bootstrap_servers=broker.address, acks="all")
        await producer.start()
        try:
            for count in (1, 3):
                sent = [await producer.send("assignments", b"{}", partition=2) for _ in range(count)]
                for future in sent:
                    await future
        finally:
            await producer.stop()
        assert [record.offset async for record in read_to_end(settings, "assignments", [2])] == [0, 1, 2, 3]
