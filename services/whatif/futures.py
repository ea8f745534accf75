"""Sampled futures: what will be reported and how long work will take, the same for both arms of a fork.

Chance is seeded by (log, region, offset, number of the future): the same fork has the same futures, on every
machine and in whatever order they are asked for.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.base import TIERS
from services.dispatch.geometry import unit_vector
from services.dispatch.needs import FOREVER
from services.dispatch.policy import DispatchPolicy
from services.dispatch.state import Incident, RegionState
from services.dispatch.warm import Ints
from services.whatif.columns import NOBODY, Jobs
from services.whatif.country import Country
from services.whatif.expectation import SEEN_MS, Expectation, day_profile, expected_from
from services.whatif.lasting import Lasting
from services.whatif.likeness import Likeness, likeness_of
from services.whatif.work import columns_of


@dataclass(frozen=True, slots=True)
class Source:
    """What a region's futures are drawn from."""

    seed: str
    expectation: Expectation
    likeness: Likeness
    lasting: Mapping[str, Lasting]


@dataclass(frozen=True, slots=True)
class Future:
    """One future: all jobs, the open ones first, with the work each takes, and the ends of what was begun."""

    jobs: Jobs
    ends: Ints
    """By engineer: when the work in hand ends (ms); FOREVER where it has not begun."""


def sources_of(
    states: Mapping[str, RegionState],
    seeds: Mapping[str, str],
    policy: DispatchPolicy,
    day_permille: Sequence[int],
    now: int,
) -> tuple[Source, ...]:
    """Read the regions' last day, in the order of their names; `seeds`: of each region's chance.

    Nothing that was reported from `now` (ms) on is looked at.
    """
    pasts = {name: _past(states[name], now) for name in sorted(states)}
    products = {one.product for region in states.values() for one in region.incidents.values()}
    products |= {one.product for past in pasts.values() for one in past}
    return tuple(
        Source(
            seed=seeds[name],
            expectation=expected_from(
                [one.reported_at for one in past], day_profile(day_permille, states[name].time_zone), now
            ),
            likeness=likeness_of(
                states[name], past, [one for other in pasts if other != name for one in pasts[other]], now
            ),
            lasting={product: Lasting(states[name], product, policy) for product in sorted(products)},
        )
        for name, past in pasts.items()
    )


def _past(region: RegionState, now: int) -> list[Incident]:
    """What was reported in a region's last day, the oldest first."""
    known = (*region.closed.values(), *region.incidents.values())
    past = [incident for incident in known if now - SEEN_MS <= incident.reported_at < now]
    return sorted(past, key=lambda incident: (incident.reported_at, incident.incident_id))


def future(country: Country, sources: Sequence[Source], number: int, until: int) -> Future:
    """The future of this number, up to `until` (ms); `sources` in the order of the country's regions."""
    rows: list[dict[str, Any]] = []
    for at, source in enumerate(sources):
        rows += _reports(country, at, source, random.Random(f"{source.seed}/{number}/reports"), until)
    for head, row in enumerate(rows):
        row["head"] = head
    known, ends = _begun(country, sources, number)
    return Future(known.joined(columns_of(rows)), ends)


def _reports(
    country: Country, at: int, source: Source, chance: random.Random, until: int
) -> list[dict[str, Any]]:
    """One region's reports to come: when by the level, where and what as reports before."""
    rows = []
    came = source.expectation.arrivals(chance, until)
    for reported, (like, lat, lon) in zip(came, source.likeness.draws(chance), strict=False):
        tier, expected = TIERS.index(like.tier), max(1, like.expected_service_ms)
        work = source.lasting[like.product].total(chance.random(), 0.0) * expected
        rows.append(
            {
                "region": at,
                "place": unit_vector(lat, lon),
                "tier": tier,
                "weight": int(country.weights[at, tier]),
                "reported": reported,
                "promised": reported + int(country.promises[at, tier]),
                "expected": expected,
                "product": country.products[like.product],
                "level": like.level,
                "opens": 0,
                "not_before": 0,
                "closes": FOREVER,
                "head": 0,
                "holder": NOBODY,
                "arrived": FOREVER,
                "work": round(work),
            }
        )
    return rows


def _begun(country: Country, sources: Sequence[Source], number: int) -> tuple[Jobs, Ints]:
    """The open jobs with their work, and when each engineer's work in hand ends."""
    jobs, engineers = country.jobs.copy(), country.engineers
    products = {number: product for product, number in country.products.items()}
    jobs.work = jobs.work.copy()
    ends = engineers.ends.copy()
    for job, incident in enumerate(country.incidents):
        source = sources[int(jobs.region[job])]
        lasting, expected = source.lasting[products[int(jobs.product[job])]], int(jobs.expected[job])
        drawn = random.Random(f"{source.seed}/{number}/work/{incident}").random()
        if jobs.arrived[job] == FOREVER:
            jobs.work[job] = round(lasting.total(drawn, 0.0) * expected)
            continue
        holder = int(jobs.holder[job])
        if holder == NOBODY:
            continue
        began, expected = int(engineers.began[holder]), int(engineers.expected[holder])
        elapsed = max(0, country.now - began) / expected
        ends[holder] = max(country.now + 1, began + round(lasting.total(drawn, elapsed) * expected))
    return jobs, np.asarray(ends, np.int64)
