"""The scaler's answers: what is wanted (for KEDA and `muster up`), metrics, and its own health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.scaler.reading import Workers
from services.scaler.relays import Relays
from services.scaler.scaler import Scaler, Wanted
from services.scaler.settings import ScalerSettings
from services.serving import config_of, run_until_told

log = structlog.get_logger(__name__)

STALE_AFTER_S = 10.0


def create_app(settings: ScalerSettings) -> Starlette:
    """The app of one scaler; it looks as long as its lifespan lasts."""

    @asynccontextmanager
    async def looking(app: Starlette) -> AsyncIterator[None]:
        workers = Workers(settings.scaler_workers)
        relays = Relays(settings.redis_url, settings.topic_prefix)
        scaler = app.state.scaler = Scaler(settings, workers, relays)
        running = app.state.running = asyncio.create_task(scaler.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await asyncio.gather(workers.close(), relays.close())

    routes = [Route("/desired", desired), Route("/metrics", metrics)]
    routes += [Route("/healthz", healthz), Route("/readyz", readyz)]
    return Starlette(routes=routes, lifespan=looking)


def _scaler(request: Request) -> Scaler:
    scaler: Scaler = request.app.state.scaler
    return scaler


async def desired(request: Request) -> Response:
    """How many processes of each kind are wanted and why; 503 where it is not known yet."""
    scaler = _scaler(request)
    kinds = {"workers": scaler.workers, "relays": scaler.relays}
    answer = {kind: _shown(wanted) for kind, wanted in kinds.items() if wanted.count is not None}
    return JSONResponse(answer, 200 if "workers" in answer else 503)


def _shown(wanted: Wanted) -> dict[str, int | str | None]:
    return {"count": wanted.count, "reason": wanted.reason}


async def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    text = generate_latest(_scaler(request).registry)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


async def healthz(request: Request) -> Response:
    """Whether it looks again and again."""
    looked_at_s = _scaler(request).looked_at_s
    since_s = 0.0 if looked_at_s is None else time.monotonic() - looked_at_s
    stuck = since_s > STALE_AFTER_S or request.app.state.running.done()
    return JSONResponse({"status": "stuck" if stuck else "ok"}, 503 if stuck else 200)


async def readyz(request: Request) -> Response:
    """Whether it has an answer."""
    known = _scaler(request).workers.count is not None
    return JSONResponse({"status": "ready" if known else "unready"}, 200 if known else 503)


def serve(settings: ScalerSettings) -> None:
    """Serve until SIGINT or SIGTERM."""
    config = config_of(
        create_app(settings),
        settings.scaler_host,
        settings.scaler_port,
        drain_s=1,
        h11_max_incomplete_event_size=16 * 1024,
    )
    log.info("scaler_starts", **settings.model_dump(mode="json", exclude={"redis_url"}))
    run_until_told(uvicorn.Server(config))
