"""What a warning is worth as evidence: a prior on the level of what will be reported, learned away by it."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.alerts import Hazard
from services.dispatch.moments import minutes_ms, to_ms
from services.surge.policy import LendingPolicy

USUAL = 1000


def said_permille(hazard: Hazard, policy: LendingPolicy) -> int:
    """The level that the warning itself speaks of, x 1000 of the usual: severity by certainty."""
    if hazard.urgency == "Past":
        return USUAL
    more = policy.alert_severity_permille.get(hazard.severity, 0)
    return USUAL + more * policy.alert_certainty_permille.get(hazard.certainty, 0) // 1000


def in_force(hazards: Iterable[Hazard], at: int) -> list[Hazard]:
    """The warnings that hold at a moment (ms)."""
    return [hazard for hazard in hazards if to_ms(hazard.onset) <= at < to_ms(hazard.expires)]


def learned_permille(said: int, came: int, expected: int, per_hour: int, policy: LendingPolicy) -> int:
    """The level after `came` reports where `expected` are usual since the onset (all reports x 1000).

    The mean of a Gamma prior that counts like `alert_weight_min` of the usual reports (`per_hour`), after
    Poisson counts. It stays between the usual and what was said: what is worse than that is seen by itself.
    """
    prior = max(1, per_hour * minutes_ms(policy.alert_weight_min) // minutes_ms(60))
    level = (said * prior + USUAL * came) // (prior + expected)
    return max(USUAL, min(said, level))
