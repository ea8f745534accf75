"""Other dispatchers in the place of ours: the same fold, the same phones, another way to decide who goes.

greedy    by weight, then age, each incident gets the nearest idle engineer who may go
matching  an optimal matching of what waits with idle engineers, at each event
vroom     VROOM, with promises as time windows and weights as priorities, asked anew whenever somebody idle
          could be sent. It saves travel, not waiting, so it is asked what serves it best: while enough are
          idle each of them takes one incident; where more waits it plans routes for all on shift, and the
          first visit of whoever is idle is carried out. What fits no window is planned again without one

None of them turns anybody under way, posts anybody, or knows more than ours.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np

from schemas.events import RegionEvent
from services.dispatch import lifecycle, mirror
from services.dispatch.cost import supply_at
from services.dispatch.fold import PartitionFold
from services.dispatch.matching import cheapest_matching
from services.dispatch.moments import minutes_ms
from services.dispatch.policy import DispatchPolicy
from services.dispatch.rule_mask import may_go
from services.dispatch.step import apply
from services.dispatch.travel import ms_per_radian, travel_ms_between
from services.dispatch.turn import Turn
from services.dispatch.warm import IDLE, WAITING, Ints
from tests.bench._report import CouldNotMeasure

HORIZON_S = 7 * 24 * 3600
HIGHEST_PRIORITY = 100


class Peer(PartitionFold):
    """A fold that decides in another way; it explains nothing."""

    def __init__(self, policy: DispatchPolicy | None = None) -> None:
        super().__init__(policy, detail=None)

    def decide(self, turn: Turn, event: RegionEvent) -> None:
        """Apply the event, then send whom this dispatcher sends."""
        apply(turn, event)
        if not turn.replan:
            return
        region = turn.region
        region.planned_at = turn.now
        mirror.places_changed(region)
        slots = np.flatnonzero(region.warm.incidents.standing == WAITING)
        rows = np.flatnonzero(region.warm.engineers.standing == IDLE)
        if len(slots) and len(rows):
            self.send(turn, slots, rows)

    def send(self, turn: Turn, slots: Ints, rows: Ints) -> None:
        """Give incidents that wait (`slots`) to idle engineers (`rows`)."""
        raise NotImplementedError


def _assign(turn: Turn, slot: int, row: int) -> None:
    lifecycle.assign(turn, turn.region.by_slot[slot], [turn.region.by_row[row]])


def _travel_ms(turn: Turn, slots: Ints, rows: Ints) -> Ints:
    """Every engineer (down) to every incident (across), ms."""
    warm = turn.region.warm
    places = warm.engineers.places_at(rows, turn.now)
    sites = warm.incidents.place[:, slots]
    return travel_ms_between(places[:, :, None], sites[:, None, :], ms_per_radian(turn.region.terms))


def _allowed(turn: Turn, slots: Ints, rows: Ints) -> np.ndarray:
    """Who (down) may be sent where (across)."""
    slot, row = np.tile(slots, len(rows)), np.repeat(rows, len(slots))
    return may_go(turn, slot, row).reshape(len(rows), len(slots))


class Greedy(Peer):
    """By weight, then age, each incident gets the nearest idle engineer who may go."""

    def send(self, turn: Turn, slots: Ints, rows: Ints) -> None:
        """One incident after the other."""
        took = np.where(_allowed(turn, slots, rows), _travel_ms(turn, slots, rows), np.iinfo(np.int64).max)
        weight = turn.region.warm.incidents.weight
        incidents = [(turn.region.by_slot[slot], at) for at, slot in enumerate(slots.tolist())]
        incidents.sort(key=lambda i: (-weight[i[0].slot], i[0].reported_at, i[0].incident_id))
        for incident, at in incidents:
            nearest = int(np.argmin(took[:, at]))
            if took[nearest, at] < np.iinfo(np.int64).max:
                took[nearest] = np.iinfo(np.int64).max
                _assign(turn, incident.slot, int(rows[nearest]))


class Matching(Peer):
    """The matching of what waits with idle engineers that leaves the least weighted waiting."""

    def send(self, turn: Turn, slots: Ints, rows: Ints) -> None:
        """All at once; what is left over counts as waiting on for the policy's `postpone_min`."""
        row, at = np.nonzero(_allowed(turn, slots, rows))
        took = _travel_ms(turn, slots, rows)[row, at]
        cost = turn.region.warm.incidents.weight[slots[at]] * (took - minutes_ms(turn.policy.postpone_min))
        order = np.lexsort((row, at))
        given = cheapest_matching(at[order], row[order], cost[order], (len(slots), len(rows)), dearest=0)
        for slot, column in zip(slots.tolist(), given.tolist(), strict=True):
            if column >= 0:
                _assign(turn, slot, int(rows[column]))


class Vroom(Peer):
    """One incident for each who is idle, or where more waits routes for everybody on shift."""

    def send(self, turn: Turn, slots: Ints, rows: Ints) -> None:
        """Carry out the first visit of each idle engineer's route."""
        if not _allowed(turn, slots, rows).any():
            return
        overloaded = len(slots) > len(rows)
        on_shift = np.flatnonzero(turn.region.warm.engineers.standing > 0) if overloaded else rows
        visits = _visits(_vroom_problem(turn, slots, on_shift))
        if late := set(slots.tolist()) - {slot for _, slot in visits}:
            visits = _visits(_vroom_problem(turn, slots, on_shift, late))
        idle, visited = set(rows.tolist()), set()
        for row, slot in visits:
            if row in idle and row not in visited:
                visited.add(row)
                _assign(turn, int(slot), int(row))


def _visits(problem: Any) -> list[tuple[int, int]]:
    """Engineer and incident of each visit, route by route; what is left out has none."""
    routes = problem.solve(exploration_level=1, nb_threads=1).routes
    if not len(routes):
        return []
    told = routes[routes["type"] == "job"][["vehicle_id", "id"]]
    return [(int(row), int(slot)) for row, slot in told.itertuples(index=False)]


def _vroom_problem(turn: Turn, slots: Ints, rows: Ints, late: Container[int] = ()) -> Any:
    """Vehicles free now (one job each where all are), or when their work should end; what waits as jobs.

    `late`: incidents whose promise nobody can keep; they have no time window.
    """
    vroom = _vroom()
    warm = turn.region.warm
    one_each = {"max_tasks": 1} if (warm.engineers.standing[rows] == IDLE).all() else {}
    supply = supply_at(turn.region, turn.policy, rows, turn.now)
    places = supply.places.copy()
    held = np.flatnonzero(supply.held_slot >= 0)
    sites = warm.incidents.place[:, supply.held_slot[held]]
    per_radian = ms_per_radian(turn.region.terms)
    ready = supply.ready.copy()
    under_way = travel_ms_between(places[:, held], sites, per_radian)
    service = warm.incidents.service[supply.held_slot[held]]
    ready[held] = np.where(ready[held] > 0, ready[held], under_way + service)
    places[:, held] = sites
    points = np.concatenate([places, warm.incidents.place[:, slots]], axis=1)
    seconds = travel_ms_between(points[:, :, None], points[:, None, :], per_radian) // 1000
    problem = vroom.Input()
    problem.set_durations_matrix(profile="car", matrix_input=seconds.astype(np.uint32))
    heaviest = int(warm.incidents.weight[slots].max())
    for at, row in enumerate(rows.tolist()):
        window = vroom.TimeWindow(int(ready[at]) // 1000, HORIZON_S)
        skills = _skills(warm.engineers.levels[:, row])
        problem.add_vehicle(vroom.Vehicle(row, start=at, skills=skills, time_window=window, **one_each))
    for at, slot in enumerate(slots.tolist(), start=len(rows)):
        spare_s = (int(warm.incidents.promised[slot]) - turn.now) // 1000
        problem.add_job(
            vroom.Job(
                slot,
                location=at,
                default_service=int(warm.incidents.service[slot]) // 1000,
                priority=HIGHEST_PRIORITY * int(warm.incidents.weight[slot]) // heaviest,
                skills={10 * int(warm.incidents.product[slot]) + int(warm.incidents.level[slot])},
                time_windows=[
                    vroom.TimeWindow(0, spare_s if spare_s > 0 and slot not in late else HORIZON_S)
                ],
            )
        )
    return problem


def _skills(levels: np.ndarray) -> set[int]:
    """VROOM's skills are all or nothing: one for each product and each level up to the engineer's."""
    return {
        10 * product + level for product, most in enumerate(levels.tolist()) for level in range(1, most + 1)
    }


def _vroom() -> Any:
    try:
        import vroom
    except ImportError as error:
        raise CouldNotMeasure(
            "pyvroom is not installed: pip install 'muster[peers]', or leave vroom out of --against"
        ) from error
    return vroom


PEERS: dict[str, type[Peer]] = {"greedy": Greedy, "matching": Matching, "vroom": Vroom}


def ready(name: str) -> type[Peer]:
    """A peer by its name; CouldNotMeasure where there is none, or what it needs is not installed."""
    if name not in PEERS:
        raise CouldNotMeasure(f"no peer is called {name!r}; there are {', '.join(PEERS)}")
    if name == "vroom":
        _vroom()
    return PEERS[name]
