"""Forks on request: played outside this process, one at a time, within a time, ended with who asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from schemas.whatif import ForkReport, WhatIfBody
from services.gateway.problems import ProblemError
from services.gateway.turns import Turns

Play = Callable[[WhatIfBody], AsyncGenerator[ForkReport]]
"""A question to its reports, each replacing the one before. Raises NotForked."""

RETRY_AFTER_S = 10


class NotForked(RuntimeError):
    """The log could not be read, or what was asked for can not be forked; the message says which."""


class Forking:
    """Lets through one fork at a time."""

    def __init__(self, play: Play | None, within_s: float) -> None:
        self._play = play
        self._turns = Turns(within_s, RETRY_AFTER_S)

    async def reports(self, body: WhatIfBody) -> AsyncGenerator[ForkReport]:
        """The reports as they come; a problem where none does. Close it to end the fork."""
        if self._play is None:
            raise ProblemError("not-forked", "This gateway has no way to the log: use `muster whatif`.")
        try:
            async with self._turns.turn() as deadline, aclosing(self._play(body)) as told:
                # Each report under its own timeout: another task may ask for the next one.
                while (report := await _next_until(deadline, told)) is not None:
                    yield report
        except TimeoutError as error:
            within_s = self._turns.within_s
            detail = f"It takes more than {within_s:.0f} s: ask for fewer futures, or use `muster whatif`."
            raise ProblemError("not-forked", detail) from error
        except NotForked as error:
            raise ProblemError("not-forked", str(error)) from error


async def _next_until(deadline: float, told: AsyncGenerator[ForkReport]) -> ForkReport | None:
    async with asyncio.timeout_at(deadline):
        return await anext(told, None)
