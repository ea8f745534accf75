"""How long work takes in a future: drawn from how long such jobs lasted, given how long this one has."""

from __future__ import annotations

import math
from bisect import bisect_left

from services.dispatch.policy import DispatchPolicy
from services.dispatch.remaining_work import SHARES, STEP_PERMILLE
from services.dispatch.state import RegionState

STEP = STEP_PERMILLE / 1000


class Lasting:
    """The share of a product's jobs that last at least 0, 10, 20 ... % of the expected work."""

    def __init__(self, region: RegionState, product: str, policy: DispatchPolicy) -> None:
        prior = policy.work_lasting_permyriad
        counts = region.lasting.get(product, [0] * len(prior))
        still = [p * policy.work_prior_jobs + SHARES * c for p, c in zip(prior, counts, strict=True)]
        self._shares = [share / still[0] for share in still]
        self._falling = [-share for share in self._shares]
        self._tail = policy.work_tail_permille / 1000

    def total(self, drawn: float, elapsed: float) -> float:
        """The whole work over the expected, for a uniform draw, of a job that has lasted `elapsed` of it."""
        survived = drawn * self._share(elapsed)
        if survived <= self._shares[-1]:
            beyond = math.log(self._shares[-1] / max(survived, 1e-12)) * self._tail
            return max(elapsed, (len(self._shares) - 1) * STEP + beyond)
        upper = bisect_left(self._falling, -survived)
        lower = max(0, upper - 1)
        before, after = self._shares[lower], self._shares[upper]
        within = (before - survived) / (before - after) if before > after else 0.0
        return max(elapsed, (lower + within) * STEP)

    def _share(self, elapsed: float) -> float:
        at = elapsed / STEP
        last = len(self._shares) - 1
        if at >= last:
            return self._shares[-1] * math.exp(-(at - last) * STEP / self._tail)
        lower = int(at)
        return self._shares[lower] + (self._shares[lower + 1] - self._shares[lower]) * (at - lower)
