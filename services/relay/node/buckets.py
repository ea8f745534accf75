"""Rates and strikes of one client: how much it may say, and when its patience with us ends ours."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_STRIKES = 100
"""Refused messages of one connection before it is closed; each good one pays one back."""


@dataclass(slots=True)
class Bucket:
    """A token bucket; `now` is any clock in seconds that does not step back."""

    rate_per_s: float
    burst: int
    tokens: float = field(init=False)
    filled_at: float | None = None

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def take(self, now: float) -> bool:
        """Whether one more is within the rate."""
        since_s = 0.0 if self.filled_at is None else now - self.filled_at
        self.tokens = min(float(self.burst), self.tokens + since_s * self.rate_per_s)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Strikes:
    """Counts what had to be refused as malformed, too large or too much."""

    count: int = 0

    def add(self) -> bool:
        """One more; whether the client is to be closed."""
        self.count += 1
        return self.count >= MAX_STRIKES

    def forgive(self) -> None:
        """A good message."""
        self.count = max(0, self.count - 1)
