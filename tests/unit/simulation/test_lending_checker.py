"""The checker of moves: each rule is broken by the one stream that breaks it, and by no sound one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from schemas.base import Place
from schemas.decisions import Decision, DecisionKind
from schemas.lending import EngineerHandedOver, Loan
from schemas.regions import EngineerRegistered
from services.simulation.lending_checker import MoveBroken, MoveRule, Moves

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE = Place(lat=38, lon=-9)


class Told:
    """Decisions about E1 of R1, lent to R2 until three o'clock."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def say(self, region: str, kind: DecisionKind, epoch: int = 1, **fields: object) -> Told:
        """One more decision of a region."""
        loan = Loan(
            loan_id="loan-1",
            engineer_id="E1",
            home_region="R1",
            to_region="R2",
            owner_epoch=epoch,
            until=NOW + timedelta(hours=3),
            staging=HERE,
            authority="automatic",
        )
        count = len(self.decisions)
        told = {"loan": loan, "engineer_id": "E1"} | fields
        self.decisions.append(
            Decision.model_validate(
                {
                    "id": f"d{count}",
                    "decided_at": NOW,
                    "log": "log",
                    "region": region,
                    "offset": count,
                    "n": 0,
                }
                | {"kind": kind, "caused_by": f"e{count}"}
                | told
            )
        )
        return self

    def give(self, region: str, to: str, epoch: int) -> Told:
        """R1 lends, or R2 gives back."""
        kind: DecisionKind = "lending_committed" if region == "R1" else "lending_released"
        engineer = EngineerRegistered(engineer_id="E1", region="R1", home=HERE, skills={"core": 3})
        self.say(region, kind, epoch)
        loan = self.decisions[-1].loan
        assert loan is not None
        handover = EngineerHandedOver(
            region=to,
            from_region=region,
            loan=loan,
            engineer=engineer,
            place=HERE,
            departed_at=NOW,
            towards=HERE,
        )
        self.decisions[-1] = self.decisions[-1].model_copy(update={"handover": handover})
        return self

    def assign(self, region: str) -> Told:
        """A region sends E1 to an incident."""
        return self.say(region, "assigned", loan=None, incident_id="I1", epoch=1)

    def checked(self, hours: float = 1) -> int:
        """See them all; the clock ends so many hours later."""
        moves = Moves()
        moves.saw_all(self.decisions)
        return moves.ended(NOW + timedelta(hours=hours))


def lent() -> Told:
    """E1 is in R2."""
    return Told().give("R1", "R2", 1).say("R2", "lending_travelling", 1)


def test_a_loan_from_end_to_end_breaks_nothing() -> None:
    """There and home again, decisions told twice, work in each region in its time."""
    story = Told().assign("R1").give("R1", "R2", 1).say("R2", "lending_travelling", 1).assign("R2")
    story.say("R2", "lending_working", 1).give("R2", "R1", 2).say("R1", "lending_travelling", 2)
    story.assign("R1").say("R1", "lending_returned", 2)
    story.decisions += story.decisions[:4]
    assert story.checked(hours=9) == 2


def test_the_giver_may_repeat_itself_until_it_is_heard() -> None:
    """The same handover under another id is no second one."""
    assert Told().give("R1", "R2", 1).give("R1", "R2", 1).say("R2", "lending_travelling", 1).checked() == 1


BROKEN: list[tuple[MoveRule, Callable[[], int]]] = [
    ("one_region", lambda: lent().assign("R1").checked()),
    ("one_region", lambda: lent().say("R2", "lending_travelling", 1).checked()),
    ("one_region", lambda: lent().give("R1", "R3", 1).checked()),
    ("one_region", lambda: Told().say("R2", "lending_travelling", 1).checked()),
    ("one_region", lambda: Told().give("R1", "R2", 1).say("R3", "lending_travelling", 1).checked()),
    ("some_region", lambda: Told().give("R1", "R2", 1).checked()),
    ("some_region", lambda: lent().give("R2", "R1", 2).checked()),
    ("not_stranded", lambda: lent().checked(hours=4)),
]


@pytest.mark.parametrize(("rule", "story"), BROKEN)
def test_each_rule_is_seen_broken(rule: MoveRule, story: Callable[[], int]) -> None:
    """Assigned by who gave them, taken twice, given twice, taken unasked or elsewhere, never taken, left."""
    with pytest.raises(MoveBroken) as broken:
        story()
    assert broken.value.rule == rule
