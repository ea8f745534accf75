"""How reads are answered: JSON as it lies in the read models, and pages with cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import Query
from fastapi.responses import Response

from schemas.answers import FieldError
from services.gateway.problems import invalid_fields

MAX_PAGE = 1000

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str | None, Query(max_length=1000)]


def json_answer(content: Any, media_type: str = "application/json") -> Response:
    """200 with JSON, never kept by a cache: it is only true now."""
    return Response(orjson.dumps(content), headers={"Cache-Control": "no-store"}, media_type=media_type)


def cursor_of(key: tuple[str, ...]) -> str:
    """A page's end as an opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def after_cursor(cursor: str | None, length: int) -> tuple[str, ...] | None:
    """The sort key after which a page begins; a 422 problem for a text that no page gave out."""
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor() from error
    if not isinstance(key, list) or len(key) != length or not all(isinstance(part, str) for part in key):
        raise _bad_cursor()
    return tuple(key)


def _bad_cursor() -> Exception:
    return invalid_fields([FieldError(field="cursor", detail="is no cursor of a page")])


def page_of(
    sorted_items: Sequence[tuple[tuple[str, ...], Any]], cursor: str | None, limit: int
) -> dict[str, Any]:
    """`limit` items after the cursor, and the cursor of the next page if there is one."""
    after = after_cursor(cursor, 2)
    rest = [item for item in sorted_items if after is None or item[0] > after]
    page = rest[:limit]
    more = len(rest) > limit
    return {
        "items": [view for _, view in page],
        "next_cursor": cursor_of(page[-1][0]) if more else None,
    }
