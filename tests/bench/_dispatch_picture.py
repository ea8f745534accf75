"""The picture of `muster bench dispatch`: a panel of bars for each measure, a row of panels for each kind."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path

MEASURES = (("J", "min"), ("breach", "%"), ("km", "km"), ("churn", ""), ("p99", "ms"))
WIDTH, ROW, GAP, LABEL, HEAD = 150, 18, 46, 130, 26
INK, OURS, THEIRS = "#333", "#0b6bcb", "#9aa7b3"

Bars = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By kind of scenario, measure and dispatcher."""


def draw(bars: Bars, ours: Container[str], out: Path) -> None:
    """Write the SVG; what ships is blue."""
    body, top = [], 0
    for kind, of_kind in bars.items():
        names = list(of_kind[MEASURES[0][0]])
        body.append(f'<text x="8" y="{top + HEAD}" font-weight="bold">{kind}</text>')
        for line, name in enumerate(names):
            y = top + GAP + line * ROW + 11
            body.append(f'<text x="{LABEL - 10}" y="{y}" text-anchor="end">{name}</text>')
        for panel, (measured, unit) in enumerate(MEASURES):
            left = LABEL + panel * (WIDTH + 20)
            body.append(f'<text x="{left}" y="{top + HEAD}">{measured} {unit and f"({unit})"}</text>')
            body += _panel(of_kind[measured], ours, left, top + GAP)
        top += GAP + ROW * len(names) + 10
    width = LABEL + len(MEASURES) * (WIDTH + 20)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" '
        f'viewBox="0 0 {width} {top}" font-family="sans-serif" font-size="12" fill="{INK}">'
        '<rect width="100%" height="100%" fill="#fff"/>'
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join([head, *body, "</svg>"]) + "\n", encoding="utf-8")


def _panel(values: Mapping[str, float], ours: Container[str], left: int, top: int) -> list[str]:
    longest = max(values.values()) or 1.0
    lines = []
    for line, (name, value) in enumerate(values.items()):
        y, length = top + line * ROW, max(1.0, value / longest * (WIDTH - 45))
        colour = OURS if name in ours else THEIRS
        lines += [
            f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{ROW - 5}" fill="{colour}"/>',
            f'<text x="{left + length + 5:.1f}" y="{y + 11}">{value:.3g}</text>',
        ]
    return lines
