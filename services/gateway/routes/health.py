"""Is it alive, can it work, and what does it measure: for the machines that watch it, without a token."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from schemas.answers import Health, Readiness
from services.gateway.access import GuardedRoute, Parts

router = APIRouter(route_class=GuardedRoute, tags=["health"])


@router.get("/healthz", response_model=Health)
async def healthz() -> Response:
    """The process lives."""
    return Response(Health().model_dump_json(), media_type="application/json")


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def readyz(gateway: Parts) -> Response:
    """Which of the engines answer. Without Redis commands still work, so that alone is no 503."""
    broker = gateway.publisher.up and gateway.tail.up
    redis = await gateway.redis.is_up()
    able = broker and gateway.tail.current
    found = Readiness(
        status="unready" if not able else "ready" if redis else "degraded",
        broker="ok" if broker else "away",
        redis="ok" if redis else "away",
        tail="ok" if gateway.tail.current else "behind",
    )
    return Response(found.model_dump_json(), 200 if able else 503, media_type="application/json")


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(gateway: Parts) -> Response:
    """The gateway's figures for Prometheus."""
    return Response(gateway.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
