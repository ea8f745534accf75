"""The fork: both arms of a move over sampled futures, from copies of the regions' folds.

    fork = fork_of(folds, plan)          # reads the folds, changes nothing
    pair = fork.pair(0)                  # the first future: without the move and with it
    fork.report([pair, ...], wanted=20)  # what the futures played so far tell

Nothing here can publish: there is no log, no wire and no clock in it. A run looks at nothing after `now`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from schemas.lending import CommitLoan
from schemas.plans import MovePlan, PlannedMove, plan_hash
from schemas.whatif import ForkReport, MoveJourney, Position, Refusal, RegionFork, Role
from services.dispatch.fold import UNNAMED_LOG, Logged, PartitionFold, UnexplainedFold
from services.dispatch.geometry import unit_vector
from services.dispatch.moments import minutes_ms, to_moment, to_ms
from services.dispatch.state import RegionState
from services.dispatch.travel import travel_ms_between
from services.surge.policy import DAY
from services.surge.routing import loan_of
from services.whatif.bias import bias_at
from services.whatif.columns import NOBODY
from services.whatif.country import Country, country_of
from services.whatif.futures import Source, future, sources_of
from services.whatif.outcomes import Outcome, outcomes_of
from services.whatif.rollout import Run, Transfer
from services.whatif.spreads import future_of

HORIZON_MIN = 180.0
AUTHORITY = "fork"


class CannotFork(ValueError):
    """There is nothing to fork: no region is known, or the log's time has not begun."""


class Pair(NamedTuple):
    """One future: each region without the move and with it, in the order of the regions' names."""

    without: list[Outcome]
    with_move: list[Outcome]


@dataclass(frozen=True, slots=True)
class Fork:
    """Everything that the runs of one fork share; it can be given to other processes."""

    country: Country
    sources: tuple[Source, ...]
    plan: MovePlan
    transfers: tuple[Transfer, ...]
    positions: tuple[Position, ...]
    refused: tuple[Refusal, ...]
    journeys: tuple[MoveJourney, ...]
    until: int

    def pair(self, number: int) -> Pair:
        """Play the future of this number twice; regions that the move does not touch are played once."""
        without = self.without(number)
        return self.paired(without, self.with_move(number) if self.transfers else without)

    def without(self, number: int) -> list[Outcome]:
        """One arm alone: nobody moves."""
        coming = future(self.country, self.sources, number, self.until)
        return self._outcomes(Run(self.country, coming, (), range(len(self.country.regions))))

    def with_move(self, number: int) -> list[Outcome]:
        """The other arm alone; regions that the move does not touch are not played."""
        coming = future(self.country, self.sources, number, self.until)
        return self._outcomes(Run(self.country, coming, self.transfers, self._touched()))

    def paired(self, without: list[Outcome], with_move: list[Outcome]) -> Pair:
        """Both arms of one future; without a move they are one."""
        touched = self._touched()
        return Pair(without, [(with_move if at in touched else without)[at] for at in range(len(without))])

    def report(self, pairs: Sequence[Pair], wanted: int) -> ForkReport:
        """What these futures tell; at least one."""
        return ForkReport(
            at=to_moment(self.country.now),
            horizon_min=(self.until - self.country.now) / 60_000,
            futures=len(pairs),
            wanted=wanted,
            plan=self.plan,
            plan_hash=plan_hash(self.plan),
            positions=list(self.positions),
            refused=list(self.refused),
            journeys=list(self.journeys),
            regions=[self._region(at, name, pairs) for at, name in enumerate(self.country.regions)],
        )

    def _outcomes(self, run: Run) -> list[Outcome]:
        jobs = run.play(self.until)
        return outcomes_of(jobs, run.engineers, len(self.country.regions), self.country.now, self.until)

    def _touched(self) -> list[int]:
        homes = {int(self.country.engineers.region[move.engineer]) for move in self.transfers}
        return sorted(homes | {move.to_region for move in self.transfers})

    def _region(self, at: int, name: str, pairs: Sequence[Pair]) -> RegionFork:
        without = [pair.without[at] for pair in pairs]
        with_move = [pair.with_move[at] for pair in pairs]
        gives = any(move.home_region == name for move in self.plan.moves)
        gets = any(move.to_region == name for move in self.plan.moves)
        roles: dict[tuple[bool, bool], Role] = {
            (True, True): "both", (True, False): "donor", (False, True): "receiver", (False, False): "other"
        }  # fmt: skip
        coming = future_of(without)
        return RegionFork(
            region=name,
            role=roles[gives, gets],
            without=coming,
            with_move=future_of(with_move),
            difference=future_of([w.less(o) for w, o in zip(with_move, without, strict=True)]),
            bias=bias_at(coming.waited_min.mean),
        )


def fork_of(
    folds: Iterable[PartitionFold],
    plan: MovePlan,
    horizon_min: float = HORIZON_MIN,
    only: Collection[str] | None = None,
) -> Fork:
    """Fork the folds as they stand, at the latest of their clocks. Raises CannotFork.

    `only`: the regions looked at (None: all). Moves that a home region would refuse at this moment are left
    out and named with the rule.
    """
    folds = [fold for fold in folds if only is None or set(fold.regions) & set(only)]
    states = _real_ones(folds, only)
    clocks = [to_ms(fold.now) for fold in folds if fold.now is not None and fold.regions]
    if not states or not clocks:
        raise CannotFork("no such region is known here, or no clock has ticked yet")
    now = max(clocks)
    policy = folds[0].policy
    positions = _positions(folds, states)
    country = country_of(states, policy, now)
    seeds = {at.region: f"{at.log}/{at.region}/{at.next_offset}" for at in positions}
    refused = tuple(_refusals(folds, states, plan, now))
    unfit = {refusal.engineer_id for refusal in refused}
    transfers = tuple(_transfer(country, move) for move in plan.moves if move.engineer_id not in unfit)
    return Fork(
        country=country,
        sources=sources_of(states, seeds, policy, DAY, now),
        plan=plan,
        transfers=transfers,
        positions=positions,
        refused=refused,
        journeys=tuple(_journey(country, transfer) for transfer in transfers),
        until=now + minutes_ms(horizon_min),
    )


def _real_ones(folds: Iterable[PartitionFold], only: Collection[str] | None) -> dict[str, RegionState]:
    """The regions to look at, by name: those named, without names all but drills; the two never together."""
    known = {name: region for fold in folds for name, region in fold.regions.items()}
    chosen = {n: r for n, r in known.items() if (not r.exercise if only is None else n in only)}
    drill = all(region.exercise for region in chosen.values())
    return {name: region for name, region in chosen.items() if region.exercise == drill}


def _positions(folds: Iterable[PartitionFold], known: Collection[str]) -> tuple[Position, ...]:
    """How far each region's log was folded, in the order of the regions' names."""
    found = [
        Position(region=name, log=fold.log or UNNAMED_LOG, next_offset=fold.next_offset)
        for fold in folds
        for name in fold.regions
        if name in known
    ]
    return tuple(sorted(found, key=lambda position: position.region))


def _transfer(country: Country, move: PlannedMove) -> Transfer:
    return Transfer(
        engineer=country.names.index(move.engineer_id),
        to_region=country.regions.index(move.to_region),
        departs_at=country.now,
        until=to_ms(move.until),
        staging=np.array(unit_vector(move.staging.lat, move.staging.lon)),
    )


def _journey(country: Country, transfer: Transfer) -> MoveJourney:
    engineer, job = country.names[transfer.engineer], int(country.engineers.held[transfer.engineer])
    start = country.engineers.places_at(np.array([transfer.engineer]), transfer.departs_at)[:, 0]
    took = travel_ms_between(start, transfer.staging.copy(), country.per_radian[transfer.to_region])
    return MoveJourney(
        engineer_id=engineer,
        arrives_at=to_moment(transfer.departs_at + int(took)),
        in_hand=country.incidents[job] if job != NOBODY else None,
    )


def _refusals(
    folds: Sequence[PartitionFold], known: Collection[str], plan: MovePlan, now: int
) -> Iterable[Refusal]:
    """What the home regions' own folds, as copies, answer to the plan's moves one after the other."""
    owners = {name: fold for fold in folds for name in fold.regions if name in known}
    copies: dict[int, PartitionFold] = {}
    for number, move in enumerate(plan.moves):
        fold = owners.get(move.home_region)
        missing = next((r for r in (move.home_region, move.to_region) if r not in owners), None)
        if fold is None or missing is not None:
            yield Refusal(engineer_id=move.engineer_id, rule="unknown_region", detail=f"no region {missing}")
            continue
        copy = copies.get(id(fold)) or copies.setdefault(id(fold), _copy_of(fold))
        needed = owners[move.to_region].regions[move.to_region].rules.entry_certificates
        loan = loan_of(move, f"fork/{number}", AUTHORITY)
        event = CommitLoan(region=move.home_region, loan=loan, certificates=list(needed))
        copy.now = to_moment(now)
        for decision in copy.step(
            Logged(copy.next_offset, move.home_region, "fork", f"fork/{number}", event)
        ):
            if decision.kind == "refused":
                yield Refusal(
                    engineer_id=move.engineer_id,
                    rule=decision.reason or "refused",
                    detail=decision.detail or "",
                )


def _copy_of(fold: PartitionFold) -> PartitionFold:
    """The same state, to be asked what it would answer: its reasons are not looked at."""
    return UnexplainedFold.restore(fold.snapshot(), fold.policy)
