"""The invariant checkers find what they are for, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.decisions import Decision, DecisionKind
from services.simulation.checkers import InvariantBroken, check

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def story(*lines: tuple[DecisionKind, str, str | None, int]) -> list[Decision]:
    """Decisions from (kind, incident, engineer, epoch), one offset each."""
    return [
        Decision(
            id=f"log/R1/{offset}/0",
            decided_at=NOON,
            log="log",
            region="R1",
            offset=offset,
            n=0,
            kind=kind,
            caused_by=f"event-{offset}",
            incident_id=incident,
            engineer_id=engineer,
            epoch=epoch,
        )
        for offset, (kind, incident, engineer, epoch) in enumerate(lines)
    ]


GOOD = story(
    ("queued", "A", None, 0),
    ("assigned", "A", "ANA", 1),
    ("acknowledged", "A", "ANA", 1),
    ("queued", "B", None, 0),
    ("withdrawn", "A", "ANA", 1),
    ("assigned", "B", "ANA", 1),
    ("assigned", "A", "BEN", 2),
    ("on_site", "A", "BEN", 2),
    ("resolved", "A", "BEN", 2),
    ("refused", "A", "ANA", 2),
    ("cancelled", "B", None, 1),
    ("queued", "C", None, 0),
    ("assigned", "C", "ANA", 1),
)


def test_a_sound_story_breaks_no_rule_and_knows_what_is_open() -> None:
    """Diverted, resolved, cancelled and assigned anew: all of it is allowed."""
    assert check(GOOD, ["A", "B", "C"]).open_incidents() == ["C"]


def test_what_is_told_again_is_skipped() -> None:
    """Delivery is at least once: a repeated stretch with the same contents is no news."""
    check([*GOOD[:6], *GOOD[2:9], *GOOD[4:]])


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        ("one_owner", [("queued", "A", None, 0), ("assigned", "A", "ANA", 1), ("assigned", "A", "BEN", 2)]),
        (
            "one_owner",
            [
                ("queued", "A", None, 0),
                ("assigned", "A", "ANA", 1),
                ("resolved", "A", "ANA", 1),
                ("assigned", "A", "BEN", 2),
            ],
        ),
        ("one_owner", [("queued", "A", None, 0), ("withdrawn", "A", "ANA", 1)]),
        (
            "one_job",
            [
                ("queued", "A", None, 0),
                ("queued", "B", None, 0),
                ("assigned", "A", "ANA", 1),
                ("assigned", "B", "ANA", 1),
            ],
        ),
        (
            "epoch_up",
            [
                ("queued", "A", None, 0),
                ("assigned", "A", "ANA", 1),
                ("withdrawn", "A", "ANA", 1),
                ("assigned", "A", "BEN", 1),
            ],
        ),
        (
            "current_epoch",
            [("queued", "A", None, 0), ("assigned", "A", "ANA", 2), ("accepted", "A", "ANA", 1)],
        ),
        (
            "current_epoch",
            [("queued", "A", None, 0), ("assigned", "A", "ANA", 1), ("accepted", "A", "BEN", 1)],
        ),
        (
            "current_epoch",
            [
                ("queued", "A", None, 0),
                ("assigned", "A", "ANA", 1),
                ("withdrawn", "A", "ANA", 1),
                ("on_site", "A", "ANA", 1),
            ],
        ),
        ("not_lost", [("assigned", "A", "ANA", 1)]),
    ],
)
def test_a_broken_rule_is_found(rule: str, lines: list[tuple[DecisionKind, str, str | None, int]]) -> None:
    """Each rule is named by the decision that breaks it."""
    with pytest.raises(InvariantBroken) as caught:
        check(story(*lines))
    assert caught.value.rule == rule


def test_one_id_with_two_contents_is_found() -> None:
    """A decision published twice must be published with the same content."""
    with pytest.raises(InvariantBroken) as caught:
        check([*GOOD[:3], GOOD[1].model_copy(update={"engineer_id": "BEN"})])
    assert caught.value.rule == "one_content"


def test_a_step_back_in_the_log_is_found() -> None:
    """New decisions of a region stand in the log's order."""
    with pytest.raises(InvariantBroken) as caught:
        check([GOOD[0], GOOD[3], GOOD[1]])
    assert caught.value.rule == "in_order"


def test_a_report_that_nobody_answered_is_lost() -> None:
    """Every reported incident is queued, refused or among the dead letters."""
    with pytest.raises(InvariantBroken) as caught:
        check(GOOD, ["A", "B", "C", "D"])
    assert caught.value.rule == "not_lost"
    assert "D" in str(caught.value)


def crew(*lines: tuple[DecisionKind, str, int, int]) -> list[Decision]:
    """Decisions about incident C, which needs two, from (kind, engineer, offset, n), after its report."""
    told = story(("queued", "C", None, 0))
    for kind, engineer, offset, n in lines:
        (one,) = story((kind, "C", engineer, 1))
        reason = "on_site" if kind == "crew_reported" else None
        place = {"id": f"log/R1/{offset}/{n}", "offset": offset, "n": n, "crew": 2, "reason": reason}
        told.append(one.model_copy(update=place))
    return told


WHOLE: tuple[tuple[DecisionKind, str, int, int], ...] = (("assigned", "ANA", 5, 0), ("assigned", "BEN", 5, 1))


def test_a_whole_crew_is_one_owner() -> None:
    """Two assignments of one event under one epoch are one crew, which works once both are there."""
    check(crew(*WHOLE, ("crew_reported", "ANA", 6, 0), ("on_site", "BEN", 7, 0), ("restored", "ANA", 8, 0)))


@pytest.mark.parametrize(
    "lines",
    [
        (("assigned", "ANA", 5, 0), ("acknowledged", "ANA", 6, 0)),
        (*WHOLE, ("withdrawn", "ANA", 6, 0), ("acknowledged", "BEN", 7, 0)),
        (*WHOLE, ("on_site", "ANA", 6, 0)),
    ],
    ids=["half a crew", "half taken back", "at work before the last"],
)
def test_a_torn_crew_is_found(lines: tuple[tuple[DecisionKind, str, int, int], ...]) -> None:
    """A crew that is not whole after its event, or works before the last has come, breaks `crew_together`."""
    with pytest.raises(InvariantBroken) as found:
        check(crew(*lines))
    assert found.value.rule == "crew_together"
