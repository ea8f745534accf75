"""Warnings as evidence: a prior by severity and certainty, between onset and expiry, learned away."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import SEVERITY_RANK, Hazard
from schemas.lending import RecallLoan, RegionLoad
from services.surge.alerts import USUAL, learned_permille, said_permille
from services.surge.course import SLOTS
from services.surge.policy import LendingPolicy
from tests.unit.surge.test_surge import START, Story, requests

POLICY = LendingPolicy(name="test", version=1)


class Warned(Story):
    """The story of three regions with warnings for some of them."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, list[Hazard]] = {}

    def load(self, region: str) -> RegionLoad:
        """The load with the warnings that stand."""
        return super().load(region).model_copy(update={"alerts": self.alerts.get(region, [])})

    def warn(self, region: str, severity: str = "Extreme", certainty: str = "Likely", **hours: float) -> None:
        """A warning for a region from now on, for six hours."""
        onset = self.now + timedelta(hours=hours.get("onset", 0))
        expires = onset + timedelta(hours=hours.get("lasts", 6))
        whole = {"severity": severity, "certainty": certainty, "onset": onset, "expires": expires}
        self.alerts.setdefault(region, []).append(Hazard.model_validate(whole))

    def level(self, region: str = "R1") -> int:
        """What the warnings are worth now, x 1000 of the usual."""
        outlook = self.coordinator.outlooks[region]
        return outlook.warned_permille(POLICY, outlook.at)


def busy(story: Warned, hours: float, **per_h: float):
    """Time passes at 25 reports an hour: 40 engineers have much to do, and nothing is left over."""
    return story.pass_hours(hours, **({"R1": 25, "R2": 10, "R3": 10} | per_h))


def test_a_warning_asks_for_help_before_anything_has_happened() -> None:
    """Extreme and likely where many are busy: donors are asked at the next plan; without it nobody is."""
    story = Warned()
    assert busy(story, 12) == []
    story.warn("R1")
    told = requests(busy(story, 0.25))
    assert {request.region for request in told} == {"R2", "R3"}
    assert {request.to_region for request in told} == {"R1"}


def test_it_counts_between_onset_and_expiry_alone() -> None:
    """Before the onset and after the expiry a warning says nothing."""
    story = Warned()
    busy(story, 12)
    story.warn("R1", onset=1, lasts=1)
    busy(story, 0.75)
    assert story.level() == USUAL
    busy(story, 0.5)
    assert story.level() > 2 * USUAL
    busy(story, 1)
    assert story.level() == USUAL


def test_what_really_comes_unteaches_it() -> None:
    """Where nothing more than usual comes, the level falls hour by hour; where the storm comes, it stays."""
    calm, storm = Warned(), Warned()
    for story in (calm, storm):
        busy(story, 12)
        story.warn("R1")
        busy(story, 0.25)
    assert calm.level() == storm.level() > 3 * USUAL
    levels = [calm.level()]
    for _ in range(4):
        busy(calm, 1)
        busy(storm, 1, R1=25 * 8)
        levels.append(calm.level())
    assert all(later < earlier for earlier, later in pairwise(levels))
    assert levels[-1] < 1.8 * USUAL
    assert storm.level() > 3 * USUAL


def test_a_cancelled_warning_leaves_the_region_as_it_was() -> None:
    """Without the warning in its load a region is judged by its figures alone again."""
    story = Warned()
    busy(story, 12)
    needed = story.coordinator.outlooks["R1"].needed(POLICY, 900)
    story.warn("R1")
    busy(story, 0.25)
    assert story.coordinator.outlooks["R1"].needed(POLICY, 900) > needed
    story.alerts.clear()
    busy(story, 0.25)
    assert story.coordinator.outlooks["R1"].needed(POLICY, 900) <= needed + 2


def test_a_donor_that_is_warned_itself_keeps_its_people() -> None:
    """What a warning announces for later today stands in its course already, and only for that time."""
    story = Warned()
    busy(story, 12)
    story.warn("R2", "Severe", onset=3)
    before = story.coordinator.outlooks["R2"].course(POLICY, 0, [0] * SLOTS).inflow
    busy(story, 0.25)
    after = story.coordinator.outlooks["R2"].course(POLICY, 0, [0] * SLOTS).inflow
    assert after[:5] == pytest.approx(before[:5], rel=0.2)
    assert all(later > 2 * earlier for earlier, later in zip(before[7:17], after[7:17], strict=True))
    assert after[20:40] == pytest.approx(before[20:40], rel=0.2)


def test_a_warning_of_a_small_thing_moves_nobody() -> None:
    """Minor and possible, or of what is past: hysteresis stays, nobody is asked."""
    story = Warned()
    busy(story, 12)
    story.warn("R1", "Minor", "Possible")
    assert busy(story, 3) == []
    past = Hazard(urgency="Past", severity="Extreme", onset=START, expires=START + timedelta(days=9))
    assert said_permille(past, POLICY) == USUAL


def test_help_that_a_warning_called_goes_home_once_when_it_was_for_nothing() -> None:
    """No flapping: each loan is recalled at most once, and nobody is asked for again while it is calm."""
    story = Warned()
    busy(story, 12)
    story.warn("R1", lasts=2)
    asked = requests(busy(story, 0.25))[-2:]
    for request in asked:
        story.offer(request)
    told = busy(story, 10)
    recalled = [command.event.loan_id for command in told if isinstance(command.event, RecallLoan)]
    assert len(set(recalled)) == len(recalled)
    assert [request for request in requests(busy(story, 5)) if request.to_region == "R1"] == []


@given(
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.sampled_from(sorted(SEVERITY_RANK)),
)
def test_evidence_stays_between_the_usual_and_what_was_said(
    came: int, expected: int, per_hour: int, severity: str
) -> None:
    """Whatever arrives, a warning never says less than nothing and never more than it said."""
    hazard = Hazard.model_validate(
        {"severity": severity, "certainty": "Observed", "onset": START, "expires": START + timedelta(hours=1)}
    )
    said = said_permille(hazard, POLICY)
    assert USUAL <= learned_permille(said, came, expected, per_hour, POLICY) <= said
