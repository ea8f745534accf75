"""A declared disaster: who declared it, what it permits, and until when. It ends by itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Id, Moment, ShortText, Wire
from schemas.commands import Reason

Permit = Literal["off_shift", "excluded_customers"]
"""What the region's office allows while it stands: to call those who are off shift and rested, and to send
engineers to customers that they are otherwise kept from."""

MAX_DISASTER_DAYS = 14


class DeclareDisaster(Wire):
    """From now on the region works by a disaster's rules; declared again, it is amended."""

    region: Id
    until: Moment
    permits: list[Permit] = Field(default=[], max_length=10)
    by: Id
    reason: Reason


class LiftDisaster(Wire):
    """The disaster is over before its time."""

    region: Id
    by: Id
    reason: ShortText = ""


class Disaster(Wire):
    """A disaster as it stands: the permission that decisions under it name."""

    disaster_id: Id
    declared_at: Moment
    until: Moment
    permits: list[Permit] = Field(default=[], max_length=10)
    by: Id
    reason: ShortText
