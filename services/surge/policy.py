"""LendingPolicy: how readily regions help each other, from careful to all-out; every number with its unit."""

from __future__ import annotations

from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from schemas.alerts import Certainty, Severity

DAY = (
    *(350, 300, 250, 300, 300, 450, 750, 1200, 1200, 1250, 1300, 1350),
    *(1500, 1400, 1500, 1600, 1600, 1700, 1400, 1350, 1050, 850, 600, 450),
)
"""Ordinary days of a public log of emergency calls, smoothed."""
SHIPPED = ("careful", "default", "all-out")


class UnknownLendingPolicy(LookupError):
    """No shipped lending policy has this name."""


class LendingPolicy(BaseModel):
    """One versioned policy of the surge coordinator; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    version: int = Field(ge=1)
    floor_permille: int = Field(default=500, ge=0, le=1000)
    """Of its own engineers on shift a donor keeps at least this share."""
    donor_price_permille: int = Field(default=2000, ge=0, le=1_000_000)
    """An hour of waiting that a move costs its donor counts so many thousandths of one that it saves."""
    donor_loses_h: float = Field(default=0.18, ge=0, le=1000)
    """And all its moves together may be expected to cost it so many hours for each engineer of its own."""
    least_saved_h: float = Field(default=10.0, ge=0, le=10_000)
    """A move must save so many hours of waiting (for each hour of work that waits): the journey is long."""
    need_use_permille: int = Field(default=900, ge=100, le=1000)
    """A region lacks engineers where more than this of them would be busy."""
    plan_every_min: float = Field(default=5.0, gt=0, le=240)
    recent_min: float = Field(default=30.0, gt=0, le=1440)
    """The window of a surge's rate."""
    usual_min: float = Field(default=120.0, gt=0, le=1440)
    """The window of the usual rate."""
    day_permille: tuple[int, ...] = Field(default=DAY, min_length=24, max_length=24)
    """How busy each local hour usually is, in 1/1000 of the day's mean."""
    memory_min: float = Field(default=1440.0, gt=0, le=100_000)
    """The mean follows what came in about so many minutes, weighed by the hours of the day."""
    prior_min: float = Field(default=5000.0, ge=0, le=100_000)
    """The mean of all regions counts like so many minutes of a region's own."""
    fades_min: float = Field(default=240.0, gt=0, le=10_000)
    """What a surge brings beyond the usual is expected to halve in this time."""
    donor_doubt_permille: int = Field(default=200, ge=0, le=1000)
    """How wrong a donor's expected day may be (standard deviation)."""
    surprise_permille: int = Field(default=3500, ge=0, le=100_000)
    """So many standard deviations (x 1000) above the usual rate make a surge."""
    doubt_permille: int = Field(default=250, ge=0, le=10_000)
    """How wrong the hours of the day may be."""
    clear_within_min: float = Field(default=240.0, gt=0, le=10_000)
    """What waits should be worked off within this time."""
    short_permille: int = Field(default=300, ge=0, le=10_000)
    """A region that lacks this share of its own engineers is in need."""
    still_short_permille: int = Field(default=50, ge=0, le=10_000)
    """Once it is being helped, it is in need while it lacks more than this."""
    alert_severity_permille: dict[Severity, int] = Field(
        default={"Extreme": 4000, "Severe": 2000, "Moderate": 750, "Minor": 250, "Unknown": 0}
    )
    """How much more than usual a certain warning announces, in 1/1000 of the usual reports."""
    alert_certainty_permille: dict[Certainty, int] = Field(
        default={"Observed": 1000, "Likely": 700, "Possible": 350, "Unlikely": 100, "Unknown": 350}
    )
    alert_weight_min: float = Field(default=60.0, gt=0, le=10_000)
    """A warning counts like so many minutes of usual reports: after as many it is half forgotten."""
    lease_min: float = Field(default=360.0, gt=0, le=10_000)
    extend_before_min: float = Field(default=60.0, ge=0, le=10_000)
    proposal_min: float = Field(default=60.0, gt=0, le=1440)
    """A proposal waits so long for its leads; one that was refused is not made again for as long."""
    travel_price_permille: int = Field(default=1000, ge=0, le=100_000)


@cache
def shipped_lending_policy(name: str = "default") -> LendingPolicy:
    """A shipped policy; UnknownLendingPolicy names those there are."""
    if name not in SHIPPED:
        raise UnknownLendingPolicy(f"no lending policy {name!r}: there are {', '.join(SHIPPED)}")
    folder = resources.files("services.surge") / "policies"
    return LendingPolicy.model_validate_json((folder / f"{name}.json").read_bytes())
