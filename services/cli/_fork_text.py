"""A fork for people: a table that fills and narrows while the futures come in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import get_args

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from schemas.base import TIERS, Tier, rfc3339
from schemas.plans import PlannedMove
from schemas.whatif import ForkReport, RegionFork, RegionFuture, RolloutBias, Spread

PLAIN_WIDTH = 140
FIGURES = {
    "waited_min": "mean waiting, min",
    "left_waiting": "left waiting at the end",
    "left_work_min": "their work, min",
    "stranded": "of them for nobody there",
}


def show_live(reports: Iterable[ForkReport], wanted: int) -> None:
    """Show each report in place of the one before on a terminal, elsewhere the last alone."""
    console = Console()
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
        for last in deque(reports, maxlen=1):
            console.print(shown(last))
        return
    with Live(Text("the first future is being played"), console=console) as live:
        for report in reports:
            bar = ProgressBar(total=wanted, completed=report.futures, width=60)
            live.update(Group(shown(report), bar) if report.futures < wanted else shown(report))


def shown(report: ForkReport) -> Group:
    """One report: what is planned, what would be refused, and each region's two futures."""
    lines = [
        f"{rfc3339(report.at)}, the next {report.horizon_min / 60:g} h, {report.futures} of {report.wanted}"
        f" futures ({report.cpu_s_per_future:.2f} CPU s each)",
        *(_move(report, move) for move in report.plan.moves),
        *(f"refused: {one.engineer_id}, {one.rule} ({one.detail})" for one in report.refused),
        f"plan {report.plan_hash}" if report.plan.moves else "nobody moves",
    ]  # fmt: skip
    moves = bool(report.plan.moves)
    return Group(*(Text(line) for line in lines), *(_table(region, moves) for region in report.regions))


def _move(report: ForkReport, move: PlannedMove) -> str:
    words = [f"{move.engineer_id}: {move.home_region} to {move.to_region} until {rfc3339(move.until)}"]
    for journey in report.journeys:
        if journey.engineer_id == move.engineer_id:
            minutes = (journey.arrives_at - report.at).total_seconds() / 60
            late = ", after these futures end" if minutes > report.horizon_min else ""
            words.append(f"there in {minutes:.0f} min{late}")
            words += [f"{journey.in_hand} goes back to the queue"] if journey.in_hand else []
    return "; ".join(words)


def _table(region: RegionFork, moves: bool) -> Table:
    table = Table(title=f"{region.region} ({region.role})", title_justify="left")
    table.add_column("10 % - 50 % - 90 % of the futures")
    headings = ("without", "with the move", "difference, mean (80 % interval)")
    for heading in headings if moves else headings[:1]:
        table.add_column(heading, justify="right")
    arms = (region.without, region.with_move, region.difference)
    for title, spreads in zip(_titles(), zip(*map(_spreads, arms), strict=True), strict=True):
        without, with_move, difference = spreads
        cells = (_quantiles(without), _quantiles(with_move), _mean(difference))
        table.add_row(title, *(cells if moves else cells[:1]))
    if region.bias is not None:
        table.caption, table.caption_justify = _bias(region.bias), "left"
    return table


def _bias(bias: RolloutBias) -> str:
    """How far these figures lie from what the dispatcher itself would make of such futures."""
    return (
        f"mean waiting less the dispatcher's own: {bias.waited_min:+.1f} min"
        f" (80 %: {bias.p10:+.1f} to {bias.p90:+.1f}, n {bias.n})"
    )


def _titles() -> list[str]:
    waited, *others = FIGURES.values()
    return [waited, *(f"broken promises, {tier}" for tier in TIERS), *others]


def _spreads(arm: RegionFuture) -> list[Spread]:
    waited, *others = (getattr(arm, name) for name in FIGURES)
    return [waited, *(arm.broken[tier] for tier in get_args(Tier)), *others]


def _quantiles(spread: Spread) -> str:
    return f"{spread.p10:.0f} - {spread.p50:.0f} - {spread.p90:.0f}"


def _mean(spread: Spread) -> str:
    if spread.mean_low is None or spread.mean_high is None:
        return f"{spread.mean:+.1f}"
    return f"{spread.mean:+.1f} ({spread.mean_low:+.1f} to {spread.mean_high:+.1f})"
