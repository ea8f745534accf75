"""How far a feed has come: a bar on a terminal, else a plain line every ten seconds."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.simulation.feed import Feed

BAR_EVERY_S = 0.5
LINE_EVERY_S = 10.0


async def show_progress(played: Feed, began: asyncio.Event) -> None:
    """Show it until cancelled."""
    print(f"feed: registering {len(played.scenario.engineers)} engineers", flush=True)
    await began.wait()
    if sys.stdout.isatty():
        await _bar(played)
        return
    while True:
        print(f"feed: {line(played)}", flush=True)
        await asyncio.sleep(LINE_EVERY_S)


async def _bar(played: Feed) -> None:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns) as progress:
        bar = progress.add_task("", total=len(played.scenario.reports))
        while True:
            progress.update(bar, completed=played.tally.ended, description=line(played))
            await asyncio.sleep(BAR_EVERY_S)


def line(played: Feed) -> str:
    """The state in a few words: the scenario's time, reports, ends, latency."""
    tally, p99 = played.tally, played.tally.p_ms(0.99)
    return (
        f"{played.clock.now():%a %d %b %H:%M} in the scenario: "
        f"{tally.reported} of {len(played.scenario.reports)} reported, {tally.ended} ended, "
        f"{played.busy} phones busy" + (f", report to assignment p99 {p99:.0f} ms" if p99 is not None else "")
    )
