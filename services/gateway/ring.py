"""The newest decisions, once each, in a bounded ring that streams read with cursors of their own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from schemas.decisions import Decision
from schemas.topics import REGION_PARTITIONS


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision at its place in `assignments`, with its JSON as it was published."""

    partition: int
    at: int
    decision: Decision
    tag: str
    json: bytes


class Ring:
    """Entries by a running index; what falls out is read from the broker again by who needs it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: deque[Entry] = deque()
        self.news = asyncio.Event()
        """Set at the next announcement; take it before looking, then wait for it, and none is missed."""
        self.first = 0
        self.covered_from = dict.fromkeys(range(REGION_PARTITIONS), 0)
        """Partition -> offset from which on every decision is here (or was a repeat)."""

    @property
    def end(self) -> int:
        """The index that the next entry will have."""
        return self.first + len(self._entries)

    def append(self, entry: Entry) -> None:
        """Add the newest; the oldest falls out beyond the size."""
        self._entries.append(entry)
        if len(self._entries) > self._size:
            oldest = self._entries.popleft()
            self.first += 1
            self.covered_from[oldest.partition] = oldest.at + 1

    def start_at(self, partition: int, offset: int) -> None:
        """Reading of the partition begins at `offset`: nothing older is here."""
        self.covered_from[partition] = offset

    def drop_partition(self, partition: int) -> None:
        """Another log lies in the partition: what is here of it belongs to nobody's cursor any more."""
        self.covered_from[partition] = 0

    def since(self, index: int, limit: int) -> list[Entry]:
        """Up to `limit` entries from `index` on; LookupError where they have fallen out."""
        if index < self.first:
            raise LookupError(f"index {index} has fallen out")
        start = index - self.first
        if start + limit < len(self._entries) or start == 0:
            return list(islice(self._entries, start, start + limit))
        newest = list(islice(reversed(self._entries), len(self._entries) - start))
        newest.reverse()
        return newest[:limit]

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def announce(self) -> None:
        """Wake everybody who waits for news."""
        news, self.news = self.news, asyncio.Event()
        news.set()
