"""Plans to be forked: from who was named, or from how many are wanted, chosen as the coordinator chooses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from schemas.base import Place
from schemas.lending import EngineersRequested, Offer
from schemas.plans import MOST_MOVES, MovePlan, PlannedMove
from services.dispatch.fold import Logged, PartitionFold, UnexplainedFold
from services.dispatch.load import region_load
from services.dispatch.moments import to_moment, to_ms
from services.dispatch.state import RegionState
from services.surge.policy import LendingPolicy
from services.surge.proposals import Lack, Sent, Spare, who_goes


class NoPlan(ValueError):
    """What was asked for can not be put as a plan; the message says why."""


def named(folds: Sequence[PartitionFold], wishes: Iterable[tuple[str, str]], lease_min: float) -> MovePlan:
    """Each engineer named to a region. Raises NoPlan where one of them is not known here."""
    regions = {name: region for fold in folds for name, region in fold.regions.items()}
    owners = {engineer: region for region in regions.values() for engineer in region.engineers}
    moves = []
    for engineer_id, to_region in wishes:
        home, target = owners.get(engineer_id), regions.get(to_region)
        if home is None or target is None:
            missing = f"engineer {engineer_id}" if home is None else f"region {to_region}"
            raise NoPlan(f"{missing} is not known here")
        moves.append(
            PlannedMove(
                engineer_id=engineer_id,
                home_region=home.region,
                to_region=to_region,
                owner_epoch=home.engineers[engineer_id].owner_epoch,
                staging=staging_of(target),
                until=to_moment(clock_of(folds)) + timedelta(minutes=lease_min),
            )
        )
    return MovePlan(moves=moves)


def wanted(
    folds: Sequence[PartitionFold],
    to_region: str,
    count: int,
    policy: LendingPolicy,
    lease_min: float,
    only: Collection[str] | None = None,
) -> MovePlan:
    """So many engineers to a region, from all others together: skills wanted, journeys, who is missed least.

    Asks copies of the folds of the other regions (of `only`) what they would offer. Raises NoPlan.
    """
    regions = {name: region for fold in folds for name, region in fold.regions.items()}
    target = regions.get(to_region)
    if target is None:
        raise NoPlan(f"region {to_region} is not known here")
    now = clock_of(folds)
    until = to_moment(now) + timedelta(minutes=lease_min)
    load = region_load(target, "fork", 0, now)
    work = {p: ms for p, ms in load.waiting_work_ms.items() if ms} or {
        p: d.work_ms for p, d in load.demand.items()
    }
    needed = target.rules.entry_certificates
    lack = Lack(to_region, min(count, MOST_MOVES), work, staging_of(target), needed, until)
    offers = {n: o for fold in folds for n, o in _offers(fold, lack, until, only)}
    spares = [Spare(name, len(offered), offered) for name, offered in sorted(offers.items()) if offered]
    sent = who_goes([lack], spares, load.ms_per_km, policy.travel_price_permille)
    if not sent:
        raise NoPlan(f"nobody who is needed in {to_region} can be spared elsewhere")
    return MovePlan(moves=[_planned(one, lack, until) for one in sent])


def _planned(sent: Sent, lack: Lack, until: datetime) -> PlannedMove:
    return PlannedMove(
        engineer_id=sent.offer.engineer_id,
        home_region=sent.home_region,
        to_region=lack.region,
        owner_epoch=sent.offer.owner_epoch,
        staging=lack.staging,
        until=until,
    )


def _offers(
    fold: PartitionFold, lack: Lack, until: datetime, only: Collection[str] | None
) -> Iterator[tuple[str, list[Offer]]]:
    """What each other region of a fold (of `only`) would offer now, asked of a copy."""
    donors = [name for name in fold.regions if name != lack.region and (only is None or name in only)]
    copy = UnexplainedFold.restore(fold.snapshot(), fold.policy) if donors else fold
    for name in donors:
        request = EngineersRequested(
            request_id=f"fork/{name}",
            region=name,
            to_region=lack.region,
            wanted=dict(lack.wanted),
            most=MOST_MOVES,
            staging=lack.staging,
            until=until,
            certificates=list(lack.certificates),
        )
        decided = copy.step(Logged(copy.next_offset, name, "fork", request.request_id, request))
        yield name, next((list(one.offers or []) for one in decided if one.kind == "lending_offered"), [])


def staging_of(region: RegionState) -> Place:
    """Where whoever is lent to a region drives to: the middle of what waits, or of its engineers' homes."""
    load = region_load(region, "fork", 0, 0)
    if load.centre is not None:
        return load.centre
    raise NoPlan(f"region {region.region} has no place yet: nothing was reported there, nobody lives there")


def clock_of(folds: Sequence[PartitionFold]) -> int:
    """The latest of the folds' clocks (ms); NoPlan where none has ticked."""
    clocks = [to_ms(fold.now) for fold in folds if fold.now is not None]
    if not clocks:
        raise NoPlan("no clock has ticked yet")
    return max(clocks)
