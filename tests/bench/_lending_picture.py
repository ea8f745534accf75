"""The frontier of lending as an SVG: what it brings to all against what it costs the worst donor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 560, 360, 60
COLOURS = ("#0b6bcb", "#b3541e", "#2f7d32", "#7a3db8")


class Point(NamedTuple):
    """One setting on one scenario, both over reference F of regions alone."""

    scenario: str
    setting: str
    j: float
    worst_donor: float


def draw(points: Sequence[Point], out: Path) -> None:
    """One line a scenario, from no lending to all-out; every point is named."""
    js, donors = [p.j for p in points], [p.worst_donor for p in points]
    low = (min(donors) - 0.1, min(js) - 0.05)
    high = (max(donors) + 0.3, max(js) + 0.05)

    def at(point: Point) -> tuple[float, float]:
        across = (point.worst_donor - low[0]) / (high[0] - low[0])
        up = (point.j - low[1]) / (high[1] - low[1])
        return round(MARGIN + across * (WIDTH - 2 * MARGIN), 1), round(
            HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN), 1
        )

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{MARGIN}" y="24" font-weight="bold">J of all regions against the worst other region, '
        "both over F</text>",
        f'<path d="M{MARGIN},{MARGIN}V{HEIGHT - MARGIN}H{WIDTH - MARGIN}" fill="none" stroke="#333"/>',
    ]
    for step in range(5):
        donor = low[0] + (high[0] - low[0]) * step / 4
        j = low[1] + (high[1] - low[1]) * step / 4
        x, y = at(Point("", "", j, donor))
        lines.append(f'<text x="{x}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{donor:.2f}</text>')
        lines.append(f'<text x="{MARGIN - 8}" y="{y + 4}" text-anchor="end">{j:.2f}</text>')
    for number, scenario in enumerate(sorted({p.scenario for p in points})):
        colour = COLOURS[number % len(COLOURS)]
        mine = [p for p in points if p.scenario == scenario]
        way = " ".join(f"{x},{y}" for x, y in map(at, mine))
        lines.append(f'<polyline points="{way}" fill="none" stroke="{colour}" opacity="0.4"/>')
        for point in mine:
            x, y = at(point)
            lines.append(f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>')
            words = f"{point.setting} ({scenario})"
            lines.append(f'<text x="{x + 8}" y="{y - 6}" fill="{colour}">{words}</text>')
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join([*lines, "</svg>"]) + "\n", encoding="utf-8")
