"""What a receipt asks of a plan: costs by part, and the matching with one number changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from services.dispatch.cost import Pairs, cost_parts, pair_costs, travel_ms_of
from services.dispatch.matched import Alternatives, Matched
from services.dispatch.mirror import weight_unit
from services.dispatch.moments import MINUTE_MS
from services.dispatch.policy import DispatchPolicy
from services.dispatch.state import RegionState
from services.dispatch.warm import Ints


@dataclass(frozen=True, slots=True)
class Detail:
    """How much receipts tell: candidates, changes of travel that would flip it, and how often may be solved.

    `solves` counts matchings solved again for one event, not time: the same on every machine.
    """

    rejected: int
    flips: int
    solves: int
    only: str | None = None
    """Explain this incident alone, also where nothing was decided about it."""
    posting_of: str | None = None
    """Explain this engineer's postings alone."""

    def tells_posting_of(self, engineer_id: str) -> bool:
        """Whether a posting of this engineer is explained."""
        return self.posting_of in (None, engineer_id) and (self.posting_of is not None or self.only is None)


STORED = Detail(rejected=3, flips=1, solves=8)
"""What goes to `decision-receipts`."""


class TooMuchWork(RuntimeError):
    """The matching was solved again as often as one event's receipts may."""


def full(incident_id: str) -> Detail:
    """Everything about one incident."""
    return Detail(rejected=200, flips=12, solves=20_000, only=incident_id)


def full_posting(engineer_id: str) -> Detail:
    """Everything about one engineer's postings, and nothing else."""
    return Detail(rejected=500, flips=20, solves=0, only="", posting_of=engineer_id)


class Inquiry:
    """One plan's matching, before any of it is carried out."""

    def __init__(
        self, region: RegionState, policy: DispatchPolicy, now: int, matched: Matched, detail: Detail
    ) -> None:
        self.region, self.policy, self.now = region, policy, now
        self.matched, self.detail = matched, detail
        self._left = detail.solves
        self._alternatives: dict[int, Alternatives] = {}
        self._weighted_minute = weight_unit(region.terms) * MINUTE_MS

    def weighted_min(self, cost: int) -> float:
        """The matcher's weighted milliseconds as weighted minutes."""
        return round(cost / self._weighted_minute, 3)

    @property
    def can_prove(self) -> bool:
        """Whether the matching may be solved again twice: at a change, and just below it."""
        return self._left >= 2

    def _given(self, cost: Ints) -> Ints:
        """The matching at other costs; TooMuchWork where it was solved again often enough."""
        if not self._left:
            raise TooMuchWork
        self._left -= 1
        return self.matched.again(cost)

    def alternatives(self, at: int) -> Alternatives:
        """What the other ways to serve the incident `slots[at]` would cost the plan."""
        if at not in self._alternatives:
            self._alternatives[at] = self.matched.alternatives(at)
        return self._alternatives[at]

    def dearer_with(self, pair: int) -> int:
        """How much dearer (weighted ms) the whole plan would be with this pair in it."""
        found = self.alternatives(int(self.matched.place[pair]))
        return int(found.dearer[found.pairs == pair][0])

    def dearer_without(self, pair: int) -> int:
        """How much dearer the whole plan would be if this pair were not allowed."""
        found = self.alternatives(int(self.matched.place[pair]))
        return min(found.with_nobody, int(found.dearer[found.pairs != pair].min(initial=found.with_nobody)))

    def some(self, pairs: Ints) -> Pairs:
        """These pairs alone."""
        whole = self.matched.pairs
        return Pairs(whole.slot[pairs], whole.column[pairs], whole.supply, whole.at_once[pairs])

    def parts(self, pairs: Ints) -> dict[str, Ints]:
        """What these pairs cost, part by part."""
        return cost_parts(self.region, self.policy, self.some(pairs), self.now)

    def travel_ms(self, pairs: Ints) -> Ints:
        """The travel of these pairs."""
        return travel_ms_of(self.region, self.some(pairs))

    def cost_at(self, pair: int, took: Ints) -> Ints:
        """What one pair would cost at other travel times (ms)."""
        same = np.full(len(took), pair, np.int64)
        parts = cost_parts(self.region, self.policy, self.some(same), self.now, took)
        total: Ints = np.sum([*parts.values()], axis=0)
        return total

    def given_at_travel(self, pair: int, took: int) -> Ints:
        """The matching if the travel of one pair were `took` ms."""
        cost = self.matched.cost.copy()
        cost[pair] = self.cost_at(pair, np.array([took]))[0]
        return self._given(cost)

    def given_when_free(self, column: int, ready: int) -> Ints:
        """The matching if one engineer were free in `ready` ms."""
        supply = self.matched.pairs.supply
        changed = supply.ready.copy()
        changed[column] = ready
        pairs = replace(self.matched.pairs, supply=replace(supply, ready=changed))
        return self._given(pair_costs(self.region, self.policy, pairs, self.now))

    def given_at_churn_price(self, weighted_min: float) -> Ints:
        """The matching under another churn price."""
        policy = self.policy.model_copy(update={"churn_price_weighted_min": weighted_min})
        return self._given(pair_costs(self.region, policy, self.matched.pairs, self.now))
