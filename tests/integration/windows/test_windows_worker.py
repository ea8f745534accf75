"""The windows worker as a process on real brokers: counts survive kill -9, nothing unreadable stops it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local import Broker, EmbeddedBroker, EngineUnavailable, RealKafka
from schemas.cloudevents import decode
from schemas.decisions import Decision
from schemas.statistics import DeadLetter, RegionKpi
from streams.settings import WorkerSettings
from streams.topics import ensure_topics
from tests.stream.windows.decisions import made, written

COUNTED_WITHIN_S = 45.0
WORKER = """
import sys
from streams.settings import WorkerSettings
from streams.windows import run
sys.exit(run(WorkerSettings()))
"""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(EmbeddedBroker, marks=pytest.mark.embedded, id="embedded"),
        pytest.param(RealKafka, marks=pytest.mark.real, id="kafka"),
    ],
)
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    """Each engine, once for all tests here; a missing one is a skip, or a failure where it is required."""
    engine = request.param()
    try:
        await engine.start()
    except EngineUnavailable as missing:
        if os.environ.get("MUSTER_REQUIRE_REAL"):
            raise
        pytest.skip(str(missing))
    yield engine
    await engine.stop()


@pytest.fixture
async def settings(broker: Broker) -> WorkerSettings:
    """An installation of its own on the broker, its topics made."""
    found = WorkerSettings(broker=broker.address, topic_prefix=f"win-{uuid.uuid4().hex[:8]}-")
    await ensure_topics(found)
    return found


class Worker:
    """`muster worker windows` as a process of its own."""

    def __init__(self, settings: WorkerSettings, log_file: Path) -> None:
        self._settings = settings
        self._log_file = log_file
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it is ready when it counts."""
        env = {
            **os.environ,
            "MUSTER_BROKER": self._settings.broker,
            "MUSTER_TOPIC_PREFIX": self._settings.topic_prefix,
        }
        with self._log_file.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", WORKER, env=env, stdout=log, stderr=log
            )

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end, at most 5 s as promised."""
        assert self._child is not None
        if self._child.returncode is None:
            self._child.send_signal(how)
        async with asyncio.timeout(5.0):
            return await self._child.wait()


@pytest.fixture
async def worker(settings: WorkerSettings, tmp_path: Path) -> AsyncIterator[Worker]:
    """A running worker; whatever a test did to it, nothing is left."""
    found = Worker(settings, tmp_path / "worker.log")
    await found.start()
    yield found
    await found.end(signal.SIGKILL)


async def publish(settings: WorkerSettings, records: Iterable[tuple[str, bytes, Any]]) -> None:
    """Write (key, value, headers) to `assignments` and wait for the broker."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker, acks="all")
    await producer.start()
    try:
        for key, value, headers in records:
            await producer.send(settings.topic("assignments"), value, key=key.encode(), headers=headers)
        await producer.flush()
    finally:
        await producer.stop()


def records_of(decisions: Iterable[Decision]) -> list[tuple[str, bytes, Any]]:
    """Decisions as records, keyed by region."""
    return [(decision.region, *written(decision)) for decision in decisions]


async def board_until(
    settings: WorkerSettings, reported: float, within_s: float = COUNTED_WITHIN_S
) -> list[RegionKpi]:
    """The windows as the board sees them when they hold so many reports, or at the deadline."""
    rows: dict[tuple[str, str, Any], RegionKpi] = {}
    async for event in events(settings, "region-kpi", within_s):
        if isinstance(event, RegionKpi):
            rows[event.region, event.tier, event.window_start] = event
        if sum(row.reported for row in rows.values()) >= reported:
            break
    return list(rows.values())


async def events(
    settings: WorkerSettings, topic: str, within_s: float = COUNTED_WITHIN_S
) -> AsyncIterator[Any]:
    """Every event of a topic from its start, until the deadline."""
    consumer = AIOKafkaConsumer(
        settings.topic(topic), bootstrap_servers=settings.broker, auto_offset_reset="earliest"
    )
    await consumer.start()
    deadline = asyncio.get_running_loop().time() + within_s
    try:
        while asyncio.get_running_loop().time() < deadline:
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                for record in batch:
                    yield decode(record.value, record.headers).event
    finally:
        await consumer.stop()


def a_storm(first: int, last: int) -> list[Decision]:
    """Reports of three regions and two tiers, a second of the log's time apart."""
    return [
        made(i, region=f"R{i % 3}", tier=("gold", "silver")[i % 2], after_s=float(i))
        for i in range(first, last)
    ]


async def test_every_report_is_counted_and_a_signal_ends_the_worker(
    settings: WorkerSettings, worker: Worker
) -> None:
    """Counts per region, tier and window reach the board; SIGTERM ends the process with 0 within 5 s."""
    await publish(settings, records_of(a_storm(0, 1500)))
    rows = await board_until(settings, 1500)
    assert sum(row.reported for row in rows) == 1500
    assert {(row.region, row.tier) for row in rows} == {
        (f"R{i % 3}", ("gold", "silver")[i % 2]) for i in range(6)
    }
    assert sum(row.reported for row in rows if row.region == "R0" and row.tier == "gold") == 250
    assert await worker.end(signal.SIGTERM) == 0


@pytest.mark.slow
@pytest.mark.fault
async def test_kill_9_loses_no_count_and_counts_nothing_twice(
    settings: WorkerSettings, worker: Worker
) -> None:
    """Killed at work and started again, with more to count: the windows hold every report exactly once."""
    await publish(settings, records_of(a_storm(0, 4000)))
    await board_until(settings, 300)
    await worker.end(signal.SIGKILL)
    await publish(settings, records_of(a_storm(4000, 5000)))
    await worker.start()
    await board_until(settings, 5000)
    assert await worker.end(signal.SIGTERM) == 0
    rows = await board_until(settings, float("inf"), within_s=3.0)
    assert sum(row.reported for row in rows) == 5000


async def test_what_nobody_can_read_is_a_dead_letter_and_the_next_one_counts(
    settings: WorkerSettings, worker: Worker
) -> None:
    """Text, a cut record and an unknown version between two decisions: three letters, two counts."""
    first, second = records_of([made(1), made(2)])
    headers = first[2]
    unknown = [
        *((name, raw) for name, raw in headers if name != "ce_type"),
        ("ce_type", b"muster.decision.made.v9"),
    ]
    unreadable = [("R1", b"\xff\x00", []), ("R1", b"{", headers), ("R1", first[1], unknown)]
    await publish(settings, [first, *unreadable, second])
    rows = await board_until(settings, 2)
    assert [row.reported for row in rows] == [2]
    letters = []
    async for event in events(settings, "dead-letters"):
        letters.append(event)
        if len(letters) == len(unreadable):
            break
    assert all(isinstance(letter, DeadLetter) for letter in letters)
    assert [letter.reason for letter in letters] == ["undecodable", "undecodable", "unknown_type"]
    assert letters[0].value_base64 == "/wA="
