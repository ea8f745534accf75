"""Limits: a bounded body, a rate for each token, a number of streams."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.problems import ProblemError, problem_response

MAX_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Rates:
    """A token bucket for each subject; the oldest is forgotten beyond 10,000 (a full one loses nothing)."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, who: str, rate_per_s: float, burst: int) -> None:
        """Count one request of `who`; a 429 problem with Retry-After where it is one too many."""
        now = self._monotonic()
        bucket = self._buckets.pop(who, None) or _Bucket(float(burst), now)
        bucket.tokens = min(float(burst), bucket.tokens + (now - bucket.filled_at) * rate_per_s)
        bucket.filled_at = now
        self._buckets[who] = bucket
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            wait_s = max(1, round((1 - bucket.tokens) / rate_per_s))
            raise ProblemError(
                "too-many-requests",
                f"More than {rate_per_s:g} requests a second.",
                {"Retry-After": str(wait_s)},
            )
        bucket.tokens -= 1


class StreamSlots:
    """How many streams are open, in all and by subject."""

    def __init__(self, in_all: int) -> None:
        self._in_all = in_all
        self._open: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """Streams that are open now."""
        return self._open.total()

    @contextmanager
    def hold(self, subject: str, limit: int) -> Iterator[None]:
        """Hold one slot while a stream is open; a 429 problem where none is left."""
        if self._open[subject] >= limit or self.total >= self._in_all:
            raise ProblemError("too-many-streams", "Close another stream first.", {"Retry-After": "5"})
        self._open[subject] += 1
        try:
            yield
        finally:
            self._open[subject] -= 1
            if self._open[subject] <= 0:
                del self._open[subject]


class BodyLimit:
    """ASGI middleware: a body above the limit is refused, by its announced length or once it has come."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its bytes counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = ProblemError("too-large", f"A body may have {self._limit_bytes} bytes.")
        if not announced.isdigit() or int(announced) > self._limit_bytes:
            await problem_response(too_large, scope["path"])(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit_bytes:
                raise too_large
            return message

        await self._app(scope, counted, send)
