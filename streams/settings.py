"""What one dispatch worker is told: `MUSTER_` variables, printed at start with secrets hidden."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.settings import CommonSettings


class WorkerSettings(CommonSettings):
    """Settings of `muster worker dispatch`; times in seconds unless the name says otherwise."""

    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Where `/metrics`, `/healthz` and `/readyz` are found; 0 opens no port."""
    metrics_host: str = "127.0.0.1"
    group_prefix: str = ""
    """Separates the consumer groups of installations that share topics (a copy beside the real one)."""
    replication_factor: int = Field(default=1, ge=1, le=10)
    """Copies of each topic that the brokers keep, where this worker is the one that creates it."""
    fetch_wait_ms: int = Field(default=50, ge=1, le=1000)
    """How long a broker may hold a fetch that finds nothing."""
    tick_interval_s: float = Field(default=1.0, gt=0, le=60)
    locations_interval_s: float = Field(default=0.25, gt=0, le=10)
    read_models_interval_s: float = Field(default=0.1, gt=0, le=10)
    snapshot_interval_s: float = Field(default=1.5, gt=0, le=600)
    snapshot_quiet_interval_s: float = Field(default=20.0, gt=0, le=3600)
    """After so long a snapshot is written also where little was folded since the last."""
    lending: Literal["off", "careful", "default", "all-out"] = "default"
    """How readily the surge coordinator moves engineers between regions, or proposes it to their leads.

    `off`: it does so only into a declared disaster.
    """
    stop_within_s: float = Field(default=4.0, gt=0, le=60)
    """How long a stopping worker may drain what it has taken in."""

    @property
    def heartbeat_interval_ms(self) -> int:
        """A tenth of the session, so that a member learns of a rebalance at once."""
        return max(100, self.session_timeout_ms // 10)

    def topic(self, name: str) -> str:
        """The name of a topic on this installation's broker."""
        return self.topic_prefix + name

    def group(self, name: str) -> str:
        """The name of a consumer group of this installation."""
        return f"{self.topic_prefix}{self.group_prefix}muster-{name}"
