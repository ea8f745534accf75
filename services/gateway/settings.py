"""What the gateway must know to run; every value is a `MUSTER_` variable."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from services.sessions.ice import AssistSettings

CONSOLE_DIST = Path(__file__).resolve().parents[1] / "console" / "dist"


class GatewaySettings(AssistSettings):
    """Address, limits and waits of one gateway process.

    `wait_s` is how long a command waits for the fold's answer, `answer_ttl_s` how long an Idempotency-Key
    keeps its answer. Rates are requests a second for each token, with a burst above them.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    console_dir: Path = CONSOLE_DIST
    wait_s: float = Field(default=2.0, ge=0, le=2.0)
    answer_ttl_s: int = Field(default=24 * 3600, ge=1)
    body_bytes: int = Field(default=1024 * 1024, ge=1024)
    rate_per_s: float = Field(default=50.0, gt=0)
    rate_burst: int = Field(default=200, ge=1)
    service_rate_per_s: float = Field(default=5000.0, gt=0)
    service_rate_burst: int = Field(default=10_000, ge=1)
    heartbeat_s: float = Field(default=10.0, gt=0, le=60)
    streams_per_subject: int = Field(default=20, ge=1)
    streams_per_service: int = Field(default=200, ge=1)
    streams_in_all: int = Field(default=1000, ge=1)
    ring_decisions: int = Field(default=20_000, ge=10)
    """How many decisions are kept for streams that fall behind; older ones are read from the broker again."""
    preload_decisions: int = Field(default=1000, ge=0)
    """How many decisions of each partition are read at start, so that quick resumes need no own read."""
    relay_origins: str = ""
    """Where pages may reach relay nodes, as CSP sources separated by spaces; `{host}` stands for the name
    under which the browser reached the gateway."""
    explain_within_s: float = Field(default=30.0, gt=0, le=300)
    """How long a full receipt may take to be derived from the log."""
    fork_within_s: float = Field(default=120.0, gt=0, le=600)
    """How long a fork may be played, waiting for its turn and all futures together."""
    drain_s: float = Field(default=3.0, gt=0, le=8)

    @model_validator(mode="after")
    def _tls_whole(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("MUSTER_TLS_CERT and MUSTER_TLS_KEY belong together: set both or none")
        return self
