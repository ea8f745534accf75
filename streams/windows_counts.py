"""Counting decisions into windows of the log's time: one row a region, tier and window. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from schemas.base import Id, Moment
from schemas.cloudevents import Envelope
from schemas.decisions import Decision, DecisionKind
from schemas.statistics import RegionKpi

WINDOW_S = 600
"""One point of the board's curves: ten minutes of the log's time, ten seconds of a storm played at 60 x."""
KEPT_S = 48 * 3600
"""How long a window is kept after its region's newest one, in the log's time."""

COUNTED: Mapping[DecisionKind, str] = MappingProxyType(
    {"queued": "reported", "assigned": "assigned", "restored": "restored", "promise_broken": "late"}
)
"""Decision kind -> the field of RegionKpi that it raises; every other kind is read and left."""


class WindowRow(RegionKpi):
    """What the table holds of one window: its counts, and the last decision that they contain."""

    log: Id
    offset: int
    n: int
    counted_at: Moment

    @property
    def position(self) -> tuple[int, int]:
        """Where the last counted decision stands in its log."""
        return self.offset, self.n

    @property
    def kpi(self) -> RegionKpi:
        """The row as it goes to the board."""
        return RegionKpi.model_validate(self.model_dump(include=set(RegionKpi.model_fields)))


def row_key(decision: Decision) -> str:
    """The table's key: region and tier."""
    return f"{decision.region}/{decision.tier}"


def window_of(moment: datetime) -> tuple[float, float]:
    """Start and end (POSIX seconds) of the window that a moment of the log falls into."""
    start = moment.timestamp() // WINDOW_S * WINDOW_S
    return start, start + WINDOW_S


def is_counted(decision: Decision) -> bool:
    """Whether a decision of this kind raises a count."""
    return decision.kind in COUNTED and decision.tier is not None and decision.swarm_of is None


def counted(row: WindowRow | None, decision: Decision) -> WindowRow | None:
    """The window's row with this decision in it; None where the row holds it already.

    Decisions of a region come in the order (offset, n), and may come again after a crash: what is not above
    the row's position was counted. Another log starts its own positions.
    """
    if row is not None and row.log == decision.log and (decision.offset, decision.n) <= row.position:
        return None
    field = COUNTED[decision.kind]
    before = row.model_dump() if row is not None else _empty(decision)
    position = {"log": decision.log, "offset": decision.offset, "n": decision.n}
    count = {field: before.get(field, 0) + 1, "counted_at": decision.decided_at}
    return WindowRow.model_validate({**before, **position, **count})


def _empty(decision: Decision) -> dict[str, Any]:
    start, end = (datetime.fromtimestamp(edge, UTC) for edge in window_of(decision.decided_at))
    return {"region": decision.region, "tier": decision.tier, "window_start": start, "window_end": end}


def kpi_envelope(row: WindowRow) -> Envelope:
    """The row as an event: its id names the last decision in it, so the same count is the same event."""
    start = int(row.window_start.timestamp())
    return Envelope(
        id=f"{row.log}/{row.region}/{row.tier}/{start}/{row.offset}/{row.n}",
        source="muster/windows",
        event=row.kpi,
        time=row.counted_at,
        partitionkey=row.region,
    )
