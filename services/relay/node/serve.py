"""Running a node under uvicorn until it is told to stop."""

from __future__ import annotations

import socket

import structlog
import uvicorn
from starlette.applications import Starlette

from schemas.assist_client import MAX_SIGNAL_BYTES
from services.relay.node.app import create_app
from services.relay.node.keepalive import PING_EVERY_S, PONG_WITHIN_S, PatientWebSocket
from services.relay.node.node import Node
from services.relay.node.settings import RelaySettings
from services.serving import config_of, run_until_told

log = structlog.get_logger(__name__)

DRAIN_S = 3


class _Server(uvicorn.Server):
    """uvicorn, sending the clients on before it closes their connections."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: whoever is here is told where to go first."""
        node: Node | None = getattr(self._app.state, "node", None)
        if node is not None:
            await node.drain()
        await super().shutdown(sockets)


def serve(settings: RelaySettings) -> None:
    """Serve until SIGINT or SIGTERM."""
    app = create_app(settings)
    config = config_of(
        app,
        settings.relay_host,
        settings.relay_port,
        drain_s=DRAIN_S,
        ws=PatientWebSocket,
        ws_max_size=MAX_SIGNAL_BYTES + 1024,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=PONG_WITHIN_S,
        ws_per_message_deflate=False,
        ssl_certfile=str(settings.tls_cert) if settings.tls_cert else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
    )
    log.info("relay_starts", **settings.model_dump(mode="json", exclude={"redis_url"}))
    run_until_told(_Server(config, app))
