"""One plan for the country in the making: who lacks, who is asked for how many, and what they offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.base import Place, rfc3339
from schemas.lending import MAX_OFFERED, EngineersRequested, Offer
from schemas.plans import PlannedMove
from schemas.proposals import Proposal
from services.dispatch.moments import to_moment
from services.surge.balance import Gain
from services.surge.commands import Command
from services.surge.proposals import Lack, Spare, admits

Way = tuple[str, str]
"""Home region, and the one that would be helped."""


@dataclass(slots=True)
class Round:
    """`gains`: what the balance expects of each way. `standing`: the proposals as they stood at its begin.

    Donors of a standing proposal are asked too, whether those named can still go.
    """

    at: int
    until: datetime
    lacks: list[Lack]
    gains: Mapping[Way, Gain]
    standing: Mapping[str, Proposal]
    closed: frozenset[Way]
    """Ways that a border closes."""
    silent: frozenset[str] = frozenset()
    """Regions that would not answer: whom they were to give can not go."""
    at_once: frozenset[Way] = frozenset()
    """Ways whose moves wait for no lead."""
    offers: dict[str, list[Offer]] = field(default_factory=dict)

    @property
    def most(self) -> dict[str, int]:
        """How many each donor shall give at most."""
        most: dict[str, int] = {}
        for (home, _), gain in sorted(self.gains.items()):
            most[home] = most.get(home, 0) + gain.count
        return most if self.lacks else {}

    @property
    def asked(self) -> list[str]:
        """Every region that is asked, by name."""
        named = {move.home_region for plan in self.standing.values() for move in plan.plan.moves}
        return sorted((self.most.keys() | named) - self.silent)

    def request_id(self, donor: str) -> str:
        """The name of the question to a donor."""
        return f"lending/{rfc3339(to_moment(self.at))}/{donor}"

    def requests(self) -> Iterator[Command]:
        """The question to each donor: on behalf of whoever lacks most, of those it may lend to."""
        needed = [set(lack.certificates) for lack in self.lacks]
        needed += [set(plan.certificates) for plan in self.standing.values()]
        for donor in self.asked:
            named = {m.engineer_id: m.until for m in self._named_of(donor)}
            to_region, wanted, staging = self._on_behalf_of(donor)
            name = self.request_id(donor)
            yield Command(
                name,
                EngineersRequested(
                    request_id=name,
                    region=donor,
                    to_region=to_region,
                    wanted=wanted,
                    most=MAX_OFFERED,
                    staging=staging,
                    until=self.until,
                    certificates=sorted(set.intersection(*needed)) if needed else [],
                    named=named,
                ),
            )

    def _on_behalf_of(self, donor: str) -> tuple[str, dict[str, int], Place]:
        open_to = [lack for lack in self.lacks if (donor, lack.region) not in self.closed]
        if open_to:
            neediest = max(open_to, key=lambda lack: (lack.short, lack.region))
            return neediest.region, dict(neediest.wanted), neediest.staging
        move = self._named_of(donor)[0]
        return move.to_region, {}, move.staging

    def _named_of(self, donor: str) -> list[PlannedMove]:
        return [m for _, p in sorted(self.standing.items()) for m in p.plan.moves if m.home_region == donor][
            :MAX_OFFERED
        ]

    def is_complete(self) -> bool:
        """Whether all have answered."""
        return len(self.offers) == len(self.asked)

    def spares(self) -> list[Spare]:
        """What each donor can do without, and to where it may lend."""
        most = self.most
        shut = {name: frozenset(to for home, to in self.closed if home == name) for name in most}
        return [Spare(name, most[name], self.offers[name], shut[name]) for name in sorted(most)]

    def can_go(self, move: PlannedMove, certificates: list[str]) -> bool:
        """Whether somebody named in a standing plan is still offered, for as long as planned."""
        if (move.home_region, move.to_region) in self.closed:
            return False
        offer = next(
            (o for o in self.offers.get(move.home_region, ()) if o.engineer_id == move.engineer_id), None
        )
        if offer is None or offer.owner_epoch != move.owner_epoch:
            return False
        return admits(certificates, move.until, offer)
