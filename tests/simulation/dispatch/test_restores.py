"""Stories that once went another way after a restore, and as many more; see also the property tests."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tests.simulation.dispatch.generated import Story, story
from tests.simulation.dispatch.leads_story import leads_story
from tests.simulation.dispatch.ruled_story import ruled_story
from tests.simulation.dispatch.swarm_story import swarm_story
from tests.simulation.dispatch.test_disaster_properties import flooded_story

Begin = Callable[[], Story]

FOUND: list[tuple[Begin, int]] = [
    (story, 100271),  # a promise passed while somebody was there, who was then handed over
    (ruled_story, 200310),  # a window closed while somebody was on the way, who then did not answer
    (flooded_story, 300099),  # the same in a disaster
    (flooded_story, 100037),  # a follow-up is not bound by the lock of what it follows
]
MORE: list[tuple[Begin, int]] = [
    (begin, seed)
    for begin in (story, ruled_story, flooded_story, swarm_story, leads_story)
    for seed in range(8)
]


@pytest.mark.parametrize(("begin", "seed"), FOUND + MORE)
def test_a_story_decides_on_after_a_restore(begin: Begin, seed: int) -> None:
    """Restored at six places, it goes on as it went."""
    rng = Random(seed)
    told = begin()
    for _ in range(rng.randint(6, 60)):
        told.play(tuple(rng.randint(0, 999) for _ in range(6)))
    for _ in range(6):
        told.decides_on_after_a_restore(rng.randint(0, len(told.log)))
