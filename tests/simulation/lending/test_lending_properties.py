"""The lending of engineers under lost, doubled and overtaken letters, and crashes at every step."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.simulation.lending.post import ENGINEERS, REGIONS, Country

Draw = tuple[int, int, int]
STATUSES = ("acknowledged", "en_route", "on_site", "resolved")
BREAKS = ("break_started", "break_ended", "shift_ended", "shift_started")
CHEAP = settings(max_examples=40, phases=(Phase.explicit, Phase.generate), deadline=None, derandomize=True)

moves = st.lists(st.tuples(*[st.integers(0, 999)] * 3), min_size=10, max_size=80)


def make(country: Country, draw: Draw) -> None:
    """One thing happens: about a loan, about a letter, or in a region."""
    what, who, how = draw
    engineer, region = ENGINEERS[who % len(ENGINEERS)], REGIONS[how % len(REGIONS)]
    happenings: list[Callable[[], object]] = [
        *[lambda: country.commit(engineer, region, hours=1 + how % 9, stale=how % 7 == 0)] * 3,
        lambda: country.commit_again(who),
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


@CHEAP
@given(moves)
def test_an_engineer_has_one_owner_at_every_moment_and_every_loan_ends(draws: list[Draw]) -> None:
    """Whatever is lost, doubled, overtaken or crashes: one owner always; once the post works all are home."""
    country = Country()
    for draw in draws:
        make(country, draw)
        country.check()
    country.heal()
    for engineer_id in ENGINEERS:
        home = country.regions[engineer_id[:2]]
        assert country.holder(engineer_id) is home, f"{engineer_id} never came home"
        assert home.fold.regions[home.name].engineers[engineer_id].loan is None


@CHEAP
@given(moves)
def test_a_crash_changes_nothing_that_was_decided(draws: list[Draw]) -> None:
    """Region by region, a fold restored from any snapshot and folded on stands where the other stood."""
    country = Country()
    for draw in draws:
        make(country, draw)
    for region in country.regions.values():
        before = region.fold.digest()
        region.crash()
        assert region.fold.digest() == before
