"""A fork's futures on all cores: played by copies of this process, told in the order of their numbers."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import NamedTuple

from services.whatif.fork import Fork, Pair
from services.whatif.outcomes import Outcome

_HELD: list[Fork] = []
"""The fork that this process plays."""


class Played(NamedTuple):
    """One future and what it cost."""

    pair: Pair
    cpu_s: float


Moved = tuple[list[Outcome], float]
"""The arm with the move, and its CPU seconds."""


def play_all(fork: Fork, wanted: int, processes: int | None = None) -> Iterator[Played]:
    """The futures 0, 1, ... one by one as they come; on one core without any other process.

    Of the first, one arm is played here and the other beside it, before any other begins.
    """
    count = min(processes or len(os.sched_getaffinity(0)), wanted)
    _HELD[:] = [fork]
    if count == 1:
        yield from map(_play, range(wanted))
        return
    # Forked, so that nothing is imported again and the state need not be sent; no thread runs by now.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        try:
            first = _first(fork, pool.submit(_play_moved) if fork.transfers else None)
            others = pool.map(_play, range(1, wanted))
            yield first
            yield from others
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _first(fork: Fork, moved: Future[Moved] | None) -> Played:
    """The first future as soon as may be: two arms on two cores."""
    began = time.process_time()
    without = fork.without(0)
    mine_s = time.process_time() - began
    with_move, theirs_s = (without, 0.0) if moved is None else moved.result()
    return Played(fork.paired(without, with_move), mine_s + theirs_s)


def _play_moved() -> Moved:
    began = time.process_time()
    with_move = _HELD[0].with_move(0)
    return with_move, time.process_time() - began


def _play(number: int) -> Played:
    began = time.process_time()
    pair = _HELD[0].pair(number)
    return Played(pair, time.process_time() - began)
