"""A region's terms and borders, and an engineer's standing data: what `PUT` brings into the log."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.base import (
    TIERS,
    Id,
    Latitude,
    Level,
    Longitude,
    Minutes,
    Moment,
    Place,
    Tier,
    Wire,
)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Lisbon") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Terms(Wire):
    """What the region promises and how its roads are: the region's terms, not ours to tune.

    `promise_min` is minutes from report to arrival, `weight` the worth of a minute by tier,
    `breach_penalty_min` the minutes a broken promise costs, `circuity` road length over haversine.
    """

    speed_kmh: float = Field(default=40.0, gt=0, le=300)
    circuity: float = Field(default=1.3, ge=1, le=5)
    promise_min: dict[Tier, Minutes] = Field(default={"platinum": 60, "gold": 120, "silver": 240})
    weight: dict[Tier, Annotated[float, Field(gt=0, le=1e6)]] = Field(
        default={"platinum": 8, "gold": 3, "silver": 1}
    )
    breach_penalty_min: Minutes = 60

    @model_validator(mode="after")
    def _every_tier(self) -> Terms:
        for name, table in (("promise_min", self.promise_min), ("weight", self.weight)):
            missing = [tier for tier in TIERS if tier not in table]
            if missing:
                raise ValueError(f"{name} lacks {', '.join(missing)}")
        return self


class Polygon(Wire):
    """A GeoJSON Polygon (RFC 7946): rings of [longitude, latitude], the first the outer one."""

    type: Literal["Polygon"] = "Polygon"
    coordinates: Annotated[
        list[Annotated[list[tuple[Longitude, Latitude]], Field(min_length=4, max_length=10_000)]],
        Field(min_length=1, max_length=100),
    ]

    @model_validator(mode="after")
    def _closed(self) -> Polygon:
        for ring in self.coordinates:
            if ring[0] != ring[-1]:
                raise ValueError("a polygon's ring must end where it starts (RFC 7946 section 3.1.6)")
        return self


class RegionRules(Wire):
    """Working time as law and agreement have it in the region, in minutes; and who may enter and leave it.

    The defaults are Directive 2003/88/EC articles 3 (daily rest), 4 (a break after six hours; its length is
    national law) and 6 (the week, here from Monday 00:00 in the region's time zone).
    """

    daily_rest_min: float = Field(default=660.0, ge=0, le=1440)
    break_after_min: float = Field(default=360.0, gt=0, le=1440)
    break_min: float = Field(default=30.0, ge=0, le=720)
    week_max_min: float = Field(default=2880.0, gt=0, le=10_080)
    entry_certificates: tuple[Id, ...] = Field(default=(), max_length=100)
    """Who works here on loan must have these until the loan ends."""
    lends_to: tuple[Id, ...] | None = Field(default=None, max_length=1000)
    """The regions across whose borders the region's own may go; None: all."""


Geocode = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^=\s]+=\S+$")]
"""A code of an area as warnings name it: `EMMA_ID=PT011`, `SAME=006109`."""


class RegionFacts(Wire):
    """A region's time zone, terms, rules and borders."""

    time_zone: TimeZone = "UTC"
    terms: Terms = Terms()
    rules: RegionRules = RegionRules()
    polygon: Polygon | None = None
    """None: the region refuses nobody for where they are, and no place alone leads to it."""
    geocodes: list[Geocode] = Field(default=[], max_length=200)
    """A warning for one of these areas concerns the region, whatever its polygon."""


class RegionDefined(RegionFacts):
    """A region exists with these borders and terms; a later one replaces an earlier."""

    region: Id
    exercise: bool = False
    """A drill on a copy of a region, as its name says; the name alone decides."""


class Certificate(Wire):
    """A permit of an engineer, good until `expires_at`."""

    name: Id
    expires_at: Moment


class EngineerFacts(Wire):
    """An engineer's standing data.

    `skills` maps product to qualification level 1-5; a product not named is a skill not had.
    `available_from` starts a shift at that moment by itself; None: the phone starts the shift.
    `worked_min_before` are minutes worked without a break before `available_from`; without it nobody counts
    their rest, breaks and week, without `shift_end` no shift limits them.
    """

    region: Id
    home: Place
    skills: dict[Id, Level] = Field(max_length=100)
    languages: list[Id] = Field(default=[], max_length=20)
    certificates: list[Certificate] = Field(default=[], max_length=100)
    available_from: Moment | None = None
    shift_end: Moment | None = None
    worked_min_before: Minutes | None = None
    parts: list[Id] = Field(default=[], max_length=500)
    excluded_customers: list[Id] = Field(default=[], max_length=500)
    pinned_incident: Id | None = None


class EngineerRegistered(EngineerFacts):
    """An engineer belongs to a home region with these skills; a later one replaces an earlier."""

    engineer_id: Id
