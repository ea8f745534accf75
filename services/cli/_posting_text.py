"""A posting's receipt for people, on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from schemas.base import Place
from schemas.postings import PostingFlip, PostingMove, PostingReceipt

STORED = {True: "as it was stored; this version decides otherwise", False: "derived from the log"}


def show_posting(console: Console, receipt: PostingReceipt, width: int, *, stored: bool) -> None:
    """Print why somebody was posted, with the `width` best of the other engineers and places."""
    console.print(
        f"  policy {receipt.policy} {receipt.policy_version}, travel {receipt.travel_version}, offset"
        f" {receipt.offset}, {receipt.considered} moves weighed; {STORED[stored]}"
    )
    kinds = ", ".join(f"{kind} {saved:+.1f}" for kind, saved in receipt.saves_by_kind.items())
    console.print(
        f"  {receipt.reports_per_hour:.1f} reports an hour, over {receipt.horizon_min:g} min; saves {kinds}"
    )
    console.print(_table(receipt, width))
    if receipt.stays:
        stays = ", ".join(f"{why} {count}" for why, count in receipt.stays.items())
        console.print(f"  could not be posted: {stays}")
    for flip in receipt.flips:
        console.print(f"  would flip it: {posting_flip_sentence(flip)}")


def posting_flip_sentence(flip: PostingFlip) -> str:
    """What would have led to another posting."""
    then = " → nobody" if flip.then_engineer_id is None else f" → {flip.then_engineer_id}"
    if flip.then_place is not None:
        then += f" to {_at(flip.then_place)}"
    if flip.unit == "s":
        return f"{flip.engineer_id} {flip.amount / 60:.2f} min {flip.change}{then}"
    side = flip.change.rpartition("_")[2]
    if flip.unit == "per_hour":
        return f"{side} {flip.amount:g} reports an hour{then}"
    return f"a price of the road {side} {flip.amount:g} weighted min a km{then}"


def _at(place: Place) -> str:
    return f"{place.lat:.4f},{place.lon:.4f}"


def _table(receipt: PostingReceipt, width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 2))
    for column in ("engineer", "waits at", "travel min", "km", "saves", "road", "worth (weighted min)"):
        table.add_column(column, justify="left" if column in ("engineer", "waits at") else "right")
    table.add_row(*_cells(receipt.chosen), style="bold")
    for move in (*receipt.other_engineers[:width], *receipt.other_places[:width]):
        table.add_row(*_cells(move))
    return table


def _cells(move: PostingMove) -> tuple[str, ...]:
    figures = (move.travel_time_s / 60, move.road_km, move.saves, -move.road, move.saves - move.road)
    return move.engineer_id, _at(move.place), *(f"{figure:.1f}" for figure in figures)
