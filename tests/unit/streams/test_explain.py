"""An exported log explains its decisions; what another version decided is shown as it was stored."""

from __future__ import annotations

import pytest

from schemas.receipts import DecisionReceipt
from services.dispatch.fold import PartitionFold
from streams.explain import UnknownIncident, as_published, explain_file
from streams.log_file import LogFile, parse
from tests.unit.streams.test_log_file import exported


def log_file(base_at: int = 0) -> LogFile:
    """A short log in which E1 is sent to I1."""
    return parse(exported(base_at))


@pytest.mark.parametrize("base_at", [0, 4])
def test_an_exported_log_explains_an_incident(base_at: int) -> None:
    """Rule: every decision about it, and the receipt of the one that was a choice."""
    explanation = explain_file(log_file(base_at), "I1")
    assert [one.decision.kind for one in explanation.decisions] == ["queued", "assigned"]
    queued, assigned = explanation.decisions
    assert assigned.event_type == "muster.incident.triaged.v1"
    assert queued.receipt is None
    assert assigned.receipt is not None
    assert assigned.receipt.id == assigned.decision.id
    assert assigned.receipt.winner is not None
    assert assigned.receipt.winner.engineer_id == assigned.decision.engineer_id
    assert explanation.now is None


def test_an_incident_that_still_waits_is_told_why() -> None:
    """Rule: nothing is left out silently, also where no event has decided anything since."""
    log = log_file()
    log.events = [line for line in log.events if line["offset"] != 4]  # nobody's shift began
    log.published = [line for line in log.published if line["offset"] == 5 and line["n"] == 0]
    log.published[0]["incident_state"] = "waiting"  # type: ignore[index]
    now = explain_file(log, "I1").now
    assert now is not None
    assert (now.kind, now.n) == ("waiting", -1)
    assert now.waiting is not None
    assert now.waiting.rules == {"off_shift": 1}


def test_what_is_not_in_the_log_has_no_explanation() -> None:
    """Rule: said so, never an empty answer."""
    with pytest.raises(UnknownIncident, match="I-none"):
        explain_file(log_file(), "I-none")


def test_a_decision_of_another_version_keeps_its_stored_receipt() -> None:
    """Rule: where folding again decides otherwise, the receipt is the one stored then, and marked so."""
    explanation = explain_file(log_file(), "I1")
    queued, assigned = explanation.decisions
    other = assigned.decision.model_copy(update={"engineer_id": "E-of-old"})
    assert assigned.receipt is not None
    stored: list[DecisionReceipt] = [assigned.receipt.model_copy(update={"policy": "old"})]
    found = as_published([queued.decision, other], explanation.decisions, stored)
    assert found[0] == queued
    assert not found[1].derived
    assert found[1].decision == other
    assert found[1].receipt == stored[0]
    assert PartitionFold().policy.name != "old"
