"""The ASGI app: routes, problems, limits, headers; built from its settings, connected by its lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response

from services.gateway.access import GuardedRoute, Parts
from services.gateway.console_files import ConsoleFiles, SecurityHeaders
from services.gateway.limits import BodyLimit
from services.gateway.observe import AccessLog
from services.gateway.openapi import describe
from services.gateway.parts import Gateway, build_gateway
from services.gateway.problems import attach_problems
from services.gateway.routes import (
    alerts,
    assist,
    board,
    causes,
    control,
    disasters,
    engineers,
    exercises,
    health,
    incidents,
    lending,
    phones,
    proposals,
    receipts,
    regions,
    session,
    session_lists,
    streams,
    whatif,
)
from services.gateway.settings import GatewaySettings

ROUTERS = (
    health.router,
    session.router,
    regions.router,
    engineers.router,
    incidents.router,
    control.router,
    disasters.router,
    causes.router,
    exercises.router,
    alerts.router,
    receipts.router,
    phones.router,
    streams.router,
    whatif.router,
    lending.router,
    proposals.router,
    board.router,
    session_lists.router,
    assist.router,
)


def create_app(
    settings: GatewaySettings, build: Callable[[GatewaySettings], Gateway] = build_gateway
) -> FastAPI:
    """The gateway's app. WeakSecret where the secret signs nothing; KeyError for a route without policy."""
    gateway = build(settings)

    @asynccontextmanager
    async def connected(_app: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(gateway.run())
        try:
            yield
        finally:
            gateway.streams.stop()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await gateway.close()

    app = FastAPI(lifespan=connected, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.gateway = gateway
    attach_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(_description_router(app))
    app.add_route("/{path:path}", ConsoleFiles(settings.console_dir).answer, ["GET"], include_in_schema=False)
    app.add_middleware(BodyLimit, limit_bytes=settings.body_bytes)
    app.add_middleware(SecurityHeaders, relay_origins=settings.relay_origins)
    app.add_middleware(AccessLog, metrics=gateway.metrics)
    return app


def _description_router(app: FastAPI) -> APIRouter:
    router = APIRouter(prefix="/v1", route_class=GuardedRoute)
    kept: dict[str, Any] = {}

    @router.get("/openapi.json", include_in_schema=False)
    async def description(_gateway: Parts) -> Response:
        """What can be asked here."""
        if not kept:
            kept.update(describe(app))
        return Response(orjson.dumps(kept), media_type="application/json")

    return router
