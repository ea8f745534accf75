"""The location feed alone in a process: reads `engineer-locations` to its end and says what that cost."""

from __future__ import annotations

import asyncio
import json
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import TOPICS
from streams.dead_letters import DeadLetters
from streams.kafka import new_producer
from streams.locations import LocationFeed
from streams.logs import configure_logging
from streams.metrics import WorkerMetrics
from streams.registry import RegistryReader
from streams.settings import WorkerSettings
from tests.bench._fleet import own_cpu_s

WARM_UP_SHARE = 0.1


async def main() -> int:
    """Feed until every position of the topic is read; the result is the last line on stdout."""
    settings = WorkerSettings()
    configure_logging("warning")
    metrics = WorkerMetrics()
    producer = new_producer(settings)
    await producer.start()
    registry = RegistryReader(settings)
    feed = LocationFeed(settings, producer, registry, DeadLetters(producer, settings, metrics), metrics)
    total, stopping = await _written(settings), asyncio.Event()
    following = asyncio.create_task(registry.run())
    feeding = asyncio.create_task(feed.run(stopping))
    cpu_s = began = at = 0.0
    read = 0.0
    while read < total and not feeding.done():
        await asyncio.sleep(0.05)
        read = metrics.positions._value.get()
        print(int(read), flush=True)
        if not began and read >= total * WARM_UP_SHARE:
            cpu_s, began, at = own_cpu_s(), time.monotonic(), read
    stopping.set()
    await feeding
    cpu_s, wall_s = own_cpu_s() - cpu_s, time.monotonic() - began
    following.cancel()
    await producer.stop()
    letters = sum(
        sample.value
        for family in metrics.dead_letters.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    )
    print(
        json.dumps({"positions": read - at, "cpu_s": cpu_s, "wall_s": wall_s, "dead_letters": letters}),
        flush=True,
    )
    return 0


async def _written(settings: WorkerSettings) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker)
    await consumer.start()
    try:
        topic = TOPICS["engineer-locations"]
        partitions = [TopicPartition(settings.topic(topic.name), n) for n in range(topic.partitions)]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        raise SystemExit(runner.run(main()))
