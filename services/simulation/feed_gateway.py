"""The feed's way to the gateway: keep-alive HTTP, bounded, retried under the same Idempotency-Key."""

from __future__ import annotations

import asyncio
import random
import time
from types import TracebackType
from typing import Any, Self

import httpx

from services.simulation.feed_errors import FeedMistake, GatewayLost, GatewayRefused

CONNECTIONS = 32
REQUEST_WITHIN_S = 15.0
LAST_PORT = 65_535
PATIENCE_S = 300.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 3.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class GatewayClient:
    """One gateway and one token; an async context manager.

    `send` returns only when the gateway has answered for good: connection loss, 429 and 5xx are tried again
    with the same key, so nothing is lost and nothing is done twice while a gateway restarts.
    """

    def __init__(self, url: str, token: str, *, patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self.retries = 0
        self._slots = asyncio.Semaphore(CONNECTIONS)
        try:
            # `verify` is off for this machine's own self-made certificate alone.
            self.http = httpx.AsyncClient(
                base_url=url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=httpx.Timeout(REQUEST_WITHIN_S),
                limits=httpx.Limits(max_connections=CONNECTIONS + 4, max_keepalive_connections=CONNECTIONS),
                verify=httpx.URL(url).host not in {"127.0.0.1", "localhost", "::1"},
                trust_env=False,
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise FeedMistake(f"--gateway {url!r} is no address: {error}") from error
        base = self.http.base_url
        if base.scheme not in {"http", "https"} or not base.host or (base.port or 80) > LAST_PORT:
            raise FeedMistake(
                f"--gateway {url!r} is no address: it starts with http:// or https:// and names a host"
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def send(
        self, method: str, path: str, body: Any = None, key: str = "", *, prefer: str = ""
    ) -> httpx.Response:
        """Send one request until it is answered; raises GatewayRefused (4xx) or GatewayLost (patience over).

        `prefer` is the header of RFC 7240: `respond-async` does not wait for the fold.
        """
        headers = {name: value for name, value in (("Idempotency-Key", key), ("Prefer", prefer)) if value}
        deadline = time.monotonic() + self.patience_s
        pause_s = FIRST_PAUSE_S
        while True:
            async with self._slots:
                answer, why = await self._once(method, path, body, headers)
            if answer is not None and answer.status_code not in TRY_AGAIN:
                return _accepted(f"{method} {path}", answer)
            if time.monotonic() + pause_s > deadline:
                raise GatewayLost(
                    f"{method} {path}: no answer from {self.http.base_url} for {self.patience_s:g} s: {why}"
                )
            self.retries += 1
            await asyncio.sleep(max(_asked_to_wait_s(answer), pause_s * random.uniform(0.5, 1.0)))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _once(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[httpx.Response | None, str]:
        try:
            answer = await self.http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            return None, str(error) or type(error).__name__
        return answer, f"it answered {answer.status_code}: {problem(answer)}"


def _asked_to_wait_s(answer: httpx.Response | None) -> float:
    """Seconds that a Retry-After header asks for, at most 3: the feed's clock goes on meanwhile."""
    try:
        return (
            min(float(answer.headers.get("Retry-After", 0)), LONGEST_PAUSE_S) if answer is not None else 0.0
        )
    except ValueError:
        return 0.0


def _accepted(what: str, answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise GatewayRefused(what, answer.status_code, problem(answer))


def problem(answer: httpx.Response) -> str:
    """The sentence of an RFC 9457 problem, or the start of whatever came instead."""
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:200] or "(no text)"
    if not isinstance(body, dict):
        return str(body)[:200]
    return str(body.get("detail") or body.get("title") or body)[:500]
