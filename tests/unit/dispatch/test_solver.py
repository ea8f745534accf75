"""The solver that decides is scipy's own, whichever way it is loaded."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment as public

from services.dispatch import solver


@pytest.mark.parametrize("seed", range(20))
def test_it_decides_as_the_public_one_ties_included(seed: int) -> None:
    """Few distinct costs make many ties: the same pairs in the same order all the same."""
    chance = np.random.default_rng(seed)
    table = chance.integers(0, 5, chance.integers(1, 40, 2)).astype(np.float64)
    for maximize in (False, True):
        ours, theirs = (s(table, maximize=maximize) for s in (solver.linear_sum_assignment, public))
        assert [side.tolist() for side in ours] == [side.tolist() for side in theirs]


def test_a_scipy_that_keeps_it_elsewhere_is_asked_by_its_public_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the compiled module the public function decides."""
    monkeypatch.setattr("importlib.machinery.PathFinder.find_spec", lambda *_: None)
    assert solver._solver() is public


def test_a_fold_is_there_without_the_rest_of_scipy() -> None:
    """Neither scipy.optimize nor scipy.sparse is imported before a matching is large."""
    code = "import sys, services.dispatch.fold; print([n for n in sys.modules if n.startswith('scipy.')])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
