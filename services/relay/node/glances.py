"""Small pictures for who looks at many sites at once: sent by the phone only while somebody looks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from schemas.assist_node import Glanced

LOOKED_FOR_S = 5.0
"""So long after the last look the phone is told to stop."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The newest small picture; `tag` changes with its bytes."""

    octets: bytes
    media_type: str
    tag: str


class Glances:
    """Whether somebody looks at one session, and what there is to see; `tell` reaches its phone."""

    def __init__(self, tell: Callable[[Glanced], None], looked_for_s: float = LOOKED_FOR_S) -> None:
        self.newest: Glimpse | None = None
        self._tell, self._looked_for_s = tell, looked_for_s
        self._ending: asyncio.TimerHandle | None = None

    @property
    def wanted(self) -> bool:
        """Whether somebody has looked just now."""
        return self._ending is not None

    def look(self) -> None:
        """Somebody looks: the phone sends pictures until nobody has for a while."""
        before, loop = self._ending, asyncio.get_running_loop()
        self._ending = loop.call_later(self._looked_for_s, self._end)
        if before is None:
            self._tell(Glanced(on=True))
        else:
            before.cancel()

    def take(self, octets: bytes, media_type: str) -> None:
        """The phone's newest picture; it is kept only while somebody looks."""
        if self.wanted:
            self.newest = Glimpse(octets, media_type, hashlib.sha256(octets).hexdigest()[:32])

    def _end(self) -> None:
        self._ending, self.newest = None, None
        self._tell(Glanced(on=False))

    def close(self) -> None:
        """Nobody is told any more."""
        if self._ending is not None:
            self._ending.cancel()
        self._ending, self.newest = None, None
