"""What one relay node must know to run; every value is a `MUSTER_` variable."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from services.sessions.ice import AssistSettings
from services.sessions.nodes import LEASE_MS, RENEW_EVERY_S


class RelaySettings(AssistSettings):
    """Addresses, limits and leases of one `muster relay` process; a session never leaves its process.

    `relay_url` is where browsers reach this node; `{host}` in it stands for the name under which they reached
    the gateway. `relay_addresses` are the local addresses for media, separated by spaces; without them all of
    this host's. `relay_announce` names the public ones behind a NAT, in the same order.
    """

    relay_host: str = "127.0.0.1"
    relay_port: int = Field(default=8190, ge=0, le=65_535)
    relay_url: str = ""
    relay_inner_url: str = ""
    relay_udp_port: int = Field(default=0, ge=0, le=65_535)
    relay_addresses: str = ""
    relay_announce: str = ""
    relay_capacity: int = Field(default=200, ge=1, le=5000)
    """The most clients and media resources in all; a node that has as many takes no new session."""
    relay_lease_ms: int = Field(default=LEASE_MS, ge=500, le=60_000)
    relay_renew_s: float = Field(default=RENEW_EVERY_S, gt=0, le=10)
    relay_grace_s: float = Field(default=10.0, ge=0, le=600)
    """How long a lost connection keeps its place, and the baton."""
    relay_recordings: Path | None = None
    """The folder of recordings, which nodes may share; without it none is made."""
    relay_record_segment_s: float = Field(default=10.0, ge=1, le=60)
    relay_record_session_mb: int = Field(default=4096, ge=1, le=1_000_000)
    """What one session's recording may take; about 14 MB a minute and picture."""
    relay_record_free_mb: int = Field(default=1024, ge=0, le=1_000_000)
    """What stays free on the disk: recording stops before."""
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @model_validator(mode="after")
    def _tls_whole(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("MUSTER_TLS_CERT and MUSTER_TLS_KEY belong together: set both or none")
        return self

    @property
    def own_url(self) -> str:
        """The address on this machine."""
        scheme = "https" if self.tls_cert else "http"
        host = "127.0.0.1" if self.relay_host in {"0.0.0.0", "::", ""} else self.relay_host  # noqa: S104
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.relay_port}"
