"""Small scenarios for tests: a few hours, a handful of engineers, written and read like any other."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from services.simulation.cities import CITIES, NEIGHBOURS
from services.simulation.making import Recipe, Wave, write_scenario
from services.simulation.scenarios import Scenario, read_scenario

QUIET = Recipe("small and quiet", 3, 8, 6, 6.0, 40)
STRUCK = Recipe("small and struck", 4, 8, 6, 5.0, 35, (Wave(0.5, 25, 1.5),))
TWO_REGIONS = Recipe("two small regions", 3, 8, 5, 5.0, 40, (Wave(0.5, 12, 1),))


def write_small(recipe: Recipe, seed: int, out: Path) -> None:
    """Write a small scenario of this recipe by seed."""
    chance = random.Random(f"small/{seed}")
    cities = NEIGHBOURS[seed % len(NEIGHBOURS)][:2] if recipe is TWO_REGIONS else (CITIES[seed % 17],)
    write_scenario(f"small-{seed}", recipe, cities, chance, out)


def small(recipe: Recipe, seed: int) -> Scenario:
    """A small scenario as it is read from disk."""
    with tempfile.TemporaryDirectory() as folder:
        write_small(recipe, seed, Path(folder))
        return read_scenario(Path(folder))
