"""From report to assignment, Kafka to Kafka: real broker, acks=all, two dispatch workers (issue 3)."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine

from tests.bench._fleet import Fleet, fleet, own_cpu_s
from tests.bench._phones import JOB, Phones, regions_spread
from tests.bench._report import CouldNotMeasure, Report, Steps, percentile, run

P50_MS, P99_MS = 40.0, 150.0
READY_WITHIN_S = 60.0
LATE_AFTER_S = 10.0
"""How long after the last report an assignment may still come; what never came counts as endless."""


async def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Start the fleet, warm it up, measure."""
    async with fleet() as found:
        for _ in range(arguments.workers):
            await found.start_worker()
        await asyncio.sleep(2.0)
        regions = regions_spread(arguments.regions)
        async with Phones(found.broker, regions, arguments.engineers, arguments.seed) as phones:
            stop = asyncio.Event()
            answering = asyncio.create_task(phones.answer(stop))
            try:
                await _everybody_on_shift(found, phones, answering, steps)
                report = await _storm(found, phones, arguments, answering, steps)
            finally:
                stop.set()
                await asyncio.gather(answering, return_exceptions=True)
    return report


async def _everybody_on_shift(
    found: Fleet, phones: Phones, answering: asyncio.Task[None], steps: Steps
) -> None:
    await phones.register()
    wanted = len(phones.regions) * phones.engineers
    deadline = time.monotonic() + READY_WITHIN_S
    with steps.stage("engineers on shift", wanted) as advance:
        before = 0
        while (ready := phones.kinds.get("engineer_changed", 0)) < wanted:
            _check(found, answering)
            if time.monotonic() > deadline:
                raise CouldNotMeasure(
                    f"{ready} of {wanted} engineers are on shift after {READY_WITHIN_S:.0f} s: {phones.kinds}"
                )
            await asyncio.sleep(0.1)
            advance(ready - before)
            before = ready


def _check(found: Fleet, answering: asyncio.Task[None]) -> None:
    found.check()
    if answering.done():
        answering.result()


async def _storm(
    found: Fleet, phones: Phones, arguments: argparse.Namespace, answering: asyncio.Task[None], steps: Steps
) -> Report:
    first = int(arguments.rate * arguments.warm_up)
    total = first + int(arguments.rate * arguments.seconds)
    with steps.stage("incidents", total) as advance:
        cpu_s, began = [math.nan], 0.0
        async for number in _paced(phones, arguments, total):
            if number == first:
                cpu_s, began = [own_cpu_s(), *found.cpu_s()], time.monotonic()
            if number % 50 == 0:
                _check(found, answering)
                advance(50)
    lasted_s = time.monotonic() - began
    used = [(now - then) / lasted_s for now, then in zip([own_cpu_s(), *found.cpu_s()], cpu_s, strict=True)]
    for _ in range(int(LATE_AFTER_S / 0.1)):
        if len(phones.assigned_ms) == total:
            break
        await asyncio.sleep(0.1)
    return report_of(phones, first, total, used, lasted_s, arguments)


async def _paced(phones: Phones, arguments: argparse.Namespace, total: int) -> AsyncIterator[int]:
    """Report at the rate, move engineers beside it; yields each incident's number."""
    began, people, moved = time.monotonic(), phones.everybody(), 0.0
    for number in range(total):
        due = began + number / arguments.rate
        if (pause_s := due - time.monotonic()) > 0:
            await asyncio.sleep(pause_s)
        await phones.report(number)
        moved += arguments.positions / arguments.rate
        while moved >= 1:
            moved -= 1
            await phones.move(*next(people))
        yield number


def report_of(
    phones: Phones, first: int, total: int, used: list[float], lasted_s: float, arguments: argparse.Namespace
) -> Report:
    """Percentiles over the incidents reported after the warm-up, the never assigned ones among them.

    Left out is what the plan had wait for somebody about to be free: that time is a decision, no latency:
    with jobs of 5 s the region learns to expect everybody back in a moment.
    """
    every = [f"I{number}" for number in range(first, total)]
    names = [name for name in every if name not in phones.waited]
    in_kafka = [phones.assigned_ms.get(name, math.inf) - phones.reported_ms[name] for name in names]
    seen = [phones.seen_ms.get(name, math.inf) - phones.reported_ms[name] for name in names]
    report = Report("stream")
    report.add("report to assignment in Kafka, p50", percentile(in_kafka, 0.5), "ms", bound=P50_MS)
    report.add("report to assignment in Kafka, p99", percentile(in_kafka, 0.99), "ms", bound=P99_MS)
    report.add("report to assignment in Kafka, largest", max(in_kafka), "ms")
    report.add("report to assignment read by a consumer, p50", percentile(seen, 0.5), "ms")
    report.add("report to assignment read by a consumer, p99", percentile(seen, 0.99), "ms")
    report.add(
        "incidents a second", (total - first) / lasted_s, "/s", bound=arguments.rate * 0.98, sense="at least"
    )
    report.add("made to wait for somebody about to be free", float(len(every) - len(names)), "incidents")
    report.add("never assigned", float(sum(math.isinf(value) for value in in_kafka)), "incidents", bound=0)
    for name, share in zip(
        ["generator", *(f"worker {n + 1}" for n in range(len(used) - 1))], used, strict=True
    ):
        report.add(f"CPU of the {name}", share * 100, "% of a core")
    report.notes = {
        "decisions": dict(sorted(phones.kinds.items())),
        "job": f"{JOB[-1][0]} s from assignment to resolved",
        "cores": os.cpu_count(),
        "load": f"{arguments.regions} x {arguments.engineers} engineers, {arguments.positions} positions/s",
    }
    return report


def main(argv: list[str]) -> int:
    """`muster bench stream`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="measured time")
    parser.add_argument("--warm-up", type=float, default=15.0, help="seconds before, not measured")
    parser.add_argument("--rate", type=float, default=100.0, help="incidents a second")
    parser.add_argument("--regions", type=int, default=10)
    parser.add_argument("--engineers", type=int, default=100, help="engineers a region")
    parser.add_argument("--positions", type=float, default=200.0, help="positions a second")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return run("stream", parser, lambda arguments, steps: on_fast_loop(measured, arguments, steps), argv)


def on_fast_loop(
    measure: Callable[..., Coroutine[None, None, Report]], arguments: argparse.Namespace, steps: Steps
) -> Report:
    """Run on uvloop: the generator shares the machine with what it measures."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(arguments, steps))
