"""From what workers and relay nodes say to what they are asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.capacity.load import CATCH_UP_S, RelaySample, WorkerSample, fleet_load, relay_demand

USUAL_S = 0.002


def test_demand_is_what_comes_and_what_has_piled_up() -> None:
    """1,000 events a second at 0.8 ms fill 0.8 of a worker; 2,000 behind add what works them off in time."""
    before = {"a": WorkerSample(0, 0, 0, 0.0), "b": WorkerSample(0, 0, 0, 0.0)}
    now = {"a": WorkerSample(5, 1400, 3000, 2.4), "b": WorkerSample(5, 600, 2000, 1.6)}
    load = fleet_load(before, now, USUAL_S)
    assert load is not None
    assert load.folded_per_s == pytest.approx(1000)
    assert load.events_per_s_of_one == pytest.approx(1250)
    assert load.demand().processes == pytest.approx(0.8 + 2000 * 0.0008 / CATCH_UP_S)
    assert not load.demand().drained


def test_a_restarted_worker_counts_from_its_next_reading_on() -> None:
    """Its counters began again at 0: the difference to the old ones is no measure, its backlog is one."""
    before = {"a": WorkerSample(0, 0, 900, 9.0), "b": WorkerSample(0, 0, 0, 0.0)}
    now = {"a": WorkerSample(5, 30, 10, 0.5), "b": WorkerSample(5, 0, 500, 1.0)}
    load = fleet_load(before, now, USUAL_S)
    assert load is not None
    assert (load.workers, load.behind_events) == (2, 30)
    assert load.folded_per_s == pytest.approx(100)


def test_too_few_events_do_not_change_what_one_costs() -> None:
    """In a quiet time the known cost of an event stands: a few ticks would carry the whole idle CPU."""
    load = fleet_load({"a": WorkerSample(0, 0, 0, 0)}, {"a": WorkerSample(5, 0, 4, 0.5)}, USUAL_S)
    assert load is not None
    assert load.seconds_per_event == USUAL_S


def test_an_idle_worker_does_not_make_an_event_look_dear() -> None:
    """At a tenth or a third of a core an event costs what is known, not a share of polls; cheaper counts."""
    for busy_s in (0.5, 1.5):
        one = fleet_load({"a": WorkerSample(0, 0, 0, 0)}, {"a": WorkerSample(5, 0, 100, busy_s)}, USUAL_S)
        assert one is not None
        assert one.seconds_per_event == USUAL_S
    other = fleet_load({"a": WorkerSample(0, 0, 0, 0)}, {"a": WorkerSample(5, 0, 500, 0.5)}, USUAL_S)
    assert other is not None
    assert other.seconds_per_event == pytest.approx(0.001)


def test_nobody_seen_twice_is_a_load_that_nobody_knows() -> None:
    """Without two readings of one worker there is no rate."""
    sample = WorkerSample(5, 10, 10, 1)
    assert fleet_load({}, {"a": sample}, USUAL_S) is None
    assert fleet_load({"b": sample}, {"a": sample}, USUAL_S) is None


SAMPLES = st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e4))


@given(st.lists(st.tuples(SAMPLES, SAMPLES), min_size=1, max_size=5), st.floats(0, 1e6))
def test_a_longer_backlog_never_asks_for_less(
    pairs: list[tuple[tuple[float, float, float], tuple[float, float, float]]], more: float
) -> None:
    """Whatever the counters say, the demand is no negative number and grows with the distance."""
    before = {str(n): WorkerSample(0, *early) for n, (early, _) in enumerate(pairs)}
    now = {
        str(n): WorkerSample(5, late[0], early[1] + late[1], early[2] + late[2])
        for n, (early, late) in enumerate(pairs)
    }
    further = {
        **now,
        "0": WorkerSample(5, now["0"].behind_events + more, now["0"].events_folded, now["0"].busy_s),
    }
    one, other = fleet_load(before, now, USUAL_S), fleet_load(before, further, USUAL_S)
    assert one is not None
    assert other is not None
    assert 0 <= one.demand().processes <= other.demand().processes + 1e-9


def test_relay_nodes_follow_the_share_of_their_room() -> None:
    """150 of 400 places over two nodes fill three quarters of one; without a node nobody knows."""
    demand = relay_demand([RelaySample(100, 200), RelaySample(50, 200)])
    assert demand is not None
    assert demand.processes == pytest.approx(0.75)
    assert relay_demand([]) is None
