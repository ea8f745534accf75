"""Commands that wait for the fold's answer, and the newest answers for those who ask again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from schemas.decisions import Decision
from schemas.statistics import DeadLetter

REMEMBERED = 20_000


@dataclass(slots=True)
class Answer:
    """What came of one event: the fold's decisions about it, or triage's letter that refused it."""

    decisions: list[Decision] = field(default_factory=list)
    letter: DeadLetter | None = None


class Answers:
    """Event id -> answer. Filled by the tail; bounded; asked by commands before and after they publish."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._known: OrderedDict[str, Answer] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[Answer]]] = {}
        self._touched: set[str] = set()

    def decided(self, decision: Decision) -> None:
        """A decision was read; whoever waits is told at the end of the batch."""
        self._entry(decision.caused_by).decisions.append(decision)

    def refused(self, event_id: str, letter: DeadLetter) -> None:
        """Triage could not take the event in."""
        self._entry(event_id).letter = letter

    def _entry(self, event_id: str) -> Answer:
        answer = self._known.get(event_id)
        if answer is None:
            answer = self._known[event_id] = Answer()
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        if event_id in self._waiting:
            self._touched.add(event_id)
        return answer

    def announce(self) -> None:
        """The batch is read: hand the answers over, each with all that was decided about its event."""
        for event_id in self._touched:
            answer = self._known.get(event_id)
            for waiting in self._waiting.get(event_id, []):
                if answer is not None and not waiting.done():
                    waiting.set_result(answer)
        self._touched.clear()

    def known(self, event_id: str) -> Answer | None:
        """The answer, where it was read lately."""
        return self._known.get(event_id)

    @contextmanager
    def expect_all(self, event_ids: Sequence[str]) -> Iterator[dict[str, asyncio.Future[Answer]]]:
        """A future for each event's answer; enter this before publishing, so that no answer is missed."""
        loop = asyncio.get_running_loop()
        futures: dict[str, asyncio.Future[Answer]] = {
            event_id: loop.create_future() for event_id in event_ids
        }
        for event_id, future in futures.items():
            self._waiting.setdefault(event_id, []).append(future)
            if (answer := self._known.get(event_id)) is not None:
                future.set_result(answer)
        try:
            yield futures
        finally:
            for event_id, future in futures.items():
                waiting = self._waiting[event_id]
                waiting.remove(future)
                if not waiting:
                    del self._waiting[event_id]
                future.cancel()
