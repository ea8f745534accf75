"""Why somebody was posted: every move that was weighed, who had to stay, and what would have changed it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from schemas.base import Place
from schemas.decisions import decision_id
from schemas.postings import PostingMove, PostingReceipt
from services.dispatch.cover import travel_to_cells
from services.dispatch.eligibility import limits_of
from services.dispatch.moments import MINUTE_MS, minutes_ms, to_moment
from services.dispatch.moves import Outlook, Round
from services.dispatch.posting_flips import flips_of
from services.dispatch.travel import TRAVEL_VERSION
from services.dispatch.warm import IDLE, JOINING

if TYPE_CHECKING:
    from services.dispatch.turn import Turn

DIGITS = 3


def explain(turn: Turn, outlook: Outlook, weighed: Round, best: tuple[int, int]) -> None:
    """Keep the receipt of the turn's next decision: the best of the moves weighed."""
    told = _Told(turn, outlook, weighed)
    line, place = best
    who = told.engineer(line)
    if turn.detail is None or not turn.detail.tells_posting_of(who):
        return
    most = turn.detail.rejected
    n = len(turn.decisions)
    turn.postings.append(
        PostingReceipt(
            id=decision_id(turn.log, turn.region.region, turn.offset, n),
            log=turn.log,
            region=turn.region.region,
            offset=turn.offset,
            n=n,
            decided_at=to_moment(turn.now),
            policy=turn.policy.name,
            policy_version=turn.policy.version,
            travel_version=TRAVEL_VERSION,
            horizon_min=weighed.horizon_min,
            reports_per_hour=round(weighed.per_hour, DIGITS),
            considered=weighed.travel_ms.size,
            chosen=told.move(line, place),
            saves_by_kind=told.saves_by_kind(line, place),
            other_engineers=[told.move(*move) for move in told.other_engineers(line)[:most]],
            other_places=[told.move(*move) for move in told.other_places(line, place)[:most]],
            stays=told.stays(),
            flips=flips_of(weighed, best, told.engineer, told.place, turn.detail.flips),
        )
    )


class _Told:
    """Lines and columns of a round as engineers and places."""

    def __init__(self, turn: Turn, outlook: Outlook, weighed: Round) -> None:
        self._turn, self._outlook, self._weighed = turn, outlook, weighed
        self._worth = weighed.worth()

    def engineer(self, line: int) -> str:
        """Whose line it is."""
        row = int(self._outlook.rows[self._weighed.columns[line]])
        return self._turn.region.by_row[row].engineer_id

    def place(self, place: int) -> Place:
        """The middle of a cell's reports."""
        lat, lon = self._outlook.seen.degrees[int(self._weighed.posts[place])]
        return Place(lat=lat, lon=lon)

    def move(self, line: int, place: int) -> PostingMove:
        """One of the moves."""
        weighed = self._weighed
        road_km = float(weighed.road_km()[line, place])
        return PostingMove(
            engineer_id=self.engineer(line),
            place=self.place(place),
            travel_time_s=int(weighed.travel_ms[line, place]) / 1000,
            road_km=round(road_km, DIGITS),
            saves=round(float(weighed.saves()[line, place]), DIGITS),
            road=round(weighed.price_per_km * road_km, DIGITS),
        )

    def other_engineers(self, line: int) -> list[tuple[int, int]]:
        """The best move of everybody else who could be posted, the best first."""
        best = self._worth.argmax(axis=1).tolist()
        others = [other for other in range(len(best)) if other != line]
        others.sort(key=lambda other: (-self._worth[other, best[other]], other))
        return [(other, best[other]) for other in others]

    def other_places(self, line: int, place: int) -> list[tuple[int, int]]:
        """Everywhere else for whoever was posted, the best first."""
        order = np.argsort(-self._worth[line], kind="stable").tolist()
        return [(line, other) for other in order if other != place]

    def saves_by_kind(self, line: int, place: int) -> dict[str, float]:
        """What the move saves, by product and level; what it does not touch is left out."""
        weighed, outlook = self._weighed, self._outlook
        cell = outlook.seen.places[:, [int(weighed.posts[place])]]
        soon = travel_to_cells(self._turn.region, outlook.seen, cell)[:, 0]
        sooner = outlook.cover.gains_by_kind_ms(weighed.columns[line], soon)
        served_min = max(0.0, weighed.horizon_min - int(weighed.travel_ms[line, place]) / (2 * MINUTE_MS))
        per_ms = served_min * weighed.per_hour / 60 * weighed.mean_weight / MINUTE_MS
        told = {kind: round(ms * per_ms, DIGITS) for kind, ms in sooner.items()}
        return {kind: saved for kind, saved in told.items() if saved}

    def stays(self) -> dict[str, int]:
        """Who is on duty and could not be posted, counted by the first reason."""
        free = set(self._weighed.columns)
        rows = self._outlook.rows.tolist()
        return dict(sorted(Counter(self._why(row) for n, row in enumerate(rows) if n not in free).items()))

    def _why(self, row: int) -> str:
        region, now = self._turn.region, self._turn.now
        engineers = region.warm.engineers
        if engineers.standing[row] not in (IDLE, JOINING):
            return "has_work"
        until = now + minutes_ms(self._turn.policy.posting_horizon_min)
        if engineers.standing[row] == IDLE and engineers.leg_to[row] <= now:
            if engineers.pins[row]:
                return "pinned"
            limits = limits_of(region, region.by_row[row])
            if (rule := next((rule for rule, at in limits.items() if at <= until), None)) is not None:
                return rule
        return "on_the_road"  # also whoever this event has just posted
