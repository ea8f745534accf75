"""A member of a consumer group as a process of its own, so that a test may kill it: one JSON line an event.

`python member.py ADDRESS TOPIC GROUP SESSION_TIMEOUT_MS`
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition


def tell(event: str, partitions: Iterable[TopicPartition] = ()) -> None:
    """Print one event with the machine's clock, which all processes of a test share."""
    found = {"event": event, "at": time.monotonic(), "partitions": sorted(p.partition for p in partitions)}
    print(json.dumps(found), flush=True)


class Tell(ConsumerRebalanceListener):
    """Tells what is assigned and revoked."""

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Tell it."""
        tell("revoked", revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Tell it."""
        tell("assigned", assigned)


async def serve(address: str, topic: str, group: str, session_ms: int) -> None:
    """Read until SIGTERM, then leave the group."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address,
        group_id=group,
        enable_auto_commit=False,
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 3,
        rebalance_timeout_ms=session_ms,
        fetch_max_wait_ms=20,
    )
    consumer.subscribe([topic], listener=Tell())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await consumer.start()
    while not stop.is_set():
        await consumer.getmany(timeout_ms=100)
    await consumer.stop()
    tell("left")


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
