"""Sampled futures: what will be reported and how long work will take, the same for both arms of a fork.

Chance is seeded by (log, region, offset, number of the future): the same fork has the same futures, on every
machine and in whatever order they are asked for.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
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
from services.whatif.expectation import HOUR_MS, SEEN_MS, Expectation, day_profile, expected_from
from services.whatif.lasting import Lasting
from services.whatif.work import columns_of

FADES_MS = 3 * HOUR_MS
"""Places and kinds are drawn from what was reported; what is older than this counts for less and less."""
SOLE_APART_DEG = 0.05
"""How far from the only place known the next one may lie: about 5 km."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a region's futures are drawn from."""

    seed: str
    expectation: Expectation
    past: Sequence[Incident]
    weights: Sequence[float]
    apart: Sequence[float]
    """By incident of `past`: how far (degrees of latitude) its place lies from the nearest other one."""
    lasting: Mapping[str, Lasting]


@dataclass(frozen=True, slots=True)
class Future:
    """One future: all jobs, the open ones first, with the work each takes, and the ends of what was begun."""

    jobs: Jobs
    ends: Ints
    """By engineer: when the work in hand ends (ms); FOREVER where it has not begun."""


def source_of(
    region: RegionState, seed: str, policy: DispatchPolicy, day_permille: Sequence[int], now: int
) -> Source:
    """Read a region's last day; nothing that was reported from `now` (ms) on is looked at."""
    known = (*region.closed.values(), *region.incidents.values())
    past = [incident for incident in known if now - SEEN_MS <= incident.reported_at < now]
    past.sort(key=lambda incident: (incident.reported_at, incident.incident_id))
    profile = day_profile(day_permille, region.time_zone)
    fresh = [1 / (1 + (now - incident.reported_at) / FADES_MS) for incident in past]
    products = {incident.product for incident in past} | {i.product for i in region.incidents.values()}
    return Source(
        seed=seed,
        expectation=expected_from([incident.reported_at for incident in past], profile, now),
        past=past,
        weights=list(accumulate(fresh)),
        apart=_apart(past),
        lasting={product: Lasting(region, product, policy) for product in products},
    )


def _apart(past: Sequence[Incident]) -> list[float]:
    """How far the next report may lie from each of these: as far as they lie from each other.

    A kernel as wide as the distance to the nearest neighbour (Breiman, Meisel and Purcell, 1977): tight where
    much is reported, wide where little is; and wide everywhere before much has been seen.
    """
    if len(past) < 2:
        return [SOLE_APART_DEG] * len(past)
    lat, lon = (np.array([getattr(incident, axis) for incident in past]) for axis in ("lat", "lon"))
    lon = lon * np.cos(np.radians(lat.mean()))
    apart = np.hypot(lat[:, None] - lat[None, :], lon[:, None] - lon[None, :])
    np.fill_diagonal(apart, np.inf)
    nearest: list[float] = apart.min(axis=1).tolist()
    return nearest


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
    if not source.past:
        return []
    rows = []
    for reported in source.expectation.arrivals(chance, until):
        number = bisect_left(source.weights, chance.random() * source.weights[-1])
        like, away = source.past[number], source.apart[number]
        wider = 1 / max(0.01, math.cos(math.radians(like.lat)))
        place = (like.lat + chance.gauss(0, away), like.lon + chance.gauss(0, away) * wider)
        tier, expected = TIERS.index(like.tier), max(1, like.expected_service_ms)
        work = source.lasting[like.product].total(chance.random(), 0.0) * expected
        rows.append(
            {
                "region": at,
                "place": unit_vector(max(-90.0, min(90.0, place[0])), place[1]),
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
