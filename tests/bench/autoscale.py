"""Five times the load for two minutes: `muster up --autoscale` adds a worker and takes it away (issue 6)."""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from deploy.local import EmbeddedBroker, EmbeddedRedis, EngineError, RealKafka
from streams.settings import WorkerSettings
from streams.topics import ensure_topics
from tests.bench._fleet import stamp_at_arrival
from tests.bench._phones import Phones, regions_spread
from tests.bench._report import CouldNotMeasure, Report, Steps, percentile, run
from tests.bench._up import Up, Window, muster_up
from tests.bench.stream import on_fast_loop

P99_MS = 500.0
READY_WITHIN_S = 60.0
LATE_AFTER_S = 10.0
WARM_UP_S = 15.0
BROKERS = {"embedded": EmbeddedBroker, "kafka": RealKafka}
STARTS, DRAINS, DRAINED = " starts; ", " drains; ", "has drained and ended"


async def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Start engines and `muster up`, load it, and read what it did."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    async with AsyncExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muster-")))
        try:
            broker = await stack.enter_async_context(BROKERS[arguments.broker]())
            redis = await stack.enter_async_context(EmbeddedRedis())
        except EngineError as error:
            raise CouldNotMeasure(str(error)) from error
        if arguments.broker == "kafka":
            await stamp_at_arrival(broker.address, "assignments")
        await ensure_topics(WorkerSettings(broker=broker.address))
        options = ["--broker", broker.address, "--redis", redis.address, "--relays", "0", "--autoscale"]
        options += ["--workers", str(arguments.workers), "--max-workers", str(arguments.max_workers)]
        env = {
            "MUSTER_SCALE_IN_AFTER_S": f"{arguments.quiet:g}",
            "MUSTER_WORKERS_FILL": f"{arguments.fill:g}",
        }
        up = await stack.enter_async_context(muster_up(folder, *options, **env))
        regions = regions_spread(arguments.regions)
        phones = Phones(broker.address, regions, arguments.engineers, arguments.seed)
        await stack.enter_async_context(phones)
        return await _loaded(up, phones, arguments, steps)


async def _loaded(up: Up, phones: Phones, arguments: argparse.Namespace, steps: Steps) -> Report:
    stop = asyncio.Event()
    answering = asyncio.create_task(phones.answer(stop))
    try:
        await _everybody_on_shift(up, phones, answering, steps)
        storm = _Storm(up, phones, arguments, answering)
        await storm.play(steps)
        await _late_ones(phones, storm.reported)
        return report_of(up, phones, storm, arguments)
    finally:
        stop.set()
        await asyncio.gather(answering, return_exceptions=True)


async def _everybody_on_shift(up: Up, phones: Phones, answering: asyncio.Task[None], steps: Steps) -> None:
    await phones.register()
    wanted = len(phones.regions) * phones.engineers
    deadline = time.monotonic() + READY_WITHIN_S
    with steps.stage("engineers on shift", wanted):
        while phones.kinds.get("engineer_changed", 0) < wanted:
            up.check()
            if answering.done():
                answering.result()
            if time.monotonic() > deadline:
                raise CouldNotMeasure(
                    f"not everybody is on shift after {READY_WITHIN_S:.0f} s: {phones.kinds}"
                )
            await asyncio.sleep(0.1)


async def _late_ones(phones: Phones, reported: int) -> None:
    for _ in range(int(LATE_AFTER_S / 0.1)):
        if len(phones.seen_ms) >= reported:
            return
        await asyncio.sleep(0.1)


class _Storm:
    """Reports at a rate that changes: usual, five times as many, usual until the worker has gone."""

    def __init__(
        self, up: Up, phones: Phones, arguments: argparse.Namespace, answering: asyncio.Task[None]
    ) -> None:
        self._up, self._phones, self._arguments = up, phones, arguments
        self._answering = answering
        self.reported = 0
        self.measured_from = 0
        self.began = 0.0
        self.storm_began = 0.0
        self.storm_ended = 0.0

    async def play(self, steps: Steps) -> None:
        """The whole of it."""
        arguments, rate = self._arguments, self._arguments.rate
        after_s = arguments.quiet + arguments.after
        total = int(WARM_UP_S + arguments.before + arguments.storm + after_s)
        with steps.stage("seconds of load", total) as advance:
            await self._paced(rate, WARM_UP_S, advance)
            self.measured_from, self.began = self.reported, time.time()
            await self._paced(rate, arguments.before, advance)
            self.storm_began = time.time()
            await self._paced(rate * arguments.times, arguments.storm, advance)
            self.storm_ended = time.time()
            for _ in range(int(after_s)):
                await self._paced(rate, 1.0, advance)
                gone = self._up.lines(DRAINED)
                if gone and time.time() - gone[-1].at > arguments.after / 3:
                    break

    async def _paced(self, rate: float, seconds: float, advance: Callable[[int], None]) -> None:
        began, first = time.monotonic(), self.reported
        told = 0
        for number in range(int(rate * seconds)):
            due = began + number / rate
            if (pause_s := due - time.monotonic()) > 0:
                await asyncio.sleep(pause_s)
            await self._phones.report(first + number)
            self.reported += 1
            if time.monotonic() - began > told + 1:
                told += 1
                advance(1)
                self._up.check()
                if self._answering.done():
                    self._answering.result()


def report_of(up: Up, phones: Phones, storm: _Storm, arguments: argparse.Namespace) -> Report:
    """Latency outside and inside the rebalances, how long they took, and what `muster up` did.

    An incident counts as inside where any moment from its report to its assignment lies in a rebalance.
    """
    windows = up.rebalances(storm.began)
    inside, outside = _latencies(phones, storm, windows, arguments.broker == "kafka")
    report = Report("autoscale")
    report.add("workers added", float(len(up.lines(STARTS))), "", bound=1, sense="at least")
    report.add("workers taken away again", float(len(up.lines(DRAINED))), "", bound=1, sense="at least")
    report.add("report to assignment outside, p50", percentile(outside, 0.5), "ms")
    report.add("report to assignment outside, p99", percentile(outside, 0.99), "ms", bound=P99_MS)
    report.add("report to assignment outside, largest", max(outside), "ms")
    if inside:
        report.add("report to assignment inside, p50", percentile(inside, 0.5), "ms")
        report.add("report to assignment inside, p99", percentile(inside, 0.99), "ms")
        report.add("report to assignment inside, largest", max(inside), "ms")
    report.add("incidents inside a rebalance", float(len(inside)), "incidents")
    for number, window in enumerate(windows, start=1):
        report.add(f"rebalance {number}", window.ended - window.began, "s")
    never = sum(math.isinf(value) for value in inside + outside)
    report.add("never assigned", float(never), "incidents", bound=0)
    report.notes = {
        "broker": arguments.broker,
        "load": f"{arguments.rate:g} incidents a second, {arguments.times:g} x for {arguments.storm:g} s",
        "storm from to (s)": [round(at - storm.began, 1) for at in (storm.storm_began, storm.storm_ended)],
        "rebalances from to (s)": [[round(at - storm.began, 1) for at in window] for window in windows],
        "said": [f"{one.at - storm.began:.1f} s: {one.line}" for one in up.said if one.at > storm.began],
        "cores": os.cpu_count(),
    }
    return report


def _latencies(
    phones: Phones, storm: _Storm, windows: list[Window], stamped: bool
) -> tuple[list[float], list[float]]:
    """(inside, outside) in ms; what a plan had wait for somebody about to be free is no latency."""
    inside: list[float] = []
    outside: list[float] = []
    arrived = phones.assigned_ms if stamped else phones.seen_ms
    for number in range(storm.measured_from, storm.reported):
        name = f"I{number}"
        if name in phones.waited:
            continue
        reported_ms, assigned_ms = phones.reported_ms[name], arrived.get(name, math.inf)
        touched = any(one.touches(reported_ms / 1000, assigned_ms / 1000) for one in windows)
        (inside if touched else outside).append(assigned_ms - reported_ms)
    return inside, outside


def main(argv: list[str]) -> int:
    """`muster bench autoscale`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", choices=sorted(BROKERS), default="kafka")
    parser.add_argument("--rate", type=float, default=4.0, help="incidents a second in a usual time")
    parser.add_argument("--times", type=float, default=5.0, help="how many times as many in the storm")
    parser.add_argument("--before", type=float, default=30.0, help="seconds of usual load before")
    parser.add_argument("--storm", type=float, default=120.0, help="seconds of the storm")
    parser.add_argument("--after", type=float, default=60.0, help="seconds beyond --quiet to wait at most")
    parser.add_argument("--quiet", type=float, default=60.0, help="how quiet before a worker is taken away")
    parser.add_argument("--workers", type=int, default=1, help="the least")
    parser.add_argument("--max-workers", type=int, default=2)
    parser.add_argument("--regions", type=int, default=10)
    parser.add_argument("--engineers", type=int, default=100, help="engineers a region")
    parser.add_argument(
        "--fill", type=float, default=0.3, help="the share of a core a worker is planned with"
    )
    parser.add_argument("--folder", type=Path, help="an empty folder for the logs, which then stay")
    parser.add_argument("--seed", type=int, default=1)
    return run("autoscale", parser, lambda arguments, steps: on_fast_loop(measured, arguments, steps), argv)
