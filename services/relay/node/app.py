"""The node's ASGI app: signalling, WHIP, WHEP, stills, joins by ticket, health; across origins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from signal import SIGTERM, raise_signal

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from schemas.assist_api import JoinBody
from services.relay.node import evidence, stills, whip
from services.relay.node.link import StoreAway
from services.relay.node.node import Node
from services.relay.node.problems import TITLES, HttpRefused
from services.relay.node.requests import away_of, body_of, node_of
from services.relay.node.resource import Kind
from services.relay.node.settings import RelaySettings
from services.relay.node.signal import signal
from services.sessions.admission import Admitted, admission
from services.sessions.placement import NoNode, answers, place
from services.sessions.store import UnknownSession
from services.sessions.tokens import BadPartyToken

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
JOIN_BYTES = 16 * 1024
EXPOSED = ["Location", "Link", "ETag", "Accept-Post", "Accept-Patch", "Retry-After"]


def create_app(settings: RelaySettings, build: Callable[[RelaySettings], Node] = Node) -> Starlette:
    """The app of one node; its lease begins with its lifespan."""

    @asynccontextmanager
    async def connected(app: Starlette) -> AsyncIterator[None]:
        node = app.state.node = build(settings)
        running = asyncio.create_task(node.run())
        running.add_done_callback(_stop_with)
        try:
            yield
        finally:
            await node.drain()
            running.cancel()  # before Redis is closed under who listens to it
            await asyncio.gather(running, return_exceptions=True)
            await node.close()

    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"],
        expose_headers=EXPOSED,
        max_age=600,
    )
    return Starlette(
        routes=_routes(),
        lifespan=connected,
        middleware=[cors],
        exception_handlers={HttpRefused: _refused, HTTPException: _by_status},
    )


def _stop_with(running: asyncio.Task[None]) -> None:
    """A node that can not hold its lease or publish any more ends, and is started anew."""
    if not running.cancelled() and running.exception() is not None:
        log.error("relay_crashed", exc_info=running.exception())
        raise_signal(SIGTERM)


def _routes() -> list[Route | WebSocketRoute]:
    session = "/v1/sessions/{session_id}"
    found: list[Route | WebSocketRoute] = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        WebSocketRoute(f"{session}/signal", signal),
        Route(f"{session}/join", join, methods=["POST"]),
        Route(f"{session}/stills/{{still_id}}", stills.put, methods=["PUT"]),
        Route(f"{session}/stills/{{still_id}}", stills.get, methods=["GET"]),
        Route(f"{session}/glance", stills.glance, methods=["GET"]),
    ]
    found += evidence.routes(session)
    kinds: tuple[Kind, Kind] = ("whip", "whep")
    for kind in kinds:
        resource = f"{session}/{kind}/{{resource}}"
        found += [
            Route(f"{session}/{kind}", partial(whip.create, kind=kind), methods=["POST"]),
            Route(f"{session}/{kind}", partial(_described, kind=kind), methods=["OPTIONS"]),
            Route(resource, partial(whip.trickle, kind=kind), methods=["PATCH"]),
            Route(resource, partial(whip.delete, kind=kind), methods=["DELETE"]),
        ]
    return found


async def _described(_request: Request, kind: Kind) -> Response:
    return whip.described(kind)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpRefused)
    return error.response(request.url.path)


async def _by_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code if error.status_code in TITLES else 400
    kind = {404: "not-found", 405: "method-not-allowed"}.get(status, "bad-request")
    return HttpRefused(status, kind, str(error.detail), error.headers).response(request.url.path)


async def healthz(request: Request) -> Response:
    """Whether this process lives, and under which name: a gateway asks before it believes a client."""
    return JSONResponse({"status": "ok", "node": node_of(request).name})


async def readyz(request: Request) -> Response:
    """Whether sessions are placed here: the lease runs and the node does not stop."""
    ready = node_of(request).holds_lease
    return JSONResponse({"status": "ready" if ready else "unready"}, 200 if ready else 503)


async def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    node, registry = node_of(request), CollectorRegistry()
    Gauge("muster_relay_sessions", "Sessions that live here", registry=registry).set(len(node.live))
    Gauge("muster_relay_clients", "Clients and media resources", registry=registry).set(node.load)
    Gauge("muster_relay_peers", "Media peers", registry=registry).set(node.endpoint.peers)
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


async def join(request: Request) -> Response:
    """By ticket: where the session lives, answered by any node."""
    node, session_id = node_of(request), request.path_params["session_id"]
    try:
        body = JoinBody.model_validate_json(await body_of(request, JOIN_BYTES))
        party = node.tokens.read_ticket(body.ticket or "", session_id)
        placed = await place(node.store, node.registry, session_id, body.lost_node, answers)
    except ValidationError as error:
        raise HttpRefused(422, "invalid", "Send {ticket, lost_node?}.") from error
    except BadPartyToken as bad:
        raise HttpRefused(403, "forbidden", f"The ticket opens nothing: {bad}.") from bad
    except UnknownSession as unknown:
        raise HttpRefused(404, "not-found", str(unknown)) from unknown
    except NoNode as full:
        raise HttpRefused(503, "no-node", str(full), {"Retry-After": "1"}) from full
    except StoreAway as away:
        raise away_of(away) from away
    host = request.url.hostname or ""
    admitted = Admitted(session_id, party.subject, party.role)
    joined = admission(node.tokens, node.settings, placed, admitted, host)
    return Response(joined.model_dump_json(exclude_none=True), media_type="application/json")
