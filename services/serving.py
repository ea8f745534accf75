"""How every HTTP process of a fleet runs under uvicorn, and how it is stopped."""

from __future__ import annotations

import signal
from typing import Any

import uvicorn


def config_of(app: Any, host: str, port: int, *, drain_s: int, **more: Any) -> uvicorn.Config:
    """The settings that all share, and `more` of one's own; `drain_s` bounds a stop."""
    shared: dict[str, Any] = {
        "loop": "uvloop",
        "http": "h11",
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": False,
        "h11_max_incomplete_event_size": 64 * 1024,
    }
    return uvicorn.Config(app, host=host, port=port, timeout_graceful_shutdown=drain_s, **(shared | more))


def run_until_told(server: uvicorn.Server) -> None:
    """Serve until SIGINT or SIGTERM, also where the signal was ignored at the start."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises a signal again once it has stopped well: this makes that an ordinary exit.
        signal.signal(number, lambda *_: None)
    server.run()
