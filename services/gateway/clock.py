"""What time it is for an event that comes in: the wall's, or the scenario's in `--clock feed`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from schemas.answers import FieldError
from services.gateway.problems import invalid_fields

FUTURE = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wall_now() -> datetime:
    """The wall's time in UTC."""
    return datetime.now(UTC)


class EntryClock:
    """Stamps events at entry; in feed mode it only follows what the feed posted and what the log says."""

    def __init__(self, mode: Literal["wall", "feed"], wall: Callable[[], datetime] = wall_now) -> None:
        self.mode: Literal["wall", "feed"] = mode
        self._wall = wall
        self._posted: datetime | None = None

    @property
    def now(self) -> datetime | None:
        """The time, or None where the scenario's clock has not been heard of yet."""
        return self._wall() if self.mode == "wall" else self._posted

    @property
    def stamp(self) -> datetime:
        """The time to write as `ce_time`: before the scenario's first tick, 1970."""
        return self.now or EPOCH

    def advance(self, moment: datetime) -> None:
        """The scenario's clock stands at least at `moment`; it never steps back."""
        if self.mode == "feed" and (self._posted is None or moment > self._posted):
            self._posted = moment

    def refuse_future(self, field: str, moment: datetime) -> None:
        """A 422 problem naming the field where `moment` is more than 5 minutes ahead (CONTRACT section 2)."""
        now = self.now
        if now is not None and moment > now + FUTURE:
            raise invalid_fields([FieldError(field=field, detail="lies more than 5 minutes in the future")])
