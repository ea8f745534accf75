"""The country at the moment of a fork: everything that its runs start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from schemas.base import Tier
from services.dispatch.mirror import weight_unit
from services.dispatch.moments import minutes_ms
from services.dispatch.policy import DispatchPolicy
from services.dispatch.remaining_work import remaining_table
from services.dispatch.state import RegionState
from services.dispatch.travel import ms_per_radian
from services.dispatch.warm import Flags, Floats, Ints
from services.whatif.columns import Engineers, Jobs
from services.whatif.people import People
from services.whatif.work import open_work, weight_of


@dataclass(frozen=True, slots=True)
class Country:
    """Engineers and open jobs of all regions at `now` (ms); regions are numbered in the order of names."""

    now: int
    regions: tuple[str, ...]
    policy: DispatchPolicy
    products: Mapping[str, int]
    engineers: Engineers
    names: tuple[str, ...]
    jobs: Jobs
    incidents: tuple[str, ...]
    """Whose rows `jobs` are."""
    fit: Mapping[int, Flags]
    """Jobs that ask for more than product and level: which engineers may go."""
    per_radian: Floats
    """By region: milliseconds of travel for a radian of arc."""
    weights: Ints
    """By region and tier, in the matcher's whole numbers."""
    units: Floats
    """By region: what one unit of the terms' weight is in those numbers."""
    promises: Ints
    """By region and tier (ms)."""
    penalties: Ints
    """By region: what a broken promise counts for (ms)."""
    remaining: Ints
    """By region and product: what is left of the work after 0, 10, 20 ... % of it, in 1/1000."""


def country_of(states: Mapping[str, RegionState], policy: DispatchPolicy, now: int) -> Country:
    """Read the regions' states as they are at `now` (ms)."""
    ordered = [states[name] for name in sorted(states)]
    products = _products(ordered)
    people = People(states, products, policy, now)
    work = open_work(states, products, people.names)
    return Country(
        now=now,
        regions=tuple(sorted(states)),
        policy=policy,
        products=products,
        engineers=people.columns(work.held),
        names=tuple(people.names),
        jobs=work.jobs,
        incidents=work.incidents,
        fit=work.fit,
        per_radian=np.array([ms_per_radian(region.terms) for region in ordered]),
        weights=np.array([[weight_of(region, tier) for tier in get_args(Tier)] for region in ordered]),
        units=np.array([weight_unit(region.terms) for region in ordered]),
        promises=np.array(
            [[minutes_ms(r.terms.promise_min[tier]) for tier in get_args(Tier)] for r in ordered]
        ),
        penalties=np.array([minutes_ms(region.terms.breach_penalty_min) for region in ordered]),
        remaining=np.array(
            [[remaining_table(policy, region.lasting.get(p)) for p in products] for region in ordered]
        ),
    )


def _products(regions: list[RegionState]) -> dict[str, int]:
    known = {product for r in regions for e in r.engineers.values() for product in e.skills}
    known |= {i.product for r in regions for i in (*r.incidents.values(), *r.closed.values())}
    return {product: number for number, product in enumerate(sorted(known))}
