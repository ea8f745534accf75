"""The WebSocket's pings: a client that answers none is gone, unless its media shows that it lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PING_EVERY_S, PONG_WITHIN_S = 0.8, 2.0
"""A client that is silent is gone within three seconds."""
PONG_LATEST_S, LOOK_EVERY_S = 10.0, 0.25
ALIVE = "muster.alive"
"""Under this name the ASGI scope holds what says whether the client's media was heard lately."""


class PatientWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's protocol; where media is heard, a pong may be late.

    On a link that loses a tenth TCP stands still for seconds, since it doubles its waits; media does not. A
    connection without a pong for PONG_LATEST_S is dead all the same.
    """

    def keepalive_timeout(self) -> None:
        """No pong in time: wait on where the client lives, else close."""
        alive = cast("Callable[[], bool] | None", self.scope.get(ALIVE))
        if self.loop.time() - self.ping_sent_at < PONG_LATEST_S and alive is not None and alive():
            self.pong_timer = self.loop.call_later(LOOK_EVERY_S, self.keepalive_timeout)
        else:
            super().keepalive_timeout()
