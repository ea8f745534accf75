"""Lending in drills: the same machinery, and an end in the middle of any loan loses and doubles nobody."""

from __future__ import annotations

from hypothesis import given

from tests.simulation.dispatch.generated import Draws
from tests.simulation.lending.drills import Drills
from tests.simulation.lending.test_lending_properties import CHEAP, make, moves


def step(drills: Drills, draw: Draws) -> None:
    """One thing in twelve is a drill's end or its next beginning."""
    what, _, how = draw
    if what % 12 == 0:
        drills.end_or_begin(drills.names[how % len(drills.names)])
    else:
        make(drills, draw)
    drills.check()


def played(draws: list[Draws]) -> Drills:
    """A story, and then the post works."""
    drills = Drills()
    for draw in draws:
        step(drills, draw)
    drills.heal()
    return drills


@CHEAP
@given(moves)
def test_a_drill_that_ends_loses_and_doubles_nobody(draws: list[Draws]) -> None:
    """Whoever's own drill goes on is home in it; of one that is over nobody is left anywhere."""
    drills = played(draws)
    for name in drills.engineers:
        home, holder = drills.home(name), drills.holder(name)
        if holder is None:
            assert drills.is_over(home) or name in drills.left_out, f"{name} is lost"
        else:
            assert not drills.is_over(home), f"{name} is in a drill that is over"
            assert holder.name == home, f"{name} never came home"
            assert holder.fold.regions[home].engineers[name].loan is None
    drills.moves.ended(drills.now)


@CHEAP
@given(moves)
def test_a_drill_that_is_over_has_nobody_and_nothing_on_its_desk(draws: list[Draws]) -> None:
    """Also whoever was on the way to it when it ended."""
    drills = played(draws)
    for name in filter(drills.is_over, drills.names):
        state = drills.regions[name].fold.regions[name]
        assert (state.engineers, state.incidents, state.desk.proposal) == ({}, {}, None)
