"""A drill is the same machinery, and apart: it decides as the real region, which knows nothing of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decisions import Decision
from schemas.events import RegionEvent
from schemas.exercises import EndExercise, exercise_name, exercise_of
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.invariants import broken_invariants
from tests.simulation.dispatch.generated import REGIONS, Draws
from tests.simulation.dispatch.swarm_story import swarm_story
from tests.simulation.dispatch.test_disaster_properties import many_steps, quietly

NAME = re.compile(r"[EI]\d+(\.swarm-\d+-\d+|\.follow-up-\d+)*")
PLACE = re.compile(r"\.swarm-(\d+)-")
OFFSET = re.compile(r"(swarm-|disaster-|move/R\d/)\d+")
OF_THE_LOG = {"id", "offset", "caused_by", "exercise"}
"""What differs between two decisions that say the same."""


class Beside:
    """A story's log at every fourth offset; a drill hears each event after it, and may end in its middle."""

    def __init__(self, draws: list[Draws], ends_after: int | None = None) -> None:
        self.alone = swarm_story()
        for draw in draws:
            self.alone.play(draw)
        self.fold = PartitionFold(self.alone.fold.policy)
        self.log: list[Logged] = []
        self.decisions: list[Decision] = []
        ends = set() if ends_after is None else {ends_after % len(self.alone.log), len(self.alone.log) - 1}
        for logged in self.alone.log:
            self._both(logged)
            if logged.offset in ends:
                self._end(4 * logged.offset + 2)

    def _both(self, logged: Logged) -> None:
        at, named, kind = 4 * logged.offset, logged.event.model_dump(mode="json"), type(logged.event)
        self._tell(at, logged.region, kind.model_validate(_at_offsets(named)), logged.id)
        if logged.region:
            drilled = kind.model_validate(_of_the_drill(named))
            self._tell(at + 1, exercise_of(logged.region), drilled, f"drill-{logged.id}")

    def _end(self, at: int) -> None:
        drills = [name for name, region in self.fold.regions.items() if region.exercise]
        for offset, region in enumerate(drills, start=at):
            self._tell(offset, region, EndExercise(region=region, by="lead-1"), f"end-{offset}")

    def _tell(self, offset: int, region: str, event: RegionEvent, event_id: str) -> None:
        logged = Logged(offset, region, "test", event_id, event)
        self.log.append(logged)
        self.decisions += self.fold.step(logged)
        for name, state in self.fold.regions.items():
            assert broken_invariants(state) == [], name

    @property
    def real(self) -> list[str]:
        """What was decided in earnest."""
        return [_said(decision) for decision in self.decisions if not decision.exercise]

    @property
    def drilled(self) -> list[str]:
        """What was decided in drills, as if they were real."""
        return [_said(decision) for decision in self.decisions if decision.exercise]

    @property
    def expected(self) -> list[str]:
        """What was decided where nobody practised."""
        return [_said(decision) for decision in self.alone.decisions]


def _everywhere(value: Any, rename: Callable[[str], str]) -> Any:
    """Any JSON with its strings replaced, keys too."""
    if isinstance(value, dict):
        return {_everywhere(key, rename): _everywhere(one, rename) for key, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one, rename) for one in value]
    return rename(value) if isinstance(value, str) else value


def _at_offsets(value: Any) -> Any:
    """Swarms' places are named by offsets, which are four times as large here."""
    return _everywhere(value, lambda name: PLACE.sub(lambda found: f".swarm-{4 * int(found[1])}-", name))


def _of_the_drill(value: Any) -> Any:
    """The names of what is real replaced by those of the drill."""

    def rename(name: str) -> str:
        if name in (*REGIONS, "R9"):
            return exercise_of(name)
        if NAME.fullmatch(name) is None:
            return name
        return exercise_name(PLACE.sub(lambda found: f".swarm-{4 * int(found[1]) + 1}-", name))

    return _everywhere(value, rename)


def _said(decision: Decision) -> str:
    text = decision.model_dump_json(exclude=OF_THE_LOG, exclude_none=True)
    return OFFSET.sub(r"\1", text.replace("exercise.", "").replace(".exercise", ""))


@given(many_steps)
@settings(quietly, max_examples=60)
def test_a_drill_decides_as_the_real_region_which_knows_nothing_of_it(draws: list[Draws]) -> None:
    """Rule: what is practised is what would happen, and what is real goes on as if nobody practised."""
    both = Beside(draws)
    assert both.real == both.expected
    assert both.drilled == both.expected


@given(many_steps, st.integers(0, 10_000))
@settings(quietly, max_examples=60)
def test_a_drill_that_ended_leaves_nothing_and_stays_over(draws: list[Draws], ends_after: int) -> None:
    """Rule: nobody is in it, nothing is open in it, and nothing that comes late changes what is real."""
    both = Beside(draws, ends_after)
    assert both.real == both.expected
    for name, region in both.fold.regions.items():
        if region.exercise:
            assert not region.engineers, name
            assert not region.incidents, name
            assert not region.swarms | region.causes, name
            assert region.disaster is None, name


@given(many_steps, st.integers(0, 10_000), st.integers(0, 10_000))
@settings(quietly, max_examples=40)
def test_a_drill_survives_a_restore(draws: list[Draws], ends_after: int, cut: int) -> None:
    """Rule: a snapshot anywhere, restored, decides to the end as if it had never stopped."""
    both = Beside(draws, ends_after)
    cut %= len(both.log)
    fold = PartitionFold(both.fold.policy)
    for logged in both.log[:cut]:
        fold.step(logged)
    again = PartitionFold.restore(fold.snapshot(), both.fold.policy)
    rest = [decision for logged in both.log[cut:] for decision in again.step(logged)]
    assert rest == [d for d in both.decisions if d.offset >= both.log[cut].offset]
    assert again.digest() == both.fold.digest()
