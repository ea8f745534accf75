"""A fork's futures on all cores: played by copies of this process, told in the order of their numbers."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from services.whatif.fork import Fork, Pair

BEHIND = 3
"""Added to the niceness of who plays the others: the first is awaited, and has nearly a whole core."""

_HELD: list[Fork] = []
"""The fork that this process plays."""


class Played(NamedTuple):
    """One future and what it cost."""

    pair: Pair
    cpu_s: float


def play_all(fork: Fork, wanted: int, processes: int | None = None) -> Iterator[Played]:
    """The futures 0, 1, ... one by one as they come; on one core without any other process.

    The first is played here at once, ahead of the processes that meanwhile begin with the others.
    """
    count = min(processes or len(os.sched_getaffinity(0)), wanted)
    _HELD[:] = [fork]
    if count == 1:
        yield from map(_play, range(wanted))
        return
    # Forked, so that nothing is imported again and the state need not be sent; no thread runs by now.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, mp_context=context, initializer=os.nice, initargs=(BEHIND,)) as pool:
        try:
            others = pool.map(_play, range(1, wanted))
            yield _play(0)
            yield from others
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _play(number: int) -> Played:
    began = time.process_time()
    pair = _HELD[0].pair(number)
    return Played(pair, time.process_time() - began)
