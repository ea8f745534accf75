"""Marks on the picture: shapes in whole coordinates, and the frame that each was drawn on."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Id, Wire

GRID = 65_535
"""Coordinates run from 0 to this over the width and the height of the upright encoded frame."""
MAX_POINTS = 512
LIVE_FADES_AFTER_MS = 5000
"""A mark on a live picture fades after this; on a frozen frame it stays."""
RTP_MAX = 2**32 - 1

Tool = Literal["arrow", "circle", "rectangle", "freehand", "text", "step"]
Color = Literal["red", "orange", "yellow", "green", "blue", "white", "black"]
Coordinate = Annotated[int, Field(ge=0, le=GRID, strict=True)]
Point = tuple[Coordinate, Coordinate]
RtpTime = Annotated[int, Field(ge=0, le=RTP_MAX, strict=True)]
MarkText = Annotated[str, StringConstraints(min_length=1, max_length=280)]

_POINTS: dict[str, tuple[int, int]] = {
    "arrow": (2, 2),
    "circle": (2, 2),
    "rectangle": (2, 2),
    "freehand": (2, MAX_POINTS),
    "text": (1, 1),
    "step": (1, 1),
}


class Anchor(Wire):
    """The frame that a mark was drawn on.

    `still_id` names a frozen frame; without it the picture was live. `rtp` is the RTP timestamp of the frame
    as the drawer's browser had it (`requestVideoFrameCallback`); the node turns it into the publisher's. Who
    draws on the picture of their own camera has none: the node fills in the newest frame's.
    """

    rtp: RtpTime | None = None
    still_id: Id | None = None


class Mark(Wire):
    """One shape; `points` are (x, y) pairs.

    arrow: tail, head. circle: centre, a point of the rim (the radius is measured in pixels of the picture).
    rectangle: two opposite corners. freehand: the path. text: its top left. step: the number's centre.
    """

    tool: Tool
    points: Annotated[list[Point], Field(min_length=1, max_length=MAX_POINTS)]
    color: Color = "red"
    width: int = Field(default=3, ge=1, le=20)
    text: MarkText | None = None
    number: int | None = Field(default=None, ge=1, le=99)

    @model_validator(mode="after")
    def _fits_its_tool(self) -> Self:
        fewest, most = _POINTS[self.tool]
        if not fewest <= len(self.points) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise ValueError(f"a mark of the tool {self.tool} has {wanted} points")
        if self.tool == "text" and self.text is None:
            raise ValueError("a text needs its text")
        if (self.tool == "step") != (self.number is not None):
            raise ValueError("a numbered step has a number, and nothing else has one")
        return self
