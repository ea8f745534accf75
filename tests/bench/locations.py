"""Positions a second that the location feed takes on one core, from Kafka's records to EngineersMoved."""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.base import Place, rfc3339
from schemas.cloudevents import Envelope, encode
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.topics import TOPICS
from tests.bench._fleet import Fleet, fleet
from tests.bench._phones import regions_spread
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.bench.stream import on_fast_loop

BOUND = 50_000
REGIONS = 10
DAY = Path(__file__).resolve().parents[3] / "shared" / "data" / "vehicle_positions_2016-02-07.csv.gz"
"""A real day of a bus fleet, where it lies beside the clone (Capital Metro; scascketta/CapMetrics)."""
DONE_WITHIN_S = 120.0

Fix = tuple[str, float, float, datetime]


def real_fixes() -> list[Fix]:
    """The day's fixes in order of time; none where the file is not there."""
    if not DAY.is_file():
        return []
    with gzip.open(DAY, "rt", newline="") as lines:
        found = [
            (
                f"V{row['vehicle_id']}",
                float(row["latitude"]),
                float(row["longitude"]),
                datetime.fromisoformat(row["timestamp"]),
            )
            for row in csv.DictReader(lines)
        ]
    return sorted(found, key=lambda fix: (fix[3], fix[0]))


def invented_fixes(seed: int) -> list[Fix]:
    """400 vehicles with a fix every two minutes for a day."""
    chance, start = random.Random(seed), datetime(2016, 2, 7, tzinfo=UTC)
    return [
        (f"V{vehicle}", 30 + chance.random(), -98 + chance.random(), start + timedelta(seconds=120 * turn))
        for turn in range(720)
        for vehicle in range(400)
    ][: 45_000 * 4]


def over_and_over(fixes: list[Fix], count: int) -> Iterator[Fix]:
    """The day again and again, each time a day later: a fix that is not newer would be dropped."""
    for number in range(count):
        vehicle, lat, lon, at = fixes[number % len(fixes)]
        yield vehicle, lat, lon, at + timedelta(days=number // len(fixes))


async def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Fill `engineer-locations`, then let a feed alone in its process read it to the end."""
    real = real_fixes()
    fixes = real or invented_fixes(1)
    async with fleet() as found:
        producer = AIOKafkaProducer(
            bootstrap_servers=found.broker, acks="all", linger_ms=20, max_batch_size=256 * 1024
        )
        await producer.start()
        try:
            await _register(producer, sorted({fix[0] for fix in fixes}))
            await _fill(producer, over_and_over(fixes, arguments.positions), arguments.positions, steps)
        finally:
            await producer.stop()
        report = await _feed(found, arguments.positions, steps)
    report.notes |= {"positions": "real" if real else "invented", "vehicles": len({fix[0] for fix in fixes})}
    return report


async def _register(producer: AIOKafkaProducer, vehicles: list[str]) -> None:
    """Write the registry as triage would."""
    regions = regions_spread(REGIONS)
    now = datetime.now(UTC)
    place = Place(lat=30.3, lon=-97.7)
    subjects = [(f"region/{name}", RegionDefined(region=name)) for name in regions]
    people = [
        (
            f"engineer/{name}",
            EngineerRegistered(engineer_id=name, region=regions[n % REGIONS], home=place, skills={}),
        )
        for n, name in enumerate(vehicles)
    ]
    for key, event in [*subjects, *people]:
        value, headers = encode(Envelope(id=key, source="bench", event=event, time=now, partitionkey=key))
        await producer.send("registry", value, key=key.encode(), partition=0, headers=headers)
    await producer.flush()


async def _fill(producer: AIOKafkaProducer, fixes: Iterator[Fix], count: int, steps: Steps) -> None:
    with steps.stage("writing positions", count) as advance:
        for number, (vehicle, lat, lon, at) in enumerate(fixes):
            fixed_at = rfc3339(at)
            headers = [
                ("ce_specversion", b"1.0"),
                ("ce_id", b"p-%d" % number),
                ("ce_source", b"bench"),
                ("ce_type", b"muster.engineer.position-reported.v1"),
                ("ce_time", fixed_at.encode()),
                ("ce_partitionkey", vehicle.encode()),
                ("content-type", b"application/json"),
            ]
            value = orjson.dumps({"engineer_id": vehicle, "lat": lat, "lon": lon, "fixed_at": fixed_at})
            await producer.send("engineer-locations", value, key=vehicle.encode(), headers=headers)
            if number % 5000 == 0:
                advance(5000)
        await producer.flush()


async def _feed(found: Fleet, count: int, steps: Steps) -> Report:
    """CPU time from the first to the last position read, and what came out of it."""
    await found.start_worker(sys.executable, "-m", "tests.bench._feed")
    began = time.monotonic()
    with steps.stage("feeding", count) as advance:
        before = 0
        while found.workers[0].returncode is None:
            if time.monotonic() - began > DONE_WITHIN_S:
                raise CouldNotMeasure(
                    f"the feed read {before:,} of {count:,} positions in {DONE_WITHIN_S:.0f} s"
                )
            await asyncio.sleep(0.2)
            now = _progress(found)
            advance(now - before)
            before = now
    lines = (found.folder / "worker-1.log").read_text().splitlines()
    if found.workers[0].returncode != 0 or not lines or not lines[-1].startswith("{"):
        found.check()
        raise CouldNotMeasure("the feed ended without a result")
    result = orjson.loads(lines[-1])
    messages = await _written(found)
    report = Report("locations")
    report.add(
        "positions a CPU second", result["positions"] / result["cpu_s"], "/s", bound=BOUND, sense="at least"
    )
    report.add("positions a second of the wall", result["positions"] / result["wall_s"], "/s")
    report.add("CPU of one position", result["cpu_s"] / result["positions"] * 1e6, "us")
    report.add("dead letters", float(result["dead_letters"]), "records", bound=0)
    report.add("EngineersMoved in Kafka", float(messages), "messages")
    report.notes = {"positions read": result["positions"]}
    return report


def _progress(found: Fleet) -> int:
    lines = (found.folder / "worker-1.log").read_text().splitlines()
    return max((int(line) for line in lines if line.isdigit()), default=0)


async def _written(found: Fleet) -> int:
    """Messages on `region-events` beside each partition's LogStarted."""
    consumer = AIOKafkaConsumer(bootstrap_servers=found.broker)
    await consumer.start()
    try:
        partitions = [TopicPartition("region-events", n) for n in range(TOPICS["region-events"].partitions)]
        return int(sum((await consumer.end_offsets(partitions)).values())) - len(partitions)
    finally:
        await consumer.stop()


def main(argv: list[str]) -> int:
    """`muster bench locations`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=400_000, help="positions to feed")
    return run("locations", parser, lambda arguments, steps: on_fast_loop(measured, arguments, steps), argv)
