"""Kills at load, as often as wanted: resume times, and whether anything was lost or told twofold."""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from pathlib import Path

from deploy.local import EmbeddedBroker, EmbeddedRedis, EngineError, RealKafka
from streams.settings import WorkerSettings
from tests.bench._report import CouldNotMeasure, Report, Steps, run
from tests.integration.faults.load import Load, regions_on_all_partitions
from tests.integration.faults.verify import verify
from tests.integration.faults.workers import Workers

RESUMES_WITHIN_S = 10.0
PAUSED_S = 20.0
BROKERS = {"embedded": EmbeddedBroker, "kafka": RealKafka}


async def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Start engines and two workers, load them, kill; then fold the log undisturbed and compare."""
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="muster-faults-") as folder:
        try:
            async with BROKERS[arguments.broker]() as broker, EmbeddedRedis() as redis:
                settings = WorkerSettings(broker=broker.address, redis_url=redis.address)
                workers = Workers(settings, Path(folder))
                regions = regions_on_all_partitions(arguments.regions)
                load = Load(settings, arguments.rate, regions, arguments.engineers)
                try:
                    await workers.start(2)
                    await load.start()
                    load.begin()
                    resumed = await _kills(workers, load, arguments, chance, steps)
                    resumed.append(await _late_waker(workers, load, redis, steps))
                    await load.finish()
                    statuses = await workers.stop()
                finally:
                    await workers.stop()
                with steps.stage("folding the log undisturbed", 1):
                    counts = await verify(settings, load)
        except EngineError as error:
            raise CouldNotMeasure(str(error)) from error
    return _report(arguments, resumed, statuses, counts)


async def _kills(
    workers: Workers, load: Load, arguments: argparse.Namespace, chance: random.Random, steps: Steps
) -> list[float]:
    """Seconds until every region had an assignment again, of each kill at a random moment."""
    resumed: list[float] = []
    with steps.stage("kill -9", arguments.kills) as advance:
        for _ in range(arguments.kills):
            await asyncio.sleep(chance.uniform(2.0, 6.0))
            number = chance.randrange(2)
            killed_at = await workers.kill(number)
            resumed.append(await _resumed(load, killed_at))
            await workers.start_again(number)
            advance(1)
    return resumed


async def _late_waker(workers: Workers, load: Load, redis: EmbeddedRedis, steps: Steps) -> float:
    """One worker stopped for 20 s, Redis killed and started meanwhile, then an owner that wakes up late."""
    with steps.stage("SIGSTOP 20 s, Redis killed, SIGCONT", 1):
        await asyncio.sleep(3.0)
        paused_at = workers.pause(0)
        waking = asyncio.create_task(asyncio.sleep(PAUSED_S))
        await asyncio.sleep(2.0)
        await redis.kill()
        resumed = await _resumed(load, paused_at)
        await redis.start()
        await waking
        workers.wake(0)
        await asyncio.sleep(6.0)
    return resumed


async def _resumed(load: Load, since: float, within_s: float = 30.0) -> float:
    """How long it took until every region had an assignment again; infinite beyond `within_s`."""
    for _ in range(int(within_s * 10)):
        await asyncio.sleep(0.1)
        if (found := load.resumed_after_s(since)) < float("inf"):
            return found
    return float("inf")


def _report(
    arguments: argparse.Namespace, resumed: list[float], statuses: list[int | None], counts: dict[str, int]
) -> Report:
    report = Report("faults")
    slowest = max(resumed)
    report.add("assignments resume, slowest", slowest, "s", bound=RESUMES_WITHIN_S, sense="at most")
    report.add("assignments resume, mean", sum(resumed) / len(resumed), "s")
    report.add("workers that did not end well", sum(status != 0 for status in statuses), "workers", bound=0)
    report.add("lost, changed or twofold", 0, "events", bound=0)  # verify raises where there is one
    for name, count in counts.items():
        report.add(name.replace("_", " "), count, "")
    report.notes = {
        "broker": arguments.broker,
        "incidents per second": arguments.rate,
        "resumed after s": [round(one, 2) for one in resumed],
    }
    return report


def main(argv: list[str]) -> int:
    """`muster bench faults`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", choices=sorted(BROKERS), default="embedded")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rate", type=float, default=30.0, help="incidents a second")
    parser.add_argument("--regions", type=int, default=10)
    parser.add_argument("--engineers", type=int, default=40, help="in each region")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    return run("faults", parser, lambda arguments, steps: asyncio.run(measured(arguments, steps)), argv)
