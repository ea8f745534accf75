"""A slow viewer's queue: packets leave at the rate of its link, and where the queue is full it says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import Generic, TypeVar

Entry = TypeVar("Entry")

QUEUE_S = 0.4
QUEUE_LEAST_BITS = 96_000
"""A key frame fits at any rate: thrown away, the next one would be as large."""
QUEUE_PACKETS = 256
BURST_S = 0.02


class Verdict(Enum):
    """What happens to a packet."""

    SEND = 1
    HELD = 2
    FULL = 3


class Pacer(Generic[Entry]):
    """A token bucket with a bounded queue. Without a rate everything is sent at once. Times in seconds."""

    def __init__(self) -> None:
        self.rate_bps: int | None = None
        self._queue: deque[tuple[Entry, int]] = deque()
        self._queued_bits = 0
        self._credit_bits = 0.0
        self._at = 0.0

    def __len__(self) -> int:
        return len(self._queue)

    def limit(self, rate_bps: int | None, now: float) -> None:
        """From now on this rate; what is queued leaves at it."""
        self._refill(now)
        self.rate_bps = rate_bps

    def _refill(self, now: float) -> None:
        rate = self.rate_bps or 0
        self._credit_bits = min(rate * BURST_S, self._credit_bits + (now - self._at) * rate)
        self._at = now

    def offer(self, entry: Entry, octets: int, now: float) -> Verdict:
        """Send now, hold in the queue, or refuse because it is full."""
        if self.rate_bps is None and not self._queue:
            return Verdict.SEND
        self._refill(now)
        bits = octets * 8
        if not self._queue and self._credit_bits > 0:
            self._credit_bits -= bits
            return Verdict.SEND
        allowed = max(QUEUE_LEAST_BITS, (self.rate_bps or 1 << 40) * QUEUE_S)
        if len(self._queue) >= QUEUE_PACKETS or self._queued_bits + bits > max(allowed, bits):
            return Verdict.FULL
        self._queue.append((entry, bits))
        self._queued_bits += bits
        return Verdict.HELD

    def due(self, now: float) -> Iterator[Entry]:
        """What may leave now, in order."""
        self._refill(now)
        while self._queue and (self.rate_bps is None or self._credit_bits > 0):
            entry, bits = self._queue.popleft()
            self._queued_bits -= bits
            self._credit_bits -= bits
            yield entry

    def clear(self) -> None:
        """Throw the queue away."""
        self._queue.clear()
        self._queued_bits = 0
