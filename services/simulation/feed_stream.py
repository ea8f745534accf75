"""The decisions as they happen: GET /v1/assignments/stream (SSE), resumed where it broke off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
from pydantic import ValidationError

from schemas.decisions import Decision
from services.simulation.feed_errors import FeedError, GatewayLost, GatewayRefused
from services.simulation.feed_gateway import FIRST_PAUSE_S, LONGEST_PAUSE_S, TRY_AGAIN, GatewayClient, problem

STREAM = "/v1/assignments/stream"
SILENT_S = 45.0
"""A stream without even a comment for so long is dead and is opened again."""


@dataclass
class SseMessage:
    """One server-sent event (WHATWG HTML, section 9.2)."""

    id: str | None
    event: str
    text: str


class SseParser:
    """Lines in, messages out; comments and unknown fields are skipped."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._event = ""
        self._lines: list[str] = []
        self.last_id: str | None = None
        """The id of the last whole message, also of one without text."""

    def feed(self, line: str) -> SseMessage | None:
        """Take one line without its end; return the message that an empty line completes."""
        if line:
            self._field(*_split(line))
            return None
        text, event = "\n".join(self._lines), self._event or "message"
        had_text = bool(self._lines)
        self._lines, self._event = [], ""
        self.last_id = self._id  # only now: a message cut off in the middle has not been seen
        return SseMessage(self._id, event, text) if had_text else None

    def _field(self, name: str, value: str) -> None:
        if name == "data":
            self._lines.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")


class DecisionStream:
    """Every decision once, in each region's order, over any number of connections.

    `opened` is set while a connection stands. A decision that is not above its region's high-water mark
    (offset, n) has been seen before and is dropped.
    """

    def __init__(self, client: GatewayClient) -> None:
        self._client = client
        self._last_id: str | None = None
        self._marks: dict[tuple[str, str], tuple[int, int]] = {}
        self.opened = asyncio.Event()
        self.connections = 0
        self.repeated = 0

    async def decisions(self) -> AsyncIterator[Decision]:
        """Yield decisions until cancelled; raises GatewayRefused, or GatewayLost when patience is over."""
        pause_s, lost_at = FIRST_PAUSE_S, time.monotonic()
        while True:
            try:
                async for decision in self._connection():
                    pause_s = FIRST_PAUSE_S
                    lost_at = time.monotonic()
                    if self._is_new(decision):
                        yield decision
                    else:
                        self.repeated += 1
            except (httpx.TransportError, ConnectionError, _TryAgain) as error:
                if not self.opened.is_set() and time.monotonic() - lost_at > self._client.patience_s:
                    raise GatewayLost(f"GET {STREAM}: {error}") from error
            if self.opened.is_set():
                lost_at = time.monotonic()
            self.opened.clear()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _connection(self) -> AsyncIterator[Decision]:
        headers = {"Accept": "text/event-stream"} | (
            {"Last-Event-ID": self._last_id} if self._last_id else {}
        )
        timeout = httpx.Timeout(SILENT_S, connect=10.0)
        async with self._client.http.stream("GET", STREAM, headers=headers, timeout=timeout) as answer:
            await _check(answer)
            self.connections += 1
            self.opened.set()
            parser = SseParser()
            async for line in _lines(answer):
                message = parser.feed(line)
                if message is not None and (decision := _decision(message)) is not None:
                    yield decision
                self._last_id = parser.last_id or self._last_id

    def _is_new(self, decision: Decision) -> bool:
        where, mark = (decision.log, decision.region), (decision.offset, decision.n)
        if mark <= self._marks.get(where, (-1, -1)):
            return False
        self._marks[where] = mark
        return True


class _TryAgain(Exception):
    """The stream was answered with a status that passes."""


async def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    await answer.aread()
    if answer.status_code in TRY_AGAIN:
        raise _TryAgain(f"it answered {answer.status_code}: {problem(answer)}")
    raise GatewayRefused(f"GET {STREAM}", answer.status_code, problem(answer))


async def _lines(answer: httpx.Response) -> AsyncIterator[str]:
    """Lines as server-sent events know them: httpx's own would also break at U+2028 inside a text."""
    rest = ""
    async for text in answer.aiter_text():
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield line.removesuffix("\r")


def _decision(message: SseMessage) -> Decision | None:
    if message.event not in {"decision", "message"}:
        return None
    try:
        return Decision.model_validate_json(message.text)
    except ValidationError as error:
        raise FeedError(
            f"GET {STREAM}: {message.text[:200]!r} is no decision of this version: {error}"
        ) from error
