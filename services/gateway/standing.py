"""What the gateway keeps of the quieter topics: registry, statistics, dead letters."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime

from schemas.base import Tier, Wire
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.statistics import DeadLetter, RegionKpi

WINDOWS_EACH = 600
LETTERS = 500


class Standing:
    """Regions and engineers as registered, windows by region and tier, the last dead letters."""

    def __init__(self) -> None:
        self.regions: dict[str, RegionDefined] = {}
        self.engineers: dict[str, EngineerRegistered] = {}
        self._windows: dict[tuple[str, Tier], OrderedDict[datetime, RegionKpi]] = {}
        self._letters: deque[DeadLetter] = deque(maxlen=LETTERS)

    def take(self, event: Wire) -> None:
        """Keep what a record of one of these topics says; a later one replaces an earlier."""
        if isinstance(event, RegionDefined):
            self.regions[event.region] = event
        elif isinstance(event, EngineerRegistered):
            self.engineers[event.engineer_id] = event
        elif isinstance(event, RegionKpi):
            windows = self._windows.setdefault((event.region, event.tier), OrderedDict())
            windows[event.window_start] = event
            if len(windows) > WINDOWS_EACH:
                windows.popitem(last=False)
        elif isinstance(event, DeadLetter):
            self._letters.append(event)

    def windows(self, regions: set[str] | None, tiers: set[str] | None, limit: int) -> list[RegionKpi]:
        """The newest `limit` windows of the chosen regions and tiers (None: all), oldest first."""
        found = [
            window
            for (region, tier), windows in self._windows.items()
            if (regions is None or region in regions) and (tiers is None or tier in tiers)
            for window in windows.values()
        ]
        found.sort(key=lambda window: (window.window_start, window.region, window.tier))
        return found[-limit:]

    def letters(self, limit: int) -> list[DeadLetter]:
        """The newest letters, newest first; of each letter its last version."""
        newest: dict[str, DeadLetter] = {}
        for letter in reversed(self._letters):
            newest.setdefault(letter.letter_id, letter)
        return list(newest.values())[:limit]
