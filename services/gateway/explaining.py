"""Full receipts on request: derived from the log outside this process, a few at a time, within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError

from schemas.receipts import Explanation, PostingExplanation
from services.gateway.problems import ProblemError

Derive = Callable[[tuple[str, ...]], Awaitable[bytes]]
"""The words after `muster explain` to its answer as JSON. Raises NotExplained."""

Told = TypeVar("Told", Explanation, PostingExplanation)
AT_ONCE = 1
MOST_WAITING = 4


class NotExplained(RuntimeError):
    """The log could not be read, or holds too much; the message says which."""


class Explaining:
    """Lets through one derivation at a time; folding a log again must not slow down what is decided now."""

    def __init__(self, derive: Derive | None, within_s: float) -> None:
        self._derive = derive
        self._within_s = within_s
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    async def explain(self, incident_id: str, region: str) -> Explanation:
        """Every decision about an incident; a problem where it takes too long, or too many have asked."""
        told = await self._ask(incident_id, "--region", region)
        return _read(Explanation.model_validate_json, told)

    async def explain_postings(self, engineer_id: str, region: str) -> PostingExplanation:
        """An engineer's last postings; a problem where it takes too long, or too many have asked."""
        told = await self._ask("--engineer", engineer_id, "--region", region)
        return _read(PostingExplanation.model_validate_json, told)

    async def _ask(self, *words: str) -> bytes:
        if self._derive is None:
            raise ProblemError("not-explained", "This gateway has no way to the log: use `muster explain`.")
        if self._asked >= AT_ONCE + MOST_WAITING:
            raise ProblemError("too-many-requests", "Others are asking too: try again.", {"Retry-After": "5"})
        self._asked += 1
        try:
            async with self._slots, asyncio.timeout(self._within_s):
                return await self._derive(words)
        except TimeoutError as error:
            detail = f"It takes more than {self._within_s:.0f} s: use `muster explain {' '.join(words)}`."
            raise ProblemError("not-explained", detail) from error
        except NotExplained as error:
            raise ProblemError("not-explained", str(error)) from error
        finally:
            self._asked -= 1


def _read(parse: Callable[[bytes], Told], told: bytes) -> Told:
    try:
        return parse(told)
    except ValidationError as error:
        raise ProblemError("not-explained", "`muster explain` answered with something else") from error
