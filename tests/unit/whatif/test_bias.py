"""The bias that is shown with a fork: what was measured, of its own band of waiting."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from rich.console import Console

from services.cli._fork_text import shown
from services.whatif.bias import BANDS_MIN, bias_at, shipped_bias
from services.whatif.fork import fork_of
from tests.unit.whatif.test_fork import folds, plan, report


def test_what_ships_covers_every_waiting_and_says_how_it_was_made() -> None:
    """Bands rise to one without an end; each holds what was seen in it, and the command that measured it."""
    measured = shipped_bias()
    assert [band.up_to_min for band in measured.bands] == [*BANDS_MIN, None]
    assert measured.made.startswith("muster bench fork")
    for band in measured.bands:
        assert band.n > 1
        assert band.p10 <= band.p90


@pytest.mark.parametrize(("waited_min", "band"), [(0.0, 0), (15.0, 0), (15.1, 1), (30.0, 1), (5000.0, 3)])
def test_the_bias_is_that_of_regions_that_wait_as_long(waited_min: float, band: int) -> None:
    """A band holds its own upper edge."""
    assert bias_at(waited_min) == shipped_bias().bands[band]


def test_bands_do_not_overlap() -> None:
    """Each begins where the one before ends."""
    assert all(low < high for low, high in pairwise(BANDS_MIN))


def test_a_fork_shows_its_bias_beside_its_figures() -> None:
    """Every region's figures come with how far such figures have lain from the dispatcher's own."""
    told = report(fork_of(folds(), plan()), 2)
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(shown(told))
    text = console.export_text()
    for region in told.regions:
        assert region.bias == bias_at(region.without.waited_min.mean)
        assert f"{region.bias.waited_min:+.1f} min" in text
    assert text.count("less the dispatcher's own") == len(told.regions)
