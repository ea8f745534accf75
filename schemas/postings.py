"""Why an idle engineer was sent to wait elsewhere: the receipt of a `posted` decision."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Id, Place, Wire
from schemas.receipt_head import ReceiptHead

PostingChange = Literal[
    "road_price_above", "road_price_below", "reports_above", "reports_below", "farther", "nearer"
]


class PostingMove(Wire):
    """An engineer who would wait at `place`: what that saves, and what the road costs, in weighted minutes.

    `saves` is what the reports expected within the policy's horizon would be answered sooner, over what
    everybody's cover answers them already. A move is worth its `saves` less its `road`.
    """

    engineer_id: Id
    place: Place
    travel_time_s: float
    road_km: float
    saves: float
    road: float


class PostingFlip(Wire):
    """The smallest change of one number that would have led to another posting, found by weighing all again.

    The policy's price of a km above or below `amount`, so many reports expected an hour, or `engineer_id` so
    much farther from, or nearer to, the place. Without `then_engineer_id` nobody would be posted.
    """

    change: PostingChange
    amount: float
    unit: Literal["weighted_min_per_km", "per_hour", "s"]
    engineer_id: Id | None = None
    then_engineer_id: Id | None = None
    then_place: Place | None = None


class PostingReceipt(ReceiptHead):
    """The reason of one `posted` decision, computed on the state before it; its id is the decision's.

    `considered` moves were weighed: each engineer who could be posted, to each of the places that wait
    longest. `saves_by_kind` splits the chosen move's `saves` by "product/level". The best move of each other
    engineer and the other places of the one chosen follow, the best first (in full: all up to a limit).
    `stays` counts those on duty who could not be posted, by the first reason.
    """

    horizon_min: float
    reports_per_hour: float
    considered: int = Field(ge=1)
    chosen: PostingMove
    saves_by_kind: dict[str, float] = Field(default={}, max_length=256)
    other_engineers: list[PostingMove] = Field(default=[], max_length=500)
    other_places: list[PostingMove] = Field(default=[], max_length=500)
    stays: dict[str, int] = Field(default={}, max_length=60)
    flips: list[PostingFlip] = Field(default=[], max_length=20)
