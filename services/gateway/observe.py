"""What is told of every request: a structured access line without secrets, and figures for Prometheus."""

from __future__ import annotations

import re
import time
from collections import OrderedDict

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.decisions import Decision
from schemas.exercises import is_exercise_name

log = structlog.get_logger("muster.access")

LATENCY_S = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0)
REMEMBERED_REPORTS = 20_000
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
STREAM_ROUTE = "/v1/assignments/stream"
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")


def traceparent_of(header: str | None) -> str:
    """The W3C trace context of a request, or nothing where it is none (it would be passed on to the log)."""
    return header if header is not None and _TRACEPARENT.match(header) else ""


class Metrics:
    """One registry for one gateway; nothing global."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "muster_gateway_requests_total",
            "Requests by route and status",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "muster_gateway_request_seconds",
            "Time to answer",
            ["method", "route"],
            buckets=LATENCY_S,
            registry=self.registry,
        )
        self.streams = Gauge("muster_gateway_streams", "Open decision streams", registry=self.registry)
        self.streamed = Counter(
            "muster_gateway_streamed_decisions_total", "Decisions sent on streams", registry=self.registry
        )
        self.slow_streams = Counter(
            "muster_gateway_slow_streams_total", "Streams closed for falling behind", registry=self.registry
        )
        self.answers = Counter(
            "muster_gateway_commands_total",
            "Commands by how they were answered",
            ["answer"],
            registry=self.registry,
        )
        self.redis_failures = Counter(
            "muster_gateway_redis_failures_total", "Times Redis did not answer", registry=self.registry
        )
        self.report_to_assignment = Histogram(
            "muster_gateway_report_to_assignment_seconds",
            "From the report's arrival here to its assignment read here, wall time",
            buckets=LATENCY_S,
            registry=self.registry,
        )
        self._reported: OrderedDict[str, float] = OrderedDict()

    def answered(self, scope: Scope, status: int, took_s: float) -> None:
        """A request was answered; labels come from the routes, so that nobody can make them many."""
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in METHODS else "(other)"
        self.requests.labels(method, route, status).inc()
        if route != STREAM_ROUTE:
            self.seconds.labels(method, route).observe(took_s)

    def reported(self, incident_id: str) -> None:
        """A report came in now; one of a drill is not counted."""
        if is_exercise_name(incident_id):
            return
        self._reported.setdefault(incident_id, time.monotonic())
        if len(self._reported) > REMEMBERED_REPORTS:
            self._reported.popitem(last=False)

    def decided(self, decision: Decision) -> None:
        """A decision was read; the first assignment of a report made here ends its measurement."""
        if decision.kind == "assigned" and decision.incident_id is not None:
            began = self._reported.pop(decision.incident_id, None)
            if began is not None:
                self.report_to_assignment.observe(time.monotonic() - began)

    def text(self) -> bytes:
        """The figures in Prometheus' text format."""
        return generate_latest(self.registry)


class AccessLog:
    """ASGI middleware: one line a request, with the path and never the query, a header or a cookie."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and tell how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            took_s = time.monotonic() - began
            self._metrics.answered(scope, status, took_s)
            if scope["path"] not in QUIET:
                identity = scope.get("state", {}).get("identity")
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    took_ms=round(took_s * 1000, 1),
                    subject=getattr(identity, "subject", None),
                    role=getattr(identity, "role", None),
                )
