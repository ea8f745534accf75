"""The frontier of J against churn and km, as an SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 460, 320, 56
COLOURS = {"day": "#0b6bcb", "storm": "#b3541e"}
INK, FAINT = "#333", "#ccc"


class Point(NamedTuple):
    """One policy on one kind of scenarios; J and km over reference F's."""

    name: str
    churn: float
    km: float
    j: float
    shipped: bool


class _Panel(NamedTuple):
    title: str
    left: int
    value: Callable[[Point], float]
    reach: tuple[float, float]


def draw(points: Mapping[str, Sequence[Point]], out: Path) -> None:
    """Two panels: J against churn, and against km; what ships is named and filled."""
    every = [point for kind in points.values() for point in kind]
    js = _reach([point.j for point in every])
    panels = [
        _Panel("churn: diversions per incident", 0, lambda p: p.churn, _reach([p.churn for p in every])),
        _Panel("km, over reference F's", WIDTH, lambda p: p.km, _reach([p.km for p in every])),
    ]
    body = [line for panel in panels for line in _panel(panel, points, js)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {2 * WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="{INK}">'
        '<rect width="100%" height="100%" fill="#fff"/>'
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join([head, *body, "</svg>"]) + "\n", encoding="utf-8")


def _reach(values: Sequence[float]) -> tuple[float, float]:
    least, most = min(values), max(values)
    air = max((most - least) * 0.12, 0.01)
    return least - air, most + air


def _panel(panel: _Panel, points: Mapping[str, Sequence[Point]], js: tuple[float, float]) -> list[str]:
    def x(value: float) -> float:
        share = (value - panel.reach[0]) / (panel.reach[1] - panel.reach[0])
        return round(panel.left + MARGIN + share * (WIDTH - 2 * MARGIN), 1)

    def y(value: float) -> float:
        share = (value - js[0]) / (js[1] - js[0])
        return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1)

    lines = [*_axes(panel, js, x, y)]
    for kind, of_kind in points.items():
        ordered = sorted(of_kind, key=panel.value)
        way = " ".join(f"{x(panel.value(p))},{y(p.j)}" for p in ordered)
        colour = COLOURS[kind]
        lines.append(f'<polyline points="{way}" fill="none" stroke="{colour}" opacity="0.35"/>')
        for point in ordered:
            fill = colour if point.shipped else "#fff"
            at = (x(panel.value(point)), y(point.j))
            lines.append(f'<circle cx="{at[0]}" cy="{at[1]}" r="5" fill="{fill}" stroke="{colour}"/>')
            if point.shipped:
                words = f"{point.name} ({kind}s)"
                lines.append(f'<text x="{at[0] + 8}" y="{at[1] - 6}" fill="{colour}">{words}</text>')
    return lines


def _axes(
    panel: _Panel, js: tuple[float, float], x: Callable[[float], float], y: Callable[[float], float]
) -> list[str]:
    left, right = x(panel.reach[0]), x(panel.reach[1])
    lines = [
        f'<text x="{left}" y="{MARGIN - 26}" font-weight="bold">J over F\'s against {panel.title}</text>',
        f'<path d="M{left},{y(js[1])}V{y(js[0])}H{right}" fill="none" stroke="{INK}"/>',
    ]
    for step in range(5):
        j = js[0] + (js[1] - js[0]) * step / 4
        value = panel.reach[0] + (panel.reach[1] - panel.reach[0]) * step / 4
        lines += [
            f'<path d="M{left},{y(j)}H{right}" stroke="{FAINT}" stroke-dasharray="2 4"/>',
            f'<text x="{left - 6}" y="{y(j) + 4}" text-anchor="end">{j:.2f}</text>',
            f'<text x="{x(value)}" y="{y(js[0]) + 18}" text-anchor="middle">{value:.2f}</text>',
        ]
    return lines
