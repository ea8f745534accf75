"""Windowed statistics (`region-kpi`) and the letters nobody could read (`dead-letters`)."""

from __future__ import annotations

from pydantic import Field

from schemas.base import Id, Moment, Tier, Wire


class RegionKpi(Wire):
    """Counts of one region and tier in one window; a later message of the same window replaces an earlier."""

    region: Id
    tier: Tier
    window_start: Moment
    window_end: Moment
    reported: int = Field(default=0, ge=0)
    assigned: int = Field(default=0, ge=0)
    restored: int = Field(default=0, ge=0)
    late: int = Field(default=0, ge=0)


class DeadLetter(Wire):
    """A record that could not be read or applied: where it lay, why, and its original bytes (base64)."""

    letter_id: Id
    topic: str
    partition: int
    offset: int
    reason: Id
    """A fixed word: undecodable, unknown_type, invalid, outside_every_region, in_the_future ..."""
    detail: str
    failed_at: Moment
    key: str | None = None
    headers: dict[str, str] = Field(default={})
    value_base64: str = ""
    retries: int = Field(default=0, ge=0)
