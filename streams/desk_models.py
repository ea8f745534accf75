"""The desk's read models: what a region's fold knows of lending, and once a minute how the region stands."""

from __future__ import annotations

from services.dispatch.desk_views import region_desk
from services.dispatch.fold import PartitionFold
from services.dispatch.load import region_load
from services.dispatch.moments import minutes_ms, to_ms

LOAD_EVERY_MS = minutes_ms(1)


class DeskModels:
    """Two texts of each region; a load costs more than the rest, and is written once a minute of the log."""

    def __init__(self) -> None:
        self._written: dict[tuple[str | None, str], int] = {}

    def texts(self, fold: PartitionFold, region: str, *, whole: bool) -> list[str]:
        """RegionDesk, then RegionLoad ('' where the one that was written is young enough), as JSON."""
        state, now = fold.regions[region], _now(fold)
        load = ""
        if whole or self._written.get((fold.log, region)) != now // LOAD_EVERY_MS:
            load = region_load(state, fold.log or "log", fold.next_offset - 1, now).model_dump_json()
        return [region_desk(state, now).model_dump_json(exclude_none=True), load]

    def applied(self, fold: PartitionFold, region: str) -> None:
        """Redis has them."""
        self._written[fold.log, region] = _now(fold) // LOAD_EVERY_MS


def _now(fold: PartitionFold) -> int:
    return 0 if fold.now is None else to_ms(fold.now)
