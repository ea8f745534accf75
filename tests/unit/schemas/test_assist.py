"""Remote assist's wire: what a mark must be, and that a client's messages are strict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.assist_client import CHANNEL_MESSAGES, CLIENT_MESSAGES, Draw, Hello
from schemas.assist_marks import GRID, Mark

ARROW = {"tool": "arrow", "points": [[0, 0], [GRID, GRID]]}
DRAW = {"type": "draw", "op_id": "1", "mark": ARROW, "anchor": {"rtp": 2**32 - 1}}


@pytest.mark.parametrize(
    "mark",
    [
        ARROW,
        {"tool": "circle", "points": [[5, 5], [9, 9]], "color": "yellow", "width": 20},
        {"tool": "rectangle", "points": [[5, 5], [9, 9]]},
        {"tool": "freehand", "points": [[1, 1]] * 512},
        {"tool": "text", "points": [[1, 1]], "text": "not this one"},
        {"tool": "step", "points": [[1, 1]], "number": 3, "text": "pull here"},
    ],
)
def test_a_mark_has_the_points_of_its_tool(mark: dict[str, Any]) -> None:
    """Every tool's mark is read and written as it came."""
    again = json.loads(Mark.model_validate_json(json.dumps(mark)).model_dump_json(exclude_none=True))
    assert {name: again[name] for name in mark} == mark


@pytest.mark.parametrize(
    "wrong",
    [
        {"tool": "arrow", "points": [[0, 0]]},
        {"tool": "freehand", "points": [[1, 1]] * 513},
        {"tool": "arrow", "points": [[0, 0], [GRID + 1, 0]]},
        {"tool": "arrow", "points": [[0, 0], [-1, 0]]},
        {"tool": "arrow", "points": [[0, 0], [0.5, 0]]},
        {"tool": "text", "points": [[0, 0]]},
        {"tool": "step", "points": [[0, 0]]},
        {"tool": "arrow", "points": [[0, 0], [1, 1]], "number": 3},
        {"tool": "laser", "points": [[0, 0]]},
    ],
)
def test_a_mark_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    """Points outside the grid or of the wrong number, and tools that nobody has, are no mark."""
    with pytest.raises(ValidationError):
        Mark.model_validate(wrong)


def test_a_clients_message_is_known_by_its_type() -> None:
    """The type chooses the model; signalling has no place on a data channel."""
    assert isinstance(CHANNEL_MESSAGES.validate_json(json.dumps(DRAW)), Draw)
    hello = json.dumps({"type": "hello", "after": 7})
    assert CLIENT_MESSAGES.validate_json(hello) == Hello(type="hello", after=7)
    with pytest.raises(ValidationError):
        CHANNEL_MESSAGES.validate_json(hello)


def test_an_unknown_field_in_an_operation_is_a_mistake() -> None:
    """A client that says more than is understood is told so, not half obeyed."""
    with pytest.raises(ValidationError):
        CHANNEL_MESSAGES.validate_json(json.dumps({**DRAW, "author": "somebody else"}))
