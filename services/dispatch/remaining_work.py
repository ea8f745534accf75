"""How much longer a job will last, given how long it has lasted: a table, the same on every machine."""

from __future__ import annotations

import numpy as np

from services.dispatch.warm import Ints

STEP_PERMILLE = 100


def remaining_ms(elapsed: Ints, expected: Ints, table: Ints) -> Ints:
    """Expected milliseconds to the end; `table`: 1/1000 of the expected work for each tenth elapsed."""
    elapsed = np.clip(elapsed, 0, 100 * expected)
    permille = elapsed * 1000 // expected
    index = np.minimum(permille // STEP_PERMILLE, len(table) - 2)
    within = np.minimum(permille - index * STEP_PERMILLE, STEP_PERMILLE)
    step = (table[index + 1] - table[index]) * within // STEP_PERMILLE
    left: Ints = (table[index] + step) * expected // 1000
    return left
