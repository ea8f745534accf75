"""What every wire model shares: strictness, time, place and the closed vocabularies of the field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)

TIERS = ("platinum", "gold", "silver")
Tier = Literal["platinum", "gold", "silver"]

Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@/+-]*$"),
]
"""An opaque id: never a name, a telephone number or an address (CONTRACT section 5)."""

Level = Annotated[int, Field(ge=1, le=5)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Minutes = Annotated[float, Field(ge=0, le=60 * 24 * 366, allow_inf_nan=False)]
ShortText = Annotated[str, StringConstraints(max_length=2000)]


def to_utc(moment: datetime) -> datetime:
    """Refuse a time without an offset; everything on the wire is UTC."""
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset: write it as RFC 3339 with Z, as in 2026-03-02T10:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time beyond the years 1 to 9999 in UTC") from error


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, with a fraction only where there is any."""
    text = (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()[:-6]
    return text.rstrip("0") + "Z" if "." in text else text + "Z"


Moment = Annotated[datetime, AfterValidator(to_utc), PlainSerializer(rfc3339, when_used="json")]
"""An instant: parsed from RFC 3339 with any offset, written in UTC with `Z`."""


class Wire(BaseModel):
    """A model on the wire: immutable; a reader ignores fields that a newer writer has added."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Command(Wire):
    """A body sent by a person or another system: an unknown field is a mistake and is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Place(Wire):
    """A point in WGS 84 degrees."""

    lat: Latitude
    lon: Longitude
