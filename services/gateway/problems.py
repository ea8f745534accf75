"""Every error that leaves the gateway: RFC 9457 problem details, and the typed errors behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.answers import FieldError, Problem

log = structlog.get_logger(__name__)

TYPE_BASE = "https://muster.invalid/problems/"
MEDIA_TYPE = "application/problem+json"
MAX_FIELDS = 50

KINDS: Mapping[str, tuple[int, str]] = {
    "bad-request": (400, "The request can not be understood"),
    "idempotency-key-missing": (400, "A command needs an Idempotency-Key"),
    "unauthenticated": (401, "Who is asking is not known"),
    "forbidden": (403, "That is not theirs to do"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "That method is not spoken here"),
    "conflict": (409, "The state does not allow it"),
    "stale-epoch": (409, "The assignment has moved on"),
    "plan-outdated": (409, "Another plan stands by now"),
    "rule-broken": (409, "A hard rule forbids it"),
    "off-shift": (409, "Positions of somebody off shift are not taken"),
    "clock-is-wall": (409, "The clock can not be set"),
    "unsupported-media-type": (415, "A body of that kind is not read here"),
    "too-large": (413, "The request is too large"),
    "invalid": (422, "Fields are wrong"),
    "idempotency-key-reused": (422, "The Idempotency-Key belongs to another request"),
    "not-applied": (422, "The event was refused"),
    "too-many-requests": (429, "Too many requests"),
    "too-many-streams": (429, "Too many streams"),
    "internal": (500, "Something broke here"),
    "broker-away": (503, "The broker can not be reached"),
    "redis-away": (503, "The read models can not be reached"),
    "no-node": (503, "No relay node has room"),
    "not-explained": (503, "The log could not be asked in time"),
    "not-forked": (503, "The future could not be played"),
    "not-ready": (503, "Not ready yet"),
}
"""Problem type -> status and title. The type's last word is stable; callers may branch on it."""

_BY_STATUS = {
    400: "bad-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "too-many-requests",
}


class ProblemError(Exception):
    """An expected failure on its way to the user.

    ProblemError
    ├─ BrokerAway     nothing was confirmed: asking again with the same key is safe
    └─ RedisAway      the read models do not answer
    """

    def __init__(
        self, kind: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra

    def body(self, instance: str) -> Problem:
        """The problem details for the request at `instance`."""
        return Problem(
            type=TYPE_BASE + self.kind,
            title=self.title,
            status=self.status,
            detail=self.detail,
            instance=instance,
            **self.extra,
        )


class BrokerAway(ProblemError):
    """The broker did not confirm; nothing counts as accepted."""

    def __init__(
        self, detail: str = "The broker did not confirm in time; send it again with the same key."
    ) -> None:
        super().__init__("broker-away", detail, {"Retry-After": "2"})


class RedisAway(ProblemError):
    """The read models do not answer; commands still work."""

    def __init__(self, detail: str = "Redis does not answer; commands still go through.") -> None:
        super().__init__("redis-away", detail, {"Retry-After": "2"})


def problem_response(error: ProblemError, instance: str) -> Response:
    """The HTTP answer of a problem."""
    content = error.body(instance).model_dump_json(exclude_none=True)
    return Response(content, error.status, error.headers, media_type=MEDIA_TYPE)


def invalid_fields(errors: list[FieldError], detail: str = "") -> ProblemError:
    """A 422 that names each wrong field."""
    said = detail or "; ".join(f"{e.field}: {e.detail}" for e in errors[:3])
    return ProblemError("invalid", said, fields=errors[:MAX_FIELDS])


def from_validation(error: RequestValidationError) -> ProblemError:
    """Pydantic's findings as fields, without what was sent (it may be secret, or no JSON)."""
    found = []
    for one in error.errors():
        where = [str(part) for part in one["loc"]]
        if len(where) > 1 and where[0] in ("body", "query", "path", "header", "cookie"):
            where = where[1:]
        if one["type"] == "json_invalid":
            return ProblemError("bad-request", "The body is no JSON.")
        found.append(FieldError(field=".".join(where), detail=one["msg"].removeprefix("Value error, ")))
    return invalid_fields(found)


def from_status(error: HTTPException) -> ProblemError:
    """Starlette's own refusals (404, 405, ...) as problems."""
    kind = _BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "internal")
    detail = error.detail if error.status_code < 500 else KINDS[kind][1]
    problem = ProblemError(kind, detail, error.headers)
    if error.status_code not in _BY_STATUS and error.status_code < 500:
        problem.status = error.status_code
    return problem


def attach_problems(app: FastAPI) -> None:
    """Make every error of the app a problem; to be called before other middleware is added."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return problem_response(error, request.url.path)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return problem_response(from_validation(error), request.url.path)

    async def on_status(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return problem_response(from_status(error), request.url.path)

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_status)
    app.add_middleware(CrashGuard)


class CrashGuard:
    """ASGI middleware: what nobody expected is written to the log and answered by a 500 without internals.

    Starlette's own handler answers too, but raises on, and the server then cuts the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; once an answer has begun, a crash can only cut it."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            log.error("request_crashed", path=scope["path"], exc_info=error)
            broken = ProblemError("internal", "The fault is written to the log; nothing of it is told here.")
            await problem_response(broken, scope["path"])(scope, receive, send)
