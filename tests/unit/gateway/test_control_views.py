"""Crews, suggestions and locks in views brought forward, and what of them technicians and customers see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.api import Role
from schemas.commands import ConfirmSuggestion, LockIncident, SetModes, UnlockIncident
from schemas.decisions import Decision
from schemas.engineers import StatusReported
from schemas.events import RegionEvent
from schemas.incidents import IncidentReported, IncidentTriaged
from services.gateway.overlay import incident_after
from services.gateway.recent import Recent
from services.gateway.ring import Entry
from services.gateway.stream_filter import StreamFilter
from services.gateway.tokens import Identity
from tests.unit.gateway.test_overlay import AT, SITE, Story

CONTROL = ("state", "epoch", "engineer_id", "crew", "crew_ids", "crew_there", "suggested", "lock")


def reported(crew: int) -> IncidentTriaged:
    """An incident for so many engineers."""
    report = IncidentReported(
        incident_id="I1", reported_at=AT, place=SITE, tier="gold", product="core", crew=crew
    )
    promised = AT + timedelta(hours=2)
    return IncidentTriaged(report=report, region="R1", promised_at=promised, placed_by="named")


def followed(story: Story, events: list[RegionEvent]) -> None:
    """After each event the overlay over the oldest view shows what the fold shows."""
    view: dict[str, Any] | None = None
    for event in events:
        for decision in story.tell(event):
            if decision.incident_id == "I1":
                view = incident_after(view, [decision])
        assert view is not None
        whole = story.view("I1")
        shown = {name: view.get(name) or None for name in CONTROL}
        shown["crew"] = view.get("crew") or 1
        assert shown == {name: whole.get(name) or None for name in CONTROL}, event


@pytest.mark.parametrize("crew", [1, 2])
def test_a_suggestion_its_confirmation_and_a_lock_are_followed(crew: int) -> None:
    """Whoever reads before the read model has it sees the same suggestion, crew and lock."""
    story = Story()
    for name in ("E1", "E2"):
        story.shift(name)
    story.tell(SetModes(region="R1", modes={"gold": "suggest"}, by="lead-1"))
    who, by = ["E1", "E2"][:crew], {"region": "R1", "incident_id": "I1", "by": "d-1"}
    followed(
        story,
        [
            reported(crew),
            ConfirmSuggestion(engineer_ids=who, **by),
            LockIncident(kind="engineer", reason="asked for", **by),
            UnlockIncident(**by),
            StatusReported(
                engineer_id="E1", device_seq=9, occurred_at=AT, incident_id="I1", epoch=1, status="on_site"
            ),
        ],
    )


class _Nobody:
    """Stands where the filter would look a customer up; nothing here needs it."""

    async def owner_of(self, incident_id: str, region: str) -> tuple[bool, str | None]:
        return True, "C1"


@pytest.mark.parametrize(
    ("role", "kind", "seen"),
    [
        ("dispatcher", "suggested", True),
        ("lead", "suggested", True),
        ("technician", "suggested", False),
        ("customer", "suggested", False),
        ("technician", "assigned", True),
        ("technician", "crew_complete", True),
    ],
)
async def test_an_unconfirmed_suggestion_reaches_no_phone(role: Role, kind: str, seen: bool) -> None:
    """The board sees whom the engine would send; the technician named hears of it once somebody confirms."""
    fields = {"log": "L", "region": "R1", "offset": 1, "n": 0, "caused_by": "e", "decided_at": AT}
    decision = Decision.model_validate(
        {**fields, "id": "L/R1/1/0", "kind": kind, "incident_id": "I1", "engineer_id": "E1"}
    )
    entry = Entry(0, 0, decision, "", decision.model_dump_json().encode())
    caller = Identity("E1", role, ("R1",), datetime(2030, 1, 1, tzinfo=UTC), customer="C1")
    stream = StreamFilter(caller, frozenset(), frozenset(), Recent(), _Nobody())  # type: ignore[arg-type]
    assert (await stream.text_of(entry) is not None) is seen
