"""In a declared disaster lending is automatic, whatever the mode, and its authority is recorded."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.lending import CommitLoan, RegionLoad
from services.surge.commands import Command
from services.surge.coordinator import Coordinator
from tests.unit.surge.test_surge import Story, requests


class Flooded(Story):
    """Three regions, of which some are in a declared disaster; help goes nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.coordinator = Coordinator(only_disasters=True)
        self.until: dict[str, datetime] = {}

    def load(self, region: str) -> RegionLoad:
        """The load, and until when the disaster stands."""
        return super().load(region).model_copy(update={"disaster_until": self.until.get(region)})

    def declare(self, region: str, hours: float) -> None:
        """The lead declares it."""
        self.until[region] = self.now + timedelta(hours=hours)

    def storm(self, hours: float) -> list[Command]:
        """Far more comes to R1 and R2 than they can do."""
        return self.pass_hours(hours, R1=90, R2=90)


def loans(story: Flooded, told: list[Command]) -> list[CommitLoan]:
    """What is committed once the donors have answered."""
    answered = [command for request in requests(told)[-1:] for command in story.offer(request)]
    return [command.event for command in answered if isinstance(command.event, CommitLoan)]


def test_help_goes_to_the_disaster_alone_and_says_by_whose_authority() -> None:
    """Two regions are overrun; only where a lead has declared it is anybody sent, by `disaster`."""
    story = Flooded()
    story.pass_hours(10)
    assert story.storm(1) == []
    story.declare("R1", hours=12)
    committed = loans(story, story.storm(0.25))
    assert committed
    assert {one.loan.to_region for one in committed} == {"R1"}
    assert {one.loan.authority for one in committed} == {"disaster"}


def test_once_it_has_ended_nobody_more_is_sent() -> None:
    """After its time, or when it was lifted, lending is what it was before."""
    story = Flooded()
    story.pass_hours(10)
    story.declare("R1", hours=0.5)
    assert requests(story.storm(0.5))
    assert requests(story.storm(2)) == []


def test_a_shortage_is_needed_all_the_same() -> None:
    """A declaration alone moves nobody: the region must lack engineers."""
    story = Flooded()
    story.pass_hours(10)
    story.declare("R3", hours=12)
    assert story.pass_hours(2) == []
