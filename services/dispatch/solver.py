"""The one function of scipy.optimize that decides, without the rest of that package.

Importing all of scipy.optimize costs every process 0.7 CPU seconds before it does anything; the dense solver
is a compiled module of 2 ms that needs numpy alone. Its name is private to scipy, so a test compares it with
the public one, and where a scipy has it elsewhere the public one is taken.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

import numpy as np

Solver = Callable[..., tuple[np.ndarray, np.ndarray]]


def _solver() -> Solver:
    found = _compiled() or importlib.import_module("scipy.optimize")
    solver: Solver = found.linear_sum_assignment
    return solver


def _compiled() -> Any:
    """The solver's own module; None where this scipy keeps it elsewhere."""
    package = importlib.util.find_spec("scipy")
    folders = [f"{folder}/optimize" for folder in (package and package.submodule_search_locations) or ()]
    spec = PathFinder.find_spec("_lsap", folders)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module if hasattr(module, "linear_sum_assignment") else None


linear_sum_assignment = _solver()
"""As scipy.optimize.linear_sum_assignment."""
