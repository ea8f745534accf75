"""DispatchPolicy: every number that is ours to choose, with its unit. Terms belong to the region."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

WORK_STEPS = 41
"""Tenths of the expected work that are told apart, up to four times of it."""
Permyriad = Annotated[int, Field(ge=1, le=10_000)]
Permille = Annotated[int, Field(ge=0, le=100_000)]


class DispatchPolicy(BaseModel):
    """One versioned policy; unknown fields are refused.

    "Weighted minutes" are minutes times the tier's weight: what the objective counts in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    version: int = Field(ge=1)
    churn_price_weighted_min: float = Field(default=14.0, ge=0, le=10_000)
    """What turning an engineer away from where they are going must bring at least."""
    churn_price_per_backlog_min: float = Field(default=0.0, ge=0, le=10_000)
    """How much more that is for each unit of weight that waits for an engineer on duty."""
    diversions_most: int = Field(default=20, ge=0, le=1000)
    """Whoever goes to an incident that has been left under way so often is no longer turned."""
    travel_price_weighted_min_per_min: float = Field(default=0.0, ge=0, le=1000)
    """What a minute of travel costs beside the waiting that it means."""
    overtime_price_weighted_min_per_min: float = Field(default=0.0, ge=0, le=1000)
    """What a minute past the shift's end costs, were the work to take `overtime_service_permille`."""
    overtime_service_permille: Permille = 1500
    """Of the expected work, where overtime is reckoned."""
    scarcity_price_weighted_min_per_level: float = Field(default=0.0, ge=0, le=10_000)
    """What each level costs that an engineer has above the one asked for."""
    cover_price_weighted_min: float = Field(default=0.0, ge=0, le=10_000)
    """What each idle engineer costs by whom a place left would fall below its floor."""
    cover_floor_engineers: int = Field(default=1, ge=0, le=100)
    """So many idle are to stay near where one leaves."""
    cover_reach_km: float = Field(default=5.0, gt=0, le=1000)
    """As the crow flies: so near is near."""
    fairness_permille: Permille = 0
    """An area answered twice as late as the region weighs so much more, in 1/1000 of the response."""
    settle_s: float = Field(default=5.0, ge=0, le=3600)
    """Whoever has just been sent is not turned before this: nobody is called back while still at the door."""
    freeze_min: float = Field(default=0.0, ge=0, le=600)
    """An engineer this near the site is no longer turned."""
    postpone_min: float = Field(default=180.0, gt=0, le=10_000)
    """How long an incident left without a plan is taken to wait on."""
    backlog_share: float = Field(default=1.0, ge=0, le=100)
    """Share of the waiting weight that an engineer's minute is charged with: orders by weight over work."""
    posting_every_s: float = Field(default=60.0, gt=0, le=86_400)
    """How often idle engineers are looked at for a better place to wait."""
    posting_horizon_min: float = Field(default=0.0, ge=0, le=600)
    """How long a post is taken to serve before everything is different; 0: nobody is posted."""
    posting_price_weighted_min_per_km: float = Field(default=1.0, ge=0, le=10_000)
    """What a km of road to a post must bring at least."""
    posting_least_weighted_min: float = Field(default=0.5, ge=0, le=10_000)
    """What a post must bring at least, its road paid: nobody drives for next to nothing."""
    replan_every_s: float = Field(default=60.0, gt=0, le=3600)
    """While something waits, a tick plans anew after this long."""
    unreachable_after_s: float = Field(default=300.0, gt=0, le=86_400)
    not_offered_again_min: float = Field(default=60.0, ge=0, le=10_000)
    """How long an engineer who declined or could not be reached is not asked for the same incident."""
    expected_service_min: float = Field(default=60.0, gt=0, le=10_000)
    """The work of a product nobody has seen finish."""
    expected_service_prior_jobs: int = Field(default=5, ge=1, le=1000)
    """How many jobs of that length a product starts with, before its own."""
    work_lasting_permyriad: tuple[Permyriad, ...] = Field(min_length=WORK_STEPS, max_length=WORK_STEPS)
    """Before anything is seen: how many in 10,000 jobs last at least 0, 10, 20 ... % of the expected work."""
    work_tail_permille: Permille = 650
    """What is left of a job that has lasted beyond that table, in 1/1000 of the expected work."""
    work_prior_jobs: int = Field(default=50, ge=1, le=10_000)
    """How many jobs of its own a product must have seen to count as much as that table."""
    soon_free_permille: Permille = 1000
    """How much of the time to free a plan counts, in 1/1000: of several busy the first free is taken."""
    shortlist_size: int = Field(default=48, ge=4, le=512)
    """Engineers an incident is matched with; regions with no more of them on shift are matched exactly."""
    shortlist_refresh_s: float = Field(default=60.0, gt=0, le=86_400)
    crew_hold_min: float = Field(default=60.0, ge=0, le=1440)
    """How long free engineers are kept for a crew whose last one is still at work."""
    call_in_most_min: float = Field(default=480.0, gt=0, le=1440)
    """Whoever is called while off shift, in a disaster that permits it, works at most so long."""
    lending_floor_permille: int = Field(default=300, ge=0, le=1000)
    """Whoever asks: of its own engineers on shift a region keeps at least this share."""
    lending_keeps_qualified: int = Field(default=4, ge=0, le=1000)
    """And at each product and level that whoever leaves has, so many others who are on duty."""
    lending_joins_min: float = Field(default=20.0, ge=0, le=600)
    """So long before they arrive from another region, engineers are sent to work straight away."""
    handover_said_again_s: float = Field(default=60.0, gt=0, le=3600)
    """A handover that nobody has taken is said again after this long."""
    held_considered: int = Field(default=32, ge=0, le=10_000)
    """At most so many incidents under way are put up for turning in one plan."""
