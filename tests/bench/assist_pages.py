"""The assist pages in Chromium: whether a picture freezes, how soon a mark is there, what kill -9 costs."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from streams.logs import configure_logging
from tests.bench._report import CouldNotMeasure, Report, Steps, percentile, run
from tests.e2e.assist_people import CAMERA_FLAGS, MAY_FILM, ONLY_H264, PHONE_WITH_CAMERA, Crew, Person
from tests.e2e.conftest import DESK
from tests.e2e.stack import Installation, until
from tests.media.chromium import AWAKE, CHROMIUM_FLAGS, NOTE_EVERY_PICTURE

FREEZE_S, MARK_MS, BACK_S = 0.5, 100.0, 2.0
NOTE_MARKS = """
() => {
  const clock = () => performance.timeOrigin + performance.now();
  window.drawnAt = [];
  window.markAt = {};
  const marks = document.querySelector('.stage-marks');
  marks.addEventListener('pointerup', () => window.drawnAt.push(clock()), true);
  new MutationObserver(() => {
    for (const mark of document.querySelectorAll('[data-mark]')) window.markAt[mark.dataset.mark] ??= clock();
  }).observe(document.querySelector('.stage'), {childList: true, subtree: true});
}
"""
"""When a mark was let go of, and when each was on the screen: all pages read one machine's clock."""


class Scene:
    """A technician and two experts in one session, live."""

    def __init__(self, browser: Browser, stack: Installation, codec: str) -> None:
        stack.region("bench", ["ana"])
        stack.shift("ana", 1)
        stack.report("bench", "INC-1")
        until(lambda: stack.read("/incidents/INC-1").get("engineer_id"), 60)
        crew = Crew(stack, "bench")
        filming = browser.new_context(**PHONE_WITH_CAMERA)
        if codec == "H264":
            filming.add_init_script(ONLY_H264)
        self.ana = crew.technician(filming, "ana")
        self.ana.has_media()
        self.experts: list[Person] = []
        for name in ("eva", "max"):
            context = browser.new_context(viewport=DESK, **MAY_FILM)  # type: ignore[arg-type]
            self.experts.append(crew.expert(context, name, "INC-1"))
        for expert in self.experts:
            expert.sees("video")
            expert.page.wait_for_timeout(1000)
            expert.page.evaluate(NOTE_EVERY_PICTURE)
        for person in (self.ana, *self.experts):
            person.page.evaluate(NOTE_MARKS)

    def gaps_s(self, expert: Person) -> list[float]:
        """The times between the pictures that were shown since the last question."""
        at: list[float] = expert.page.evaluate("window.shownAt.splice(0, window.shownAt.length - 1)")
        return [(later - earlier) / 1000 for earlier, later in pairwise(at)]


def watch(scene: Scene, seconds: int, report: Report, steps: Steps) -> None:
    """Let it run and count what was decoded and where the picture stood still."""
    before = [expert.statistics() for expert in scene.experts]
    for expert in scene.experts:
        scene.gaps_s(expert)
    with steps.stage("watching", seconds) as advance:
        for _ in range(seconds):
            scene.ana.page.wait_for_timeout(1000)
            advance(1)
    for expert, first in zip(scene.experts, before, strict=True):
        now, gaps = expert.statistics(), scene.gaps_s(expert)
        decoded = now["decoded"] - first["decoded"]
        report.add(f"{expert.name}: pictures a second", decoded / seconds, "/s", bound=5, sense="at least")
        report.add(f"{expert.name}: longest time without a new picture", max(gaps), "s", bound=FREEZE_S)
        report.add(f"{expert.name}: freezes by getStats", now["freezes"] - first["freezes"], "")
        report.add(f"{expert.name}: frozen by getStats", now["frozen_s"] - first["frozen_s"], "s")
    report.notes["codec"] = scene.experts[0].statistics()["codec"]


def mark(scene: Scene, count: int, report: Report, steps: Steps) -> None:
    """One draws, one after the other; the time from letting go to the other screens."""
    drawer, others = scene.experts[0], (scene.ana, scene.experts[1])
    with steps.stage("marks", count) as advance:
        for number in range(count):
            x = 0.2 + 0.6 * number / count
            drawer.drag((x, 0.3), (x + 0.05, 0.6))
            _wait_for_marks(others, number + 1)
            advance(1)
    drawn: list[float] = drawer.page.evaluate("window.drawnAt")
    for other in others:
        late = [there - at for at, there in zip(drawn, sorted(_seen(other).values()), strict=True)]
        report.add(f"mark to {other.name}: median", percentile(late, 0.5), "ms", bound=MARK_MS)
        report.add(f"mark to {other.name}: p95", percentile(late, 0.95), "ms", bound=MARK_MS)


def _seen(person: Person) -> dict[str, float]:
    found: dict[str, float] = person.page.evaluate("window.markAt")
    return found


def _wait_for_marks(people: Iterable[Person], count: int) -> None:
    for person in people:
        until(partial(_has_seen, person, count), 30)


def _has_seen(person: Person, count: int) -> bool:
    return len(_seen(person)) >= count


def _is_back(expert: Person) -> bool:
    return bool(expert.page.evaluate("window.shownAt.length > 20"))


def kill(scene: Scene, stack: Installation, times: int, report: Report, steps: Steps) -> None:
    """Kill -9 of the node that the session is on, with marks drawn while nobody answers."""
    away: dict[str, list[float]] = {expert.name: [] for expert in scene.experts}
    drawn, drawer = len(_seen(scene.ana)), scene.experts[0]
    with steps.stage("kill -9", times) as advance:
        for _ in range(times):
            scene.ana.page.wait_for_timeout(4000)
            for expert in scene.experts:
                scene.gaps_s(expert)
            name = stack.kill_relay(stack.node_of(scene.experts[0].page.url.rpartition("/")[2]))
            drawer.drag((0.4, 0.3), (0.5, 0.5))
            drawn += 1
            _wait_for_marks((scene.ana, *scene.experts), drawn)
            for expert in scene.experts:
                until(partial(_is_back, expert), 30)
                away[expert.name].append(max(scene.gaps_s(expert)))
            stack.start_relay(name)
            advance(1)
    for name, gaps in away.items():
        report.add(f"kill -9, {name}: median time without a picture", percentile(gaps, 0.5), "s")
        report.add(f"kill -9, {name}: longest", max(gaps), "s", bound=BACK_S)
    report.add("kill -9: marks lost", drawn - len(_seen(scene.experts[1])), "", bound=0)


def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """One session through all three."""
    configure_logging("error")  # stdout is the report's alone
    program, report = shutil.which("chromium"), Report("assist-pages")
    if program is None:
        raise CouldNotMeasure("no chromium is on the PATH; `make system` installs it as root")
    flags: dict[str, Any] = {"executable_path": program, "args": [*CHROMIUM_FLAGS, *CAMERA_FLAGS, *AWAKE]}
    with (
        tempfile.TemporaryDirectory() as folder,
        Installation(Path(folder), relays=2) as stack,
        sync_playwright() as playwright,
    ):
        scene = Scene(playwright.chromium.launch(**flags), stack, arguments.codec)
        if arguments.seconds:
            watch(scene, arguments.seconds, report, steps)
        if arguments.marks:
            mark(scene, arguments.marks, report, steps)
        if arguments.kills:
            kill(scene, stack, arguments.kills, report, steps)
    return report


def main(argv: list[str]) -> int:
    """`muster bench assist-pages`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long the pictures are watched")
    parser.add_argument("--marks", type=int, default=24, help="how many are drawn")
    parser.add_argument("--kills", type=int, default=3, help="how often the session's node is killed")
    parser.add_argument("--codec", choices=("VP8", "H264"), default="VP8", help="what the camera sends")
    return run("assist-pages", parser, measured, argv)
