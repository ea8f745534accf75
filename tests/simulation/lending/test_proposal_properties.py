"""Plans of leads under lost, doubled and overtaken letters, and crashes at every step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given

from tests.simulation.dispatch.generated import Draws
from tests.simulation.lending.desks import Desks
from tests.simulation.lending.post import REGIONS
from tests.simulation.lending.test_lending_properties import (
    CHEAP,
    TROUBLES,
    everybody_comes_home,
    make,
    moves,
)


def act(desks: Desks, draw: Draws) -> None:
    """Half of the time a lead does something, else one of the things that happen anyway."""
    what, who, how = draw
    to_region, party = REGIONS[who % len(REGIONS)], REGIONS[how % len(REGIONS)]
    happenings: list[Callable[[], object]] = [
        *[lambda: desks.propose(to_region, who, 1 + how % 3, 1 + how % 9, stale=how % 7 == 0)] * 3,
        *[lambda: desks.consent(to_region, party, how)] * 5,
        lambda: desks.end(to_region, party, how),
    ]
    if what % 2:
        make(desks, (what // 2, who, how))
    else:
        happenings[what // 2 % len(happenings)]()


@CHEAP
@given(moves)
def test_what_is_carried_out_is_what_all_parties_consented_to_and_every_loan_ends(draws: list[Draws]) -> None:
    """Whatever is lost, doubled, overtaken or crashes: one owner, the consented plan, all home in the end."""
    desks = Desks()
    for draw in draws:
        act(desks, draw)
        desks.check()
    everybody_comes_home(desks)
    assert all(desks.stands(region) is None for region in REGIONS)


@CHEAP
@given(moves)
def test_a_crash_repeats_no_act_and_loses_none(draws: list[Draws]) -> None:
    """A fold restored from any snapshot and folded on has the same plan, consents and refusals."""
    desks = Desks()
    for draw in draws:
        act(desks, draw)
    for region in desks.regions.values():
        before = region.fold.digest()
        region.crash()
        assert region.fold.digest() == before


PLAN: tuple[Callable[[Desks], object], ...] = (
    lambda desks: desks.propose("R2", 0, 1, 6, stale=False),
    lambda desks: desks.consent("R2", "R1", 1),
    lambda desks: desks.consent("R2", "R2", 1),
    lambda desks: desks.deliver(0),
    lambda desks: desks.deliver(0),
    lambda desks: desks.tick_all(120),
    lambda desks: desks.tick_all(300),
    lambda desks: desks.deliver(0),
    lambda desks: desks.tick_all(120),
)
"""One plan from its proposal to the return of whom it moved."""
LOSES_LETTERS = "all letters are lost"


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_a_plan_is_carried_out_once_whatever_happens_at_any_one_of_its_steps(trouble: str) -> None:
    """After each step in turn: given once and given back once; a lost commitment is no loan at all."""
    for step in range(len(PLAN)):
        desks = Desks()
        for number, happens in enumerate(PLAN):
            happens(desks)
            if number == step:
                TROUBLES[trouble](desks)
            desks.check()
        everybody_comes_home(desks)
        assert len(desks.agreed) == 1
        lost_at_once = trouble == LOSES_LETTERS and step == 2
        assert desks.moves.ended(desks.now) == (0 if lost_at_once else 2)
