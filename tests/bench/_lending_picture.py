"""The frontier of lending as an SVG: what it brings to all against what it costs the worst donor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 560, 380, 60
COLOURS = ("#0b6bcb", "#b3541e", "#2f7d32", "#7a3db8")
LABELS = (("start", 9, 15), ("end", -9, 4), ("start", 9, -6), ("end", -9, -6))
"""Each scenario's names stand on a side of their own: anchor and offset."""


class Point(NamedTuple):
    """One setting on one scenario, both over reference F of regions alone."""

    scenario: str
    setting: str
    j: float
    worst_donor: float


At = Callable[[float, float], tuple[float, float]]
"""The worst donor's and the total's value to a place in the picture."""


def draw(points: Sequence[Point], donor_bound: float, out: Path) -> None:
    """One line a scenario, from no lending to all-out; every point is named."""
    js, donors = [p.j for p in points], [p.worst_donor for p in points]
    low = (min(donors) - 0.35, min(js) - 0.05)
    high = (max(donors) + 0.35, max(js) + 0.05)

    def at(donor: float, j: float) -> tuple[float, float]:
        across = (donor - low[0]) / (high[0] - low[0])
        up = (j - low[1]) / (high[1] - low[1])
        return (
            round(MARGIN + across * (WIDTH - 2 * MARGIN), 1),
            round(HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN), 1),
        )

    lines = [*_frame(at, low, high, donor_bound)]
    for number, scenario in enumerate(sorted({p.scenario for p in points})):
        lines += _way(at, number, [p for p in points if p.scenario == scenario])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join([*lines, "</svg>"]) + "\n", encoding="utf-8")


def _frame(at: At, low: tuple[float, float], high: tuple[float, float], donor_bound: float) -> Iterator[str]:
    """The ground, the two axes with what they mean, and the bound of the default setting."""
    foot, middle = HEIGHT - MARGIN, HEIGHT / 2
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">'
    )
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    title = "Lending: what all gain, what the worst donor pays"
    yield f'<text x="{MARGIN}" y="24" font-weight="bold">{title}</text>'
    yield f'<path d="M{MARGIN},{MARGIN}V{foot}H{WIDTH - MARGIN}" fill="none" stroke="#333"/>'
    across = "worst other region: J over its F"
    yield f'<text x="{WIDTH / 2}" y="{HEIGHT - 16}" text-anchor="middle">{across}</text>'
    yield (
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">'
        "all regions: J over F</text>"
    )
    for step in range(5):
        donor = low[0] + (high[0] - low[0]) * step / 4
        j = low[1] + (high[1] - low[1]) * step / 4
        x, y = at(donor, j)
        yield f'<text x="{x}" y="{foot + 18}" text-anchor="middle">{donor:.2f}</text>'
        yield f'<text x="{MARGIN - 8}" y="{y + 4}" text-anchor="end">{j:.2f}</text>'
    x, _ = at(donor_bound, low[1])
    yield f'<path d="M{x},{MARGIN}V{foot}" stroke="#888" stroke-dasharray="4 4"/>'
    yield f'<text x="{x + 4}" y="{MARGIN + 4}" fill="#666">bound {donor_bound:g}</text>'


def _way(at: At, number: int, mine: Sequence[Point]) -> Iterator[str]:
    """One scenario's settings and the line between them."""
    colour, (anchor, right, down) = COLOURS[number % len(COLOURS)], LABELS[number % len(LABELS)]
    places = [at(p.worst_donor, p.j) for p in mine]
    way = " ".join(f"{x},{y}" for x, y in places)
    yield f'<polyline points="{way}" fill="none" stroke="{colour}" opacity="0.4"/>'
    right_end, line = WIDTH - MARGIN, MARGIN + 16 * number
    yield f'<text x="{right_end}" y="{line}" text-anchor="end" fill="{colour}">{mine[0].scenario}</text>'
    for point, (x, y) in zip(mine, places, strict=True):
        yield f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>'
        yield (
            f'<text x="{x + right}" y="{y + down}" text-anchor="{anchor}" fill="{colour}">'
            f"{point.setting}</text>"
        )
