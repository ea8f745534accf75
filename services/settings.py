"""One settings class a process, read from `MUSTER_` variables; printed at start with secrets hidden."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class CommonSettings(BaseSettings):
    """What every process of a fleet needs to know.

    `topic_prefix` separates installations (and tests) on one broker; `clock` says where time comes from.
    """

    model_config = SettingsConfigDict(env_prefix="MUSTER_", extra="ignore")

    broker: str = "127.0.0.1:9092"
    redis_url: str = "redis://127.0.0.1:6379/0"
    topic_prefix: str = ""
    clock: Literal["wall", "feed"] = "wall"
    secret: SecretStr = SecretStr("")
    """The key that signs tokens (HS256), 32 characters at least: who needs it refuses to start without."""
    session_timeout_ms: int = Field(default=3500, ge=1000, le=60_000)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
