"""The door: who asks, whether the route is theirs, and the limits; before anything of the body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from services.gateway.parts import Gateway
from services.gateway.policy import POLICY, Rule
from services.gateway.problems import ProblemError
from services.gateway.tokens import BadToken, Identity

COOKIE = "muster_session"
PAGE_HEADER = "x-muster-request"
MAX_KEY_CHARS = 200
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route that lets in whom the policy table names; one that the table does not know can not be built."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        rules = {POLICY[(method, self.path)] for method in self.methods or ()}
        (self.rule,) = rules

    def get_route_handler(self) -> Handler:
        """The route's handler behind the door."""
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await _admit(request, self.rule)
            return await inner(request)

        return guarded


async def _admit(request: Request, rule: Rule) -> None:
    gateway = gateway_of(request)
    settings = gateway.settings
    if rule.roles is None or (rule.guests and not _shows_a_token(request)):
        request.state.identity = None
        host = request.client.host if request.client else "unknown"
        if request.method in _WRITES:
            gateway.rates.take(f"address {host}", settings.rate_per_s, settings.rate_burst)
    else:
        identity = _identity(request, gateway)
        request.state.identity = identity
        if identity.role == "service":
            gateway.rates.take(identity.subject, settings.service_rate_per_s, settings.service_rate_burst)
        else:
            gateway.rates.take(identity.subject, settings.rate_per_s, settings.rate_burst)
        if identity.role not in rule.roles:
            raise ProblemError("forbidden", f"The role {identity.role} may not do this.")
    if rule.command:
        _require_key(request)
    if request.method in _WRITES:
        await request.body()


def _shows_a_token(request: Request) -> bool:
    return "authorization" in request.headers or COOKIE in request.cookies


def _identity(request: Request, gateway: Gateway) -> Identity:
    header = request.headers.get("authorization")
    cookie = request.cookies.get(COOKIE)
    challenge = {"WWW-Authenticate": 'Bearer realm="muster"'}
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ProblemError("unauthenticated", "Authorization must be: Bearer <token>.", challenge)
        token = token.strip()
    elif cookie:
        token = cookie
        if request.method in _WRITES:
            _require_same_site(request)
    else:
        raise ProblemError("unauthenticated", "A token is needed: Bearer or the login's cookie.", challenge)
    try:
        return gateway.tokens.read(token)
    except BadToken as error:
        raise ProblemError("unauthenticated", f"Sign in again: {error}.", challenge) from error


def _require_same_site(request: Request) -> None:
    """A write by cookie must be one that a foreign page can not send: JSON or the page's own header."""
    json_sent = (
        request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    )
    if not json_sent and PAGE_HEADER not in request.headers:
        raise ProblemError("forbidden", "A write by cookie must be JSON or carry X-Muster-Request.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ProblemError("forbidden", "A write by cookie must come from this site's own pages.")


def _require_key(request: Request) -> None:
    key = request.headers.get("idempotency-key")
    if key is None or not 1 <= len(key) <= MAX_KEY_CHARS:
        raise ProblemError(
            "idempotency-key-missing", f"Send Idempotency-Key with 1 to {MAX_KEY_CHARS} characters."
        )


def gateway_of(request: Request) -> Gateway:
    """The parts that this app was built with."""
    found: Gateway = request.app.state.gateway
    return found


async def caller_of(request: Request) -> Identity:
    """Who asks; the door has read it."""
    found: Identity = request.state.identity
    return found


async def visitor_of(request: Request) -> Identity | None:
    """Who asks on a route that guests may use; None for a guest."""
    found: Identity | None = request.state.identity
    return found


async def parts_of(request: Request) -> Gateway:
    """The same as `gateway_of` for FastAPI, which runs what is not async in a thread: that costs 0.4 ms."""
    return gateway_of(request)


Parts = Annotated[Gateway, Depends(parts_of)]
Caller = Annotated[Identity, Depends(caller_of)]
Visitor = Annotated[Identity | None, Depends(visitor_of)]


def require_region(caller: Identity, region: str) -> None:
    """A 403 problem where the region is none of the caller's."""
    if not caller.sees(region):
        raise ProblemError("forbidden", f"Region {region} is none of yours.")


def require_own_engineer(caller: Identity, engineer_id: str) -> None:
    """A 403 problem where a technician reaches for somebody else."""
    if caller.role == "technician" and caller.subject != engineer_id:
        raise ProblemError("forbidden", "A technician sees and does only what is theirs.")
