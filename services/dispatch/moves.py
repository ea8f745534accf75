"""One round of posting: every move that could be made, what each is worth, and the best of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.dispatch.cover import Cover
from services.dispatch.demand import Forecast
from services.dispatch.moments import MINUTE_MS
from services.dispatch.warm import Floats, Ints


@dataclass(frozen=True, slots=True)
class Outlook:
    """Who is on duty (`rows`, the columns of the cover), what is expected, and how well they cover it."""

    rows: Ints
    seen: Forecast
    cover: Cover


@dataclass(frozen=True, slots=True)
class Round:
    """Engineers (`columns` of the cover, down) and places (`posts`, cells of the forecast, across).

    `sooner_ms`: how much sooner a report would be answered. The other numbers are those of the policy, the
    terms and the forecast that weigh it; a receipt changes one of them and looks again.
    """

    columns: tuple[int, ...]
    posts: Ints
    sooner_ms: Floats
    travel_ms: Ints
    horizon_min: float
    per_hour: float
    mean_weight: float
    price_per_km: float
    least: float
    ms_per_km: float
    circuity: float

    def saves(self) -> Floats:
        """What each move saves, in weighted minutes.

        While the engineer is on the road half of a move's gain is taken to be there.
        """
        saved: Floats = self._saved(self.sooner_ms, self.travel_ms)
        return saved

    def road_km(self) -> Floats:
        """The road of each move."""
        road: Floats = self._road_km(self.travel_ms)
        return road

    def worth(self) -> Floats:
        """What each move saves less the price of its road, in weighted minutes."""
        worth: Floats = self.saves() - self.price_per_km * self.road_km()
        return worth

    def worth_at(self, line: int, place: int, travel_ms: int) -> float:
        """What one move would be worth with another travel."""
        saved = self._saved(self.sooner_ms[line, place], travel_ms)
        return float(saved - self.price_per_km * self._road_km(travel_ms))

    def _saved(self, sooner_ms: Any, travel_ms: Any) -> Any:
        """Of all moves, or of one: the arithmetic of a number is that of an array's place."""
        served_min = np.maximum(self.horizon_min - travel_ms / (2 * MINUTE_MS), 0.0)
        return sooner_ms / MINUTE_MS * (self.per_hour / 60 * self.mean_weight) * served_min

    def _road_km(self, travel_ms: Any) -> Any:
        return travel_ms / self.ms_per_km * self.circuity

    def best(self) -> tuple[int, int] | None:
        """The move (line, place) that is worth most, of equals the first; None where none pays."""
        worth = self.worth()
        at = self.first_of(worth)
        return at if worth[at] > self.least else None

    def first_of(self, worth: Floats) -> tuple[int, int]:
        """The move that is worth most, of equals the first."""
        return divmod(int(worth.argmax()), len(self.posts))
