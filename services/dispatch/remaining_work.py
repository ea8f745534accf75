"""How much longer a job will last, given how long it has: learned by product, shrunk to the policy's prior.

What is kept is how many jobs lasted at least 0, 10, 20 ... % of what was expected of them. What is left on
average, of those that last at least as long, is the sum of the further shares: the longer a job lasts, the
later its end is expected.
"""

from __future__ import annotations

import numpy as np

from services.dispatch.moments import minutes_ms
from services.dispatch.policy import WORK_STEPS, DispatchPolicy
from services.dispatch.state import Incident, RegionState
from services.dispatch.warm import Ints

STEP_PERMILLE = 100
SHARES = 10_000


def learn_work(region: RegionState, incident: Incident) -> None:
    """Remember how long a finished job took, where both its ends were reported."""
    if incident.on_site_at is None or incident.resolved_at is None or "on_site" in incident.implied:
        return
    if incident.swarm_of is not None:
        return  # a part of the work tells nothing of the whole
    took = max(0, incident.resolved_at - incident.on_site_at)
    jobs, spent_ms = region.work_ms.get(incident.product, (0, 0))
    region.work_ms[incident.product] = (jobs + 1, spent_ms + took)
    lasting = region.lasting.setdefault(incident.product, [0] * WORK_STEPS)
    reached = took * 1000 // max(1, incident.expected_service_ms) // STEP_PERMILLE
    for step in range(min(reached + 1, len(lasting))):
        lasting[step] += 1
    region.warm.engineers.remaining.clear()


def remaining_table(policy: DispatchPolicy, lasting: list[int] | None) -> Ints:
    """Expected time to the end in 1/1000 of the expected work, after 0, 10, 20 ... % of it."""
    prior = policy.work_lasting_permyriad
    counts = lasting or [0] * WORK_STEPS
    shares = zip(prior, counts, strict=True)
    still = [share * policy.work_prior_jobs + SHARES * count for share, count in shares]
    table = [policy.work_tail_permille]
    beyond = still[-1] * policy.work_tail_permille
    for now, then in zip(reversed(still[:-1]), reversed(still[1:]), strict=True):
        beyond += (now + then) * STEP_PERMILLE // 2
        table.append(beyond // now)
    return np.array(table[::-1], np.int64)


def remaining_ms(elapsed: Ints, expected: Ints, tables: Ints, line: Ints) -> Ints:
    """Expected milliseconds to the end of each job; `line[k]`: which of `tables` tells of job k."""
    elapsed = np.clip(elapsed, 0, 100 * expected)
    permille = elapsed * 1000 // expected
    index = np.minimum(permille // STEP_PERMILLE, tables.shape[1] - 2)
    within = np.minimum(permille - index * STEP_PERMILLE, STEP_PERMILLE)
    here, further = tables[line, index], tables[line, index + 1]
    left: Ints = (here + (further - here) * within // STEP_PERMILLE) * expected // 1000
    return left


def work_left_ms(region: RegionState, policy: DispatchPolicy, rows: Ints, now: int) -> Ints:
    """Expected milliseconds to the end of the work that the engineers in `rows` have in hand."""
    engineers = region.warm.engineers
    numbers, line = np.unique(engineers.work_product[rows], return_inverse=True)
    for number in numbers.tolist():
        if number not in engineers.remaining:
            lasting = region.lasting.get(engineers.product_name(number))
            engineers.remaining[number] = remaining_table(policy, lasting)
    tables = np.array([engineers.remaining[number] for number in numbers.tolist()])
    return remaining_ms(now - engineers.work_began[rows], engineers.work_expected[rows], tables, line)


def expected_service_ms(
    region: RegionState, policy: DispatchPolicy, product: str, reported_min: float | None
) -> int:
    """The work to expect: as reported, or the mean of what finished here, shrunk to the policy's prior."""
    if reported_min is not None:
        return minutes_ms(reported_min)
    jobs, spent_ms = region.work_ms.get(product, (0, 0))
    prior = policy.expected_service_prior_jobs
    prior_ms = minutes_ms(policy.expected_service_min) * prior
    return (spent_ms + prior_ms) // (jobs + prior)
