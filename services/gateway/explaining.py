"""Full receipts on request: derived from the log outside this process, a few at a time, within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError

from schemas.receipts import Explanation, PostingExplanation
from services.gateway.problems import ProblemError
from services.gateway.turns import Turns

Derive = Callable[[tuple[str, ...]], Awaitable[bytes]]
"""The words after `muster explain` to its answer as JSON. Raises NotExplained."""

Told = TypeVar("Told", Explanation, PostingExplanation)
RETRY_AFTER_S = 5


class NotExplained(RuntimeError):
    """The log could not be read, or holds too much; the message says which."""


class Explaining:
    """Lets through one derivation at a time."""

    def __init__(self, derive: Derive | None, within_s: float) -> None:
        self._derive = derive
        self._turns = Turns(within_s, RETRY_AFTER_S)

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
        try:
            async with self._turns.turn() as deadline, asyncio.timeout_at(deadline):
                return await self._derive(words)
        except TimeoutError as error:
            within_s = self._turns.within_s
            detail = f"It takes more than {within_s:.0f} s: use `muster explain {' '.join(words)}`."
            raise ProblemError("not-explained", detail) from error
        except NotExplained as error:
            raise ProblemError("not-explained", str(error)) from error


def _read(parse: Callable[[bytes], Told], told: bytes) -> Told:
    try:
        return parse(told)
    except ValidationError as error:
        raise ProblemError("not-explained", "`muster explain` answered with something else") from error
