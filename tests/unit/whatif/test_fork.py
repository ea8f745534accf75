"""A fork of two small regions in a storm: paired futures, what they keep, and what they never look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.plans import MovePlan, plan_hash
from schemas.whatif import ForkReport, RegionFuture
from services.cli._fork_pool import play_all
from services.dispatch.fold import PartitionFold, UnexplainedFold
from services.dispatch.needs import FOREVER
from services.dispatch.shipped import shipped_policy
from services.dispatch.warm import UNDER_WAY, WORKING
from services.simulation.replay import Replay
from services.simulation.scenarios import Scenario
from services.surge.policy import shipped_lending_policy
from services.whatif.columns import NOBODY
from services.whatif.fork import CannotFork, Fork, fork_of
from services.whatif.futures import future
from services.whatif.plans import NoPlan, named, wanted
from services.whatif.rollout import GRID_MS, Run
from tests.simulation.small import TWO_REGIONS, small

LENDS = shipped_policy().model_copy(update={"lending_keeps_qualified": 0, "lending_floor_permille": 0})
"""Small regions have few of each skill: they lend all the same."""


@cache
def story() -> Scenario:
    """Two regions; a wave strikes the first after half an hour."""
    return small(TWO_REGIONS, 1)


def moment() -> datetime:
    """An hour and a half into it."""
    return story().reports[0].reported_at + timedelta(minutes=90)


@cache
def state() -> tuple[bytes, ...]:
    """The folds at that moment."""
    return tuple(fold.snapshot() for fold in Replay(story()).play_until(moment()))


def folds() -> list[PartitionFold]:
    """The folds at that moment, anew."""
    return [UnexplainedFold.restore(snapshot, LENDS) for snapshot in state()]


def regions() -> tuple[str, str]:
    """The one that is struck, and the other."""
    first, second = sorted({engineer.region for engineer in story().engineers})
    return first, second


def plan() -> MovePlan:
    """Two engineers from the second region to the first."""
    return wanted(folds(), regions()[0], 2, shipped_lending_policy(), 360.0)


def report(fork: Fork, futures: int = 3) -> ForkReport:
    """What so many futures tell."""
    return fork.report([fork.pair(number) for number in range(futures)], futures)


def test_the_same_fork_has_the_same_futures_in_whatever_order() -> None:
    """Chance is seeded by the logs' places and the number of the future, and by nothing else."""
    fork, again = fork_of(folds(), plan()), fork_of(folds(), plan())
    forwards = [fork.pair(number) for number in range(3)]
    backwards = [again.pair(number) for number in (2, 1, 0)]
    assert forwards == backwards[::-1]
    assert forwards[0] != forwards[1]


def test_a_fork_a_moment_later_has_other_futures() -> None:
    """The seed holds the offset: a fork of a log that has gone on is another fork."""
    later = folds()
    for fold in later:
        fold.next_offset += 1
    assert fork_of(folds(), MovePlan()).pair(0) != fork_of(later, MovePlan()).pair(0)


def test_both_arms_see_the_same_reports_and_the_same_work() -> None:
    """The difference is the move's alone: as many incidents in both arms, future by future."""
    told = report(fork_of(folds(), plan()))
    for region in told.regions:
        assert region.difference.incidents.p10 == region.difference.incidents.p90 == 0
    moved = next(region for region in told.regions if region.role == "receiver")
    assert moved.difference.waited_min.mean != 0


def test_without_a_move_there_is_no_difference() -> None:
    """An empty plan asks what comes: both arms are one, and every figure of their difference is exactly 0."""
    told = report(fork_of(folds(), MovePlan()))
    assert {region.role for region in told.regions} == {"other"}
    for region in told.regions:
        spreads = [getattr(region.difference, name) for name in RegionFuture.model_fields if name != "broken"]
        for spread in [*spreads, *region.difference.broken.values()]:
            assert set(spread.model_dump().values()) == {0.0}


def test_the_hash_that_is_shown_is_that_of_the_plan() -> None:
    """A commit names the plan by the hash that stood beside its futures, whatever was refused of it."""
    struck, other = regions()
    home = next(fold for fold in folds() if other in fold.regions).regions[other]
    on_site = next(i.engineer_id for i in home.incidents.values() if i.state == "on_site" and i.engineer_id)
    for asked in (plan(), named(folds(), [(on_site, struck)], 360), MovePlan()):
        told = report(fork_of(folds(), asked), 1)
        assert told.plan == asked
        assert told.plan_hash == plan_hash(asked)


@pytest.mark.parametrize("processes", [1, 2])
def test_futures_are_told_in_order_whoever_plays_them(processes: int) -> None:
    """One process or two, arms together or apart: the same futures by their numbers."""
    for asked in (plan(), MovePlan()):
        fork = fork_of(folds(), asked)
        played = [one.pair for one in play_all(fork, 3, processes)]
        assert played == [fork.pair(number) for number in range(3)]


def test_a_fork_does_not_peek() -> None:
    """What is reported after its moment, and how long work then takes, changes nothing of its answer."""
    kept = [one for one in story().reports if one.reported_at < moment()]
    later = [one for one in story().reports if one.reported_at >= moment()]
    other = [one.model_copy(update={"tier": "platinum", "level": 1}) for one in later[::2]]
    truth = {one.incident_id: 5.0 for one in later}
    changed = replace(story(), reports=(*kept, *other), service_min={**story().service_min, **truth})
    ran = Replay(changed, LENDS).play_until(moment())
    assert report(fork_of(ran, plan())) == report(fork_of(folds(), plan()))


def test_a_fork_changes_nothing_of_what_it_forks() -> None:
    """The folds are read: after a fork they are byte for byte what they were."""
    mine = folds()
    report(fork_of(mine, plan()), 1)
    assert tuple(fold.snapshot() for fold in mine) == state()


def test_help_shortens_the_waiting_where_it_goes_and_lengthens_it_where_it_leaves() -> None:
    """Four of eight engineers moved for eight hours: the struck region waits less, the other more."""
    struck, other = regions()
    everybody = [(e.engineer_id, struck) for e in story().engineers if e.region == other]
    fork = fork_of(folds(), named(folds(), everybody[:6], 600), 480)
    told = {region.role: region for region in report(fork, 4).regions}
    assert told["receiver"].difference.waited_min.mean < 0
    assert told["donor"].difference.waited_min.mean > 0


def test_a_move_that_the_region_would_refuse_is_left_out_and_named() -> None:
    """The home region's own fold is asked: who is on site may not go, and nobody at all below the floor."""
    struck, other = regions()
    home = next(fold for fold in folds() if other in fold.regions).regions[other]
    on_site = next(i.engineer_id for i in home.incidents.values() if i.state == "on_site" and i.engineer_id)
    told = report(fork_of(folds(), named(folds(), [(on_site, struck)], 360)), 1)
    assert [(one.engineer_id, one.rule) for one in told.refused] == [(on_site, "on_site")]
    assert all(region.difference.waited_min.mean == 0 for region in told.regions)


def test_the_journey_of_a_moved_engineer_is_told() -> None:
    """When they would be there stands beside the plan: help may come too late for its futures."""
    told = report(fork_of(folds(), plan()), 1)
    assert [one.engineer_id for one in told.journeys] == [one.engineer_id for one in told.plan.moves]
    assert all(one.arrives_at > told.at for one in told.journeys)


@pytest.mark.parametrize(
    ("wishes", "words"), [([("NOBODY", "R1")], "engineer NOBODY"), ([("", "NOWHERE")], "engineer")]
)
def test_who_is_not_known_can_not_be_planned_for(wishes: list[tuple[str, str]], words: str) -> None:
    """A plan of somebody unknown is no plan, and says whom nobody knows."""
    with pytest.raises(NoPlan, match=words):
        named(folds(), wishes, 360)
    with pytest.raises(NoPlan, match="NOWHERE"):
        wanted(folds(), "NOWHERE", 2, shipped_lending_policy(), 360)


def test_nothing_can_be_forked_before_anything_is_known() -> None:
    """Folds without a region have no future."""
    with pytest.raises(CannotFork):
        fork_of([PartitionFold()], MovePlan())


@settings(max_examples=10, deadline=None)
@given(number=st.integers(0, 10_000))
def test_a_run_keeps_everybody_and_serves_everything_once(number: int) -> None:
    """In every future: nobody is lost, nobody has two jobs, nothing is reached before it is reported."""
    fork = fork_of(folds(), plan())
    run = Run(
        fork.country,
        future(fork.country, fork.sources, number, fork.until),
        fork.transfers,
        range(len(fork.country.regions)),
    )
    people = len(fork.country.names)
    for minutes in range(0, 181, 30):
        jobs = run.play(fork.country.now + minutes * GRID_MS // 2)
        e = run.engineers
        assert len(e.region) == people
        busy = np.flatnonzero((e.phase == UNDER_WAY) | (e.phase == WORKING))
        assert (e.held[busy] != NOBODY).all()
        assert len(set(e.held[busy].tolist())) == len(busy)
        assert (jobs.holder[e.held[busy]] == busy).all()
        assert (jobs.region[e.held[busy]] == e.region[busy]).all()
        came = jobs.arrived < FOREVER
        assert (jobs.arrived[came] >= jobs.reported[came]).all()
