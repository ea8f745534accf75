"""Figures of many futures as a distribution, with the interval of its mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from schemas.base import TIERS
from schemas.whatif import RegionFuture, Spread
from services.whatif.outcomes import Outcome

_T90 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372)
"""Student's t, 90 % one-sided, for 1, 2, ... degrees of freedom."""
_NORMAL90 = 1.2816


def spread_of(values: Sequence[float]) -> Spread:
    """The distribution of one figure; not empty."""
    ordered = sorted(values)
    low = high = None
    mean = fmean(ordered)
    if len(ordered) > 1:
        off = _t90(len(ordered) - 1) * stdev(ordered) / math.sqrt(len(ordered))
        low, high = round(mean - off, 3), round(mean + off, 3)
    return Spread(
        mean=round(mean, 3),
        p10=quantile(ordered, 0.1),
        p50=quantile(ordered, 0.5),
        p90=quantile(ordered, 0.9),
        mean_low=low,
        mean_high=high,
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that the next one lies below with this chance: at `share` x (n + 1), between its neighbours.

    Source: Hyndman and Fan (1996), definition 6; of 20 values the 10 % and 90 % points hold 80 % of the next.
    """
    at = share * (len(ordered) + 1) - 1
    if at <= 0:
        return round(ordered[0], 3)
    if at >= len(ordered) - 1:
        return round(ordered[-1], 3)
    lower = int(at)
    return round(ordered[lower] + (ordered[lower + 1] - ordered[lower]) * (at - lower), 3)


def future_of(outcomes: Sequence[Outcome]) -> RegionFuture:
    """One region over many futures."""
    columns = dict(zip(Outcome._fields, zip(*outcomes, strict=True), strict=True))
    broken = {tier: spread_of(columns.pop(f"broken_{tier}")) for tier in TIERS}
    return RegionFuture(broken=broken, **{name: spread_of(values) for name, values in columns.items()})


def _t90(freedom: int) -> float:
    """Student's t, with the usual expansion in 1 / freedom beyond the table."""
    if freedom <= len(_T90):
        return _T90[freedom - 1]
    return _NORMAL90 + (_NORMAL90**3 + _NORMAL90) / (4 * freedom)
