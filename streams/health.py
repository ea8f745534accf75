"""What a worker answers to the machines that watch it: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import CollectorRegistry, generate_latest

STUCK_AFTER_S = 10.0
"""A loop that has not turned for so long does not come back by itself."""
BEAT_EVERY_S = 0.5
REQUEST_WITHIN_S = 5.0

Start = Callable[[str, list[tuple[str, str]]], Any]


class Vitals:
    """Set by the worker's loop, read by the thread that answers."""

    def __init__(self, missing: str) -> None:
        self._beat_at = time.monotonic()
        self.missing = missing
        """What the worker still waits for; empty where it does all of its work."""

    async def keep_beating(self) -> None:
        """Show that the loop turns, until cancelled."""
        while True:
            self._beat_at = time.monotonic()
            await asyncio.sleep(BEAT_EVERY_S)

    @property
    def stuck_s(self) -> float:
        """Since when the loop has not turned, where that is too long; else 0."""
        since_s = time.monotonic() - self._beat_at
        return since_s if since_s > STUCK_AFTER_S else 0.0


class HealthApp:
    """WSGI, without a token as everywhere: it tells counts and states, nothing of anybody."""

    def __init__(self, vitals: Vitals, registry: CollectorRegistry) -> None:
        self._vitals = vitals
        self._registry = registry

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request."""
        path, stuck_s, missing = environ.get("PATH_INFO"), self._vitals.stuck_s, self._vitals.missing
        if path == "/metrics":
            start("200 OK", [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])
            return [generate_latest(self._registry)]
        if path == "/healthz":
            return _json(start, "stuck" if stuck_s else "ok", f"for {stuck_s:.0f} s" if stuck_s else "")
        if path == "/readyz":
            why = "the loop is stuck" if stuck_s else missing
            return _json(start, "unready" if why else "ready", why)
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"here are /healthz, /readyz and /metrics\n"]


def _json(start: Start, status: str, why: str) -> Iterable[bytes]:
    well = status in {"ok", "ready"}
    start("200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")])
    return [orjson.dumps({"status": status, **({"why": why} if why else {})})]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = REQUEST_WITHIN_S

    def log_message(self, *_: Any) -> None:
        """A probe each second is no news."""


def serve_health(app: HealthApp, host: str, port: int) -> None:
    """Answer from a thread, so that a stuck loop is told of too; port 0 opens none. Raises OSError."""
    if port:
        server = make_server(host, port, app, server_class=_Server, handler_class=_Quiet)
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
