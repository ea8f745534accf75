"""The lending of engineers under lost, doubled and overtaken letters, and crashes at every step."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import Phase, given, settings

from tests.simulation.dispatch.generated import Draws, evenly
from tests.simulation.lending.post import ENGINEERS, REGIONS, Country

STATUSES = ("acknowledged", "en_route", "on_site", "resolved")
BREAKS = ("break_started", "break_ended", "shift_ended", "shift_started")
CHEAP = settings(max_examples=40, phases=(Phase.explicit, Phase.generate), deadline=None, derandomize=True)

moves = evenly(3, 20, 120)


def make(country: Country, draw: Draws) -> None:
    """One thing happens: about a loan, about a letter, or in a region."""
    what, who, how = draw
    engineer, region = country.engineers[who % len(ENGINEERS)], country.names[how % len(REGIONS)]
    happenings: list[Callable[[], object]] = [
        *[lambda: country.commit(engineer, region, hours=1 + how % 9, stale=how % 7 == 0)] * 3,
        lambda: country.commit_again(who),
        lambda: country.move_house(engineer, region, said_to=how // 7),
        lambda: country.extend(who, hours=how % 12),
        lambda: country.recall(who),
        *[lambda: country.deliver(who)] * 2,
        lambda: country.deliver(who, keep=True),
        lambda: country.lose(who),
        lambda: country.crash(region),
        lambda: country.save(region),
        lambda: country.tick(region, minutes=how % 90),
        lambda: country.report(region),
        lambda: country.work_on(engineer, STATUSES[how % len(STATUSES)]),
        lambda: country.rest(engineer, BREAKS[how % len(BREAKS)]),
    ]
    happenings[what % len(happenings)]()


def everybody_comes_home(country: Country) -> None:
    """Once the post works: all are home, no loan is left, and all that was said fits together."""
    country.heal()
    for engineer_id in ENGINEERS:
        home = country.regions[country.home(engineer_id)]
        assert country.holder(engineer_id) is home, f"{engineer_id} never came home"
        assert home.fold.regions[home.name].engineers[engineer_id].loan is None
    country.moves.ended(country.now)


@CHEAP
@given(moves)
def test_an_engineer_has_one_owner_at_every_moment_and_every_loan_ends(draws: list[Draws]) -> None:
    """Whatever is lost, doubled, overtaken or crashes: one owner always; once the post works all are home."""
    country = Country()
    for draw in draws:
        make(country, draw)
        country.check()
    everybody_comes_home(country)


@pytest.mark.parametrize("seed", [1_000_023, 2_000_030])
def test_a_handover_whose_engineer_has_come_back_is_not_said_again(seed: int) -> None:
    """The answer to it was lost, and the engineer was back before the home region asked anew."""
    rng = Random(seed)
    country = Country()
    for _ in range(rng.randint(10, 80)):
        make(country, (rng.randint(0, 999), rng.randint(0, 999), rng.randint(0, 999)))
        country.check()
    everybody_comes_home(country)


@CHEAP
@given(moves)
def test_a_crash_changes_nothing_that_was_decided(draws: list[Draws]) -> None:
    """Region by region, a fold restored from any snapshot and folded on stands where the other stood."""
    country = Country()
    for draw in draws:
        make(country, draw)
    for region in country.regions.values():
        before = region.fold.digest()
        region.crash()
        assert region.fold.digest() == before


LOAN: tuple[Callable[[Country], object], ...] = (
    lambda country: country.commit("R1-0", "R2", hours=6, stale=0),
    lambda country: country.deliver(0),
    lambda country: country.deliver(0),
    lambda country: country.tick_all(120),
    lambda country: country.extend(0, 9),
    lambda country: country.report("R2"),
    lambda country: country.recall(0),
    lambda country: country.work_on("R1-0", "resolved"),
    lambda country: country.tick_all(1),
    lambda country: country.deliver(0),
    lambda country: country.deliver(0),
    lambda country: country.tick_all(120),
)
"""One loan from its commitment to its return."""
TROUBLES: dict[str, Callable[[Country], object]] = {
    "the home region crashes": lambda country: country.crash("R1"),
    "the other region crashes": lambda country: country.crash("R2"),
    "all letters are lost": lambda country: country.letters.clear(),
    "all letters come twice": lambda country: country.letters.extend(country.letters),
    "all letters come in the wrong order": lambda country: country.letters.reverse(),
}


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_a_loan_ends_at_home_whatever_happens_at_any_one_of_its_steps(trouble: str) -> None:
    """After each step in turn: one owner all the time, given once and given back once, at home in the end."""
    for step in range(len(LOAN)):
        country = Country()
        for number, happens in enumerate(LOAN):
            happens(country)
            if number == step:
                TROUBLES[trouble](country)
            country.check()
        everybody_comes_home(country)
        assert country.moves.ended(country.now) == 2
