"""Marks drawn as the pages draw them: a dark rim under the colour, widths in 1/400 of the picture's width."""

from __future__ import annotations

import math
import unicodedata
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from schemas.assist_marks import GRID, Mark

Box = tuple[float, float, float, float]
"""Left, top, width and height of the picture on the canvas, in pixels."""
Place = tuple[float, float]

COLORS = {
    "red": (255, 77, 77),
    "orange": (255, 154, 46),
    "yellow": (255, 225, 77),
    "green": (77, 220, 122),
    "blue": (90, 176, 255),
    "white": (255, 255, 255),
    "black": (17, 17, 17),
}
RIM_PX, WIDTH_PARTS, THINNEST_PX = 3, 400, 2
FINE = 2
"""Drawn this many times as large, so that edges are smooth."""
FONTS = ("DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "NotoSans-Bold.ttf", "arialbd.ttf")
FAINT_FROM = 0.35
MARGIN_PX = 40


def strength(left: float) -> float:
    """How strong a fading mark is drawn; `left` is what remains of its time, 1 to 0."""
    return min(1.0, 0.2 + left / FAINT_FROM * 0.8)


class DrawnMark:
    """One mark as an image with its place on the canvas, drawn once."""

    def __init__(self, mark: Mark, box: Box, canvas: tuple[int, int]) -> None:
        self._mark, self._box = mark, box
        self._thick = max(THINNEST_PX, mark.width / WIDTH_PARTS * box[2]) * FINE
        left, top, right, bottom = self._bounds(canvas)
        self.place = (left, top)
        size = (max(1, right - left), max(1, bottom - top))
        fine = Image.new("RGBA", (size[0] * FINE, size[1] * FINE), (0, 0, 0, 0))
        self._at = [((x - left) * FINE, (y - top) * FINE) for x, y in self._places()]
        self._draw(ImageDraw.Draw(fine))
        self.image = fine.resize(size, Image.Resampling.BOX)
        self._alpha = self.image.getchannel("A")

    def paste(self, canvas: Image.Image, left: float) -> None:
        """Put it on the canvas; `left` is what remains of its time, 1 where it stays."""
        much = strength(left)
        alpha = self._alpha if much >= 1 else self._alpha.point([int(value * much) for value in range(256)])
        canvas.paste(self.image.convert("RGB"), self.place, alpha)

    def _places(self) -> list[Place]:
        left, top, width, height = self._box
        return [(left + x / GRID * width, top + y / GRID * height) for x, y in self._mark.points]

    def _bounds(self, canvas: tuple[int, int]) -> tuple[int, int, int, int]:
        """What the mark can cover of the canvas: words run on to its right edge."""
        mark, places = self._mark, self._places()
        xs, ys = [x for x, _ in places], [y for _, y in places]
        around = self._thick / FINE * 4 + MARGIN_PX
        if mark.tool == "circle":
            around += math.dist(places[0], places[1])
        right = canvas[0] if mark.text else max(xs) + around
        below = 40 * self._thick if mark.text else 0
        return (
            max(0, int(min(xs) - around)),
            max(0, int(min(ys) - around)),
            min(canvas[0], int(right)),
            min(canvas[1], int(max(ys) + around + below)),
        )

    def _draw(self, draw: ImageDraw.ImageDraw) -> None:
        if self._mark.tool == "text":
            self._text(draw)
        elif self._mark.tool == "step":
            self._step(draw)
        else:
            for color, width in ((self._rim(), self._thick + RIM_PX * FINE), (self._color(), self._thick)):
                self._shape(draw, color, width)

    def _rim(self) -> tuple[int, int, int, int]:
        return (255, 255, 255, 216) if self._mark.color == "black" else (0, 0, 0, 178)

    def _color(self) -> tuple[int, int, int, int]:
        return (*COLORS[self._mark.color], 255)

    def _shape(self, draw: ImageDraw.ImageDraw, color: tuple[int, int, int, int], width: float) -> None:
        tool, at, thick = self._mark.tool, self._at, max(1, round(width))
        if tool == "circle":
            (x, y), radius = at[0], math.dist(at[0], at[1]) + width / 2
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=color, width=thick)
        elif tool == "rectangle":
            (ax, ay), (bx, by) = at
            self._path(draw, [(ax, ay), (bx, ay), (bx, by), (ax, by), (ax, ay)], color, width)
        else:
            self._path(draw, at, color, width)
            if tool == "arrow":
                self._path(draw, self._head(), color, width)

    def _path(
        self, draw: ImageDraw.ImageDraw, path: list[Place], color: tuple[int, int, int, int], width: float
    ) -> None:
        draw.line(path, fill=color, width=max(1, round(width)), joint="curve")
        for x, y in path:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=color)

    def _head(self) -> list[Place]:
        (ax, ay), (bx, by) = self._at
        along, length = math.atan2(by - ay, bx - ax), math.dist((ax, ay), (bx, by))
        size = min(10 * FINE + self._thick * 3, max(8.0 * FINE, length * 0.6))
        sides = [
            (bx - size * math.cos(along + side), by - size * math.sin(along + side)) for side in (-0.5, 0.5)
        ]
        return [sides[0], (bx, by), sides[1]]

    def _text(self, draw: ImageDraw.ImageDraw) -> None:
        size = 12 * FINE + self._thick * 2
        for number, line in enumerate((self._mark.text or "").split("\n")):
            x, y = self._at[0]
            self._write(draw, line, (x, y + number * size * 1.25), size, "la")

    def _step(self, draw: ImageDraw.ImageDraw) -> None:
        (x, y), radius = self._at[0], 10 * FINE + self._thick * 1.5
        around = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(around, fill=self._color(), outline=self._rim(), width=2 * FINE)
        ink = (255, 255, 255, 255) if self._mark.color in ("black", "blue") else (17, 17, 17, 255)
        draw.text((x, y), str(self._mark.number), fill=ink, font=_font(radius * 1.15), anchor="mm")
        if self._mark.text:
            self._write(draw, self._mark.text, (x + radius + 6 * FINE, y), radius * 1.1, "lm")

    def _write(self, draw: ImageDraw.ImageDraw, text: str, at: Place, size: float, anchor: str) -> None:
        draw.text(
            at,
            _readable(text, size),
            fill=self._color(),
            font=_font(size),
            anchor=anchor,
            stroke_width=RIM_PX * FINE // 2,
            stroke_fill=self._rim(),
        )


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font of this machine; Pillow's own has the letters of English alone."""
    whole = max(8, round(size))
    for name in FONTS:
        try:
            return ImageFont.truetype(name, whole)
        except OSError:
            continue
    return ImageFont.load_default(whole)


def _readable(text: str, size: float) -> str:
    """The text as the font can show it: without accents where it has none."""
    if getattr(_font(size), "path", None):
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
