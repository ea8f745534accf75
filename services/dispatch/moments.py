"""Time inside the fold: whole milliseconds since the epoch, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)


def to_ms_or_none(moment: datetime | None) -> int | None:
    """The same, or None where there is none."""
    return None if moment is None else to_ms(moment)


def to_moment(ms: int) -> datetime:
    """The instant, in UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def to_moment_or_none(ms: int | None) -> datetime | None:
    """The instant, or None where there is none yet."""
    return None if ms is None else to_moment(ms)


def minutes_ms(minutes: float) -> int:
    """Minutes as whole milliseconds."""
    return round(minutes * MINUTE_MS)
