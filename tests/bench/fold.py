"""What an event costs the fold at 100 and at 10,000 engineers, with 20 incidents waiting (issue 3)."""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

from schemas.decisions import Decision
from schemas.events import RegionEvent
from tests.bench._region import COMMON, END, LIFE, MOVED_AT_ONCE, RARE, WAITING, RegionAtWork
from tests.bench._report import CouldNotMeasure, Report, Steps, run

BOUND = 1.5
MARGIN = 4
"""One waiting incident more or less is no other region."""
BOUND_TO = ("report", "status", "position (batched)")
"""What issue 3 bounds; the other rows say where the time goes."""
Timings = dict[str, list[float]]


class Clocked:
    """Folds events of one region and keeps what each took, in microseconds."""

    def __init__(self, region: RegionAtWork) -> None:
        self.region = region
        self.took_us: Timings = defaultdict(list)
        self.waiting: list[int] = []
        self._statuses_us: list[float] = []

    def timed(self, events: list[RegionEvent]) -> tuple[float, list[Decision]]:
        """Fold these events; microseconds for all of them, and what they decided."""
        logged = [self.region.logged(event) for event in events]
        step, decisions = self.region.fold.step, []
        began = time.thread_time_ns()  # CPU time: what else the machine does is not the fold's
        for one in logged:
            decisions += step(one)
        return (time.thread_time_ns() - began) / 1000, decisions

    def statuses(self, assigned: Decision, names: tuple[str, ...]) -> list[Decision]:
        """A phone's way through these statuses, each timed."""
        decided = []
        for name in names:
            took_us, decisions = self.timed([self.region.status(assigned, name)])  # type: ignore[arg-type]
            self._statuses_us.append(took_us)
            self.took_us[f"status {name}"].append(took_us)
            decided += decisions
        return decided

    def cycle(self) -> None:
        """Two reports, two jobs' statuses, a batch of positions; 20 wait before and after."""
        region = self.region
        region.let_wait()
        self.waiting.append(len(region.waiting))
        done = region.rare_at_work.popleft()
        self._go(self.statuses(done, END), LIFE)
        waits_us, decisions = self.timed([region.report(RARE)])
        self._go(decisions, LIFE)
        sent_us, decisions = self.timed([region.report(region.chance.choice(COMMON))])
        self._go(decisions, (*LIFE, *END))
        self.took_us["report"].append((waits_us + sent_us) / 2)
        self.took_us["report of what nobody is free for"].append(waits_us)
        self.took_us["report of what somebody is free for"].append(sent_us)
        # A job's mean: some statuses plan anew, most do not.
        self.took_us["status"].append(statistics.fmean(self._statuses_us))
        self._statuses_us.clear()
        moved_us, _ = self.timed([region.moves()])
        self.took_us["position (batched)"].append(moved_us / min(MOVED_AT_ONCE, region.size))
        region.tick(1)

    def _go(self, decisions: list[Decision], names: tuple[str, ...]) -> None:
        """Whoever was sent says these things; the holder of a rare skill stays at work."""
        for sent in [decision for decision in decisions if decision.kind == "assigned"]:
            self.statuses(sent, names)
            if names == LIFE:
                self.region.rare_at_work.append(sent)


def build(engineers: int, seed: int, advance: Callable[[int], None]) -> Clocked:
    """A region at its usual load with 20 incidents waiting."""
    region = RegionAtWork(engineers, seed)
    for product in region.busy_share():
        region.put_to_work(product)
        advance(1)
    region.let_wait()
    return Clocked(region)


def measure(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Both regions in turn, so that whatever else the machine does hits both."""
    sizes: tuple[int, int] = (arguments.small, arguments.large)
    with steps.stage("building regions", sum(int(size * 0.37) for size in sizes)) as advance:
        clocked = [build(size, arguments.seed, advance) for size in sizes]
    gc.collect()
    gc.freeze()  # the regions are not garbage: collecting what a cycle leaves does not walk through them
    with steps.stage("folding", arguments.cycles) as advance:
        for number in range(arguments.cycles + arguments.warm_up):
            gc.disable()
            for one in clocked if number % 2 else reversed(clocked):
                one.cycle()
            gc.enable()
            if number == arguments.warm_up:
                for one in clocked:
                    one.took_us.clear()
            advance(number >= arguments.warm_up)
    for one in clocked:
        if abs(statistics.fmean(one.waiting) - WAITING) > MARGIN:
            raise CouldNotMeasure(
                f"{statistics.fmean(one.waiting):.1f} incidents wait on average, not {WAITING}"
            )
    return report_of(sizes, [one.took_us for one in clocked], arguments)


def report_of(sizes: tuple[int, int], took_us: list[Timings], arguments: argparse.Namespace) -> Report:
    """Medians at both sizes and their ratio."""
    report = Report("fold", notes={"cycles": arguments.cycles, "waiting": WAITING, "clock": "CPU time"})
    for what in (*BOUND_TO, *sorted(took_us[0].keys() - set(BOUND_TO))):
        small, large = (statistics.median(timings[what]) for timings in took_us)
        report.add(f"{what}, {sizes[0]:,} engineers", small, "us")
        report.add(f"{what}, {sizes[1]:,} engineers", large, "us")
        bound = {"bound": BOUND} if what in BOUND_TO else {}
        report.add(f"{what}: ratio", large / small, "x", **bound)
    return report


def main(argv: list[str]) -> int:
    """`muster bench fold`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100, help="engineers of the small region")
    parser.add_argument("--large", type=int, default=10_000, help="engineers of the large region")
    parser.add_argument("--cycles", type=int, default=300, help="timed repetitions")
    parser.add_argument("--warm-up", type=int, default=30, help="untimed repetitions before")
    parser.add_argument("--seed", type=int, default=1)
    return run("fold", parser, measure, argv)
