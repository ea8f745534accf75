"""One timer for everything on a node that waits for milliseconds: gaps, key frames, queues.

Idle, it stands still.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

TICK_S = 0.01


class Ticking(Protocol):
    """Something that is called again until it has nothing to wait for."""

    def tick(self, now: float) -> bool:
        """Do what is due; whether to be called again."""


class Ticker:
    """Calls what is awake each TICK_S, in the running loop."""

    def __init__(self) -> None:
        self._awake: dict[Ticking, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def wake(self, one: Ticking) -> None:
        """Call it from the next tick on."""
        self._awake[one] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def forget(self, one: Ticking) -> None:
        """Never call it again."""
        self._awake.pop(one, None)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now, called = loop.time(), list(self._awake)
        self._timer = loop.call_later(TICK_S, self._tick) if called else None
        for one in called:
            if not one.tick(now):
                self._awake.pop(one, None)

    def close(self) -> None:
        """Stop."""
        self._awake.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
