"""One assignment over allowed pairs: as many as can be served, at the least cost together."""

from __future__ import annotations

import numpy as np

from services.dispatch.solver import linear_sum_assignment
from services.dispatch.warm import Ints

DENSE_CELLS = 250_000
"""Up to this many cells a dense solve is the faster one."""


def cheapest_matching(
    row: Ints, column: Ints, cost: Ints, shape: tuple[int, int], dearest: int | None = None
) -> Ints:
    """The column given to each row, -1 for none.

    Pairs that are not listed are not allowed. A pair is always better than none, so nobody idles while
    something they can serve waits. Costs are whole numbers: both solvers only add and subtract, exactly.
    `dearest`: the cost that a pair is worth next to nothing at; without it the largest of `cost`.
    """
    given = np.full(shape[0], -1, np.int64)
    if not len(cost):
        return given
    # Worth of a pair: above 0, and any pair less costly is worth more.
    worth = (int(cost.max()) if dearest is None else dearest) + 1 - cost
    if shape[0] * shape[1] <= DENSE_CELLS:
        table = np.zeros(shape)
        table[row, column] = worth
        rows, columns = linear_sum_assignment(table, maximize=True)
        served = table[rows, columns] > 0
        given[rows[served]] = columns[served]
        return given
    rows, columns = _sparse(row, column, worth, shape)
    served = columns < shape[1]
    given[rows[served]] = columns[served]
    return given


def _sparse(row: Ints, column: Ints, worth: Ints, shape: tuple[int, int]) -> tuple[Ints, Ints]:
    """The same with a column of its own for each row, worth next to nothing: not being served."""
    # Here, so that only who has a large matching waits for it; a worker imports it before it serves.
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    own = np.arange(shape[0], dtype=np.int64)
    graph = csr_array(
        (
            np.concatenate([worth + 1, np.ones(shape[0], np.int64)]).astype(np.float64),
            (np.concatenate([row, own]), np.concatenate([column, own + shape[1]])),
        ),
        shape=(shape[0], shape[0] + shape[1]),
    )
    rows, columns = min_weight_full_bipartite_matching(graph, maximize=True)
    return rows.astype(np.int64), columns.astype(np.int64)
