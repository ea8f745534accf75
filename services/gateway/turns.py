"""Turns for what runs outside this process on request: one at a time, few waiting, each within a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.gateway.problems import ProblemError

AT_ONCE = 1
MOST_WAITING = 4


class Turns:
    """What is decided now comes first: reading a log again, or playing futures, must not slow it down."""

    def __init__(self, within_s: float, retry_after_s: int) -> None:
        self.within_s = within_s
        self._retry_after_s = retry_after_s
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait for one's turn; gives the loop's time by which all must be done.

        A problem where too many wait already; TimeoutError where the turn does not come in time.
        """
        if self._asked >= AT_ONCE + MOST_WAITING:
            again = {"Retry-After": str(self._retry_after_s)}
            raise ProblemError("too-many-requests", "Others are asking too: try again.", again)
        self._asked += 1
        deadline = asyncio.get_running_loop().time() + self.within_s
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
            try:
                yield deadline
            finally:
                self._slots.release()
        finally:
            self._asked -= 1
