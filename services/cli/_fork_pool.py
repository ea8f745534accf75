"""A fork's futures on all cores: played by copies of this process, told in the order of their numbers."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from services.whatif.fork import Fork, Pair

_HELD: list[Fork] = []
"""The fork that this process plays."""


class Played(NamedTuple):
    """One future and what it cost."""

    pair: Pair
    cpu_s: float


def play_all(fork: Fork, wanted: int, processes: int | None = None) -> Iterator[Played]:
    """The futures 0, 1, ... one by one as they come; on one core without any other process."""
    count = min(processes or len(os.sched_getaffinity(0)), wanted)
    _HELD[:] = [fork]
    if count == 1:
        yield from map(_play, range(wanted))
        return
    # Forked, so that nothing is imported again and the state need not be sent; no thread runs by now.
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        try:
            yield from pool.map(_play, range(wanted))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _play(number: int) -> Played:
    began = time.process_time()
    pair = _HELD[0].pair(number)
    return Played(pair, time.process_time() - began)
