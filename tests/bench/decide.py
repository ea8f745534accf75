"""One event folded into a warm region in an overload, receipt included, on one core (issue 4)."""

from __future__ import annotations

import argparse
import gc
import time
from collections import defaultdict

from schemas.clock import ClockTicked
from schemas.decisions import Decision
from schemas.events import RegionEvent
from services.dispatch.fold import PartitionFold
from services.simulation.written import percentile
from tests.bench._overload import UNDER_WAY_SHARE, WAITING_SHARE, Overload
from tests.bench._report import CouldNotMeasure, Report, Steps, run

SIZES = ((100, 300), (1_000, 3_000), (10_000, 10_000))
BOUNDS_MS = {(1_000, 3_000): 20.0, (10_000, 10_000): 750.0}
WHOLE_PLAN = "tick that plans everything"
MARGIN = 0.1
"""Open incidents may be so far from the number in the title, as a share."""


class Timed:
    """Folds events of one region and keeps what each took, in ms of CPU time."""

    def __init__(self, region: Overload) -> None:
        self.region = region
        self.took_ms: dict[str, list[float]] = defaultdict(list)
        self.receipts = 0

    def fold_one(self, what: str, event: RegionEvent) -> list[Decision]:
        """Fold one event; what it decided."""
        logged = self.region.logged(event, "" if isinstance(event, ClockTicked) else "R1")
        began = time.thread_time_ns()  # what else the machine does is not the fold's
        decided = self.region.fold.step(logged)
        took_ms = (time.thread_time_ns() - began) / 1e6
        planned = isinstance(event, ClockTicked) and self._just_planned()
        self.took_ms[WHOLE_PLAN if planned else what].append(took_ms)
        self.receipts += len(self.region.fold.receipts)
        return decided

    def _just_planned(self) -> bool:
        region = self.region.fold.regions["R1"]
        return region.planned_at == int(self.region.now.timestamp() * 1000)

    def cycle(self) -> None:
        """One cycle of the region and a second of its time."""
        self.region.cycle(self.fold_one)
        self.fold_one("tick", self.region.next_tick(1))

    def events_ms(self) -> list[float]:
        """What every event took, whole plans included."""
        return sorted(took for kind in self.took_ms.values() for took in kind)


def cold_ms(region: Overload) -> tuple[float, float]:
    """A restart from the snapshot, and the first plan of everything after it, in ms of CPU time."""
    snapshot = region.fold.snapshot()
    began = time.thread_time_ns()
    fold = PartitionFold.restore(snapshot)
    restored = time.thread_time_ns()
    fold.step(region.logged(region.next_tick(61), ""))
    return (restored - began) / 1e6, (time.thread_time_ns() - restored) / 1e6


def measure(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Each size in turn: fill, cold first solve, then cycles."""
    report = Report(
        "decide",
        notes={
            "clock": "CPU time of one thread",
            "mix": f"{WAITING_SHARE:.0%} of the open incidents wait for a scarce skill, of those in hand"
            f" {UNDER_WAY_SHARE:.0%} are under way and the others at work",
            "events": "reports, statuses, batches of 50 positions, ticks of a second",
        },
    )
    for incidents, engineers in SIZES:
        if incidents > arguments.largest:
            continue
        region = Overload(incidents, engineers, arguments.seed)
        with steps.stage(f"filling {incidents:,} x {engineers:,}", incidents) as advance:
            region.fill(advance)
        restored_ms, first_ms = cold_ms(region)
        timed = Timed(region)
        gc.collect()
        gc.freeze()  # the region is not garbage
        with steps.stage(f"folding {incidents:,} x {engineers:,}", arguments.cycles) as advance:
            for _ in range(arguments.cycles):
                timed.cycle()
                advance(1)
        gc.unfreeze()
        _add(report, (incidents, engineers), timed, restored_ms, first_ms)
    return report


def _add(report: Report, size: tuple[int, int], timed: Timed, restored_ms: float, first_ms: float) -> None:
    title = f"{size[0]:,} x {size[1]:,}"
    state = timed.region.fold.regions["R1"]
    if abs(len(state.incidents) - size[0]) > MARGIN * size[0]:
        raise CouldNotMeasure(f"{len(state.incidents)} incidents are open, not {size[0]}")
    waiting = sum(incident.state == "waiting" for incident in state.incidents.values())
    report.notes[f"{title}: waiting, receipts"] = f"{waiting}, {timed.receipts}"
    events = timed.events_ms()
    bound = {"bound": BOUNDS_MS[size]} if size in BOUNDS_MS else {}
    report.add(f"{title}: event p50", percentile(events, 50), "ms")
    report.add(f"{title}: event p99", percentile(events, 99), "ms", **bound)
    report.add(f"{title}: event max", events[-1], "ms")
    for what, took in sorted(timed.took_ms.items()):
        report.add(f"{title}: {what} p50", percentile(sorted(took), 50), "ms")
        report.add(f"{title}: {what} p99", percentile(sorted(took), 99), "ms")
    report.add(f"{title}: cold, restored from its snapshot", restored_ms, "ms")
    report.add(f"{title}: cold, first solve of everything", first_ms, "ms")


def main(argv: list[str]) -> int:
    """`muster bench decide`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=300, help="cycles of about 15 events for each size")
    parser.add_argument("--largest", type=int, default=10_000, help="leave out sizes with more incidents")
    parser.add_argument("--seed", type=int, default=1)
    return run("decide", parser, measure, argv)
