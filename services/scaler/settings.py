"""What the scaler is told: where the workers answer, the limits, and its patience."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from schemas.topics import REGION_PARTITIONS
from services.capacity.sizing import Rules
from services.settings import CommonSettings


class ScalerSettings(CommonSettings):
    """Settings of `muster scaler`; every value is a `MUSTER_` variable, times in seconds.

    `scaler_workers` holds the addresses of the workers' metrics, separated by spaces; a name that stands for
    many addresses (a headless service) is resolved anew each time. Relay nodes stand in Redis' register.
    """

    scaler_host: str = "127.0.0.1"
    scaler_port: int = Field(default=8300, ge=0, le=65_535)
    scaler_workers: str = ""
    scaler_interval_s: float = Field(default=1.0, gt=0, le=60)
    workers_least: int = Field(default=1, ge=1, le=REGION_PARTITIONS)
    workers_most: int = Field(default=REGION_PARTITIONS, ge=1, le=REGION_PARTITIONS)
    """A worker without a partition is of no use, so never more than a log has."""
    workers_fill: float = Field(default=0.5, gt=0, le=1)
    """The share of one core that a worker is planned with."""
    relays_least: int = Field(default=1, ge=0, le=100)
    relays_most: int = Field(default=8, ge=0, le=100)
    relays_fill: float = Field(default=0.7, gt=0, le=1)
    """The share of a node's places that are planned with."""
    scale_out_after_s: float = Field(default=3.0, ge=0, le=600)
    scale_in_after_s: float = Field(default=60.0, ge=0, le=24 * 3600)
    scale_settle_s: float = Field(default=15.0, ge=0, le=600)

    @model_validator(mode="after")
    def _limits_whole(self) -> Self:
        _ = self.workers, self.relays
        return self

    @property
    def workers(self) -> Rules:
        """Limits and patience for dispatch workers."""
        return self._rules(self.workers_least, self.workers_most, self.workers_fill)

    @property
    def relays(self) -> Rules:
        """Limits and patience for relay nodes."""
        return self._rules(self.relays_least, self.relays_most, self.relays_fill)

    def _rules(self, least: int, most: int, fill: float) -> Rules:
        return Rules(
            least,
            most,
            fill,
            out_after_s=self.scale_out_after_s,
            in_after_s=self.scale_in_after_s,
            settle_s=self.scale_settle_s,
        )
