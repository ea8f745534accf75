"""Running the gateway under uvicorn: a stop ends the streams first, then drains within seconds."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import structlog
import uvicorn

from services.gateway.app import create_app
from services.gateway.explaining import Derive
from services.gateway.forking import Play
from services.gateway.parts import Gateway, build_gateway
from services.gateway.settings import GatewaySettings
from services.serving import config_of, run_until_told

log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn, telling the streams to end before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: streams end, requests under way may finish within the drain time."""
        self._gateway.streams.stop()
        await super().shutdown(sockets)


def serve(settings: GatewaySettings, derive: Derive | None = None, play: Play | None = None) -> None:
    """Serve until SIGINT or SIGTERM. WeakSecret where MUSTER_SECRET can sign nothing."""
    app = create_app(settings, lambda settings: build_gateway(settings, derive, play))
    config = config_of(
        app,
        settings.host,
        settings.port,
        drain_s=int(settings.drain_s) or 1,
        ssl_certfile=str(settings.tls_cert) if settings.tls_cert else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
        backlog=1024,
    )
    log.info("gateway_starts", **settings.model_dump(mode="json") | {"redis_url": _shown(settings.redis_url)})
    run_until_told(_Server(config, app.state.gateway))


def _shown(url: str) -> str:
    """An address without the password that may stand in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
