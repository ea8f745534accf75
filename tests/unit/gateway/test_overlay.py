"""A view brought forward by decisions is the view that the fold itself would show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.base import Place
from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision
from schemas.engineers import PhoneStatus, ShiftReported, StatusReported
from schemas.events import RegionEvent
from schemas.incidents import CancelIncident, IncidentReported, IncidentTriaged
from schemas.regions import EngineerRegistered, RegionDefined
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.views import engineer_view, incident_view
from services.gateway.overlay import engineer_after, incident_after

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
SITE = Place(lat=38.72, lon=-9.12)
COMPARED = (
    *("incident_id", "region", "state", "tier", "product", "level", "place", "reported_at", "promised_at"),
    *("epoch", "engineer_id", "acknowledged", "on_site_at", "restored_at", "resolved_at", "late"),
    *("diversions", "timeline"),
)


class Story:
    """A region's fold told event by event."""

    def __init__(self) -> None:
        self.fold = PartitionFold()
        self.offset = -1
        self.seq = 0
        self.tell(LogStarted(log="L1"), "")
        self.tell(ClockTicked(now=AT), "")
        self.tell(RegionDefined(region="R1"))
        for name in ("E1", "E2"):
            self.tell(
                EngineerRegistered(
                    engineer_id=name, region="R1", home=Place(lat=38.7, lon=-9.1), skills={"core": 3}
                )
            )

    def tell(self, event: RegionEvent, region: str = "R1") -> list[Decision]:
        """One more event."""
        self.offset += 1
        return self.fold.step(Logged(self.offset, region, "test", f"e{self.offset}", event))

    def shift(self, engineer: str, change: Any = "shift_started") -> list[Decision]:
        """An engineer's shift changes."""
        self.seq += 1
        return self.tell(
            ShiftReported(engineer_id=engineer, device_seq=self.seq, occurred_at=AT, change=change)
        )

    def report(self, incident: str) -> list[Decision]:
        """An incident is reported and triaged."""
        report = IncidentReported(
            incident_id=incident, reported_at=AT, place=SITE, tier="gold", product="core", customer_id="C1"
        )
        promised = AT + timedelta(hours=2)
        return self.tell(IncidentTriaged(report=report, region="R1", promised_at=promised, placed_by="named"))

    def status(self, incident: str, status: PhoneStatus) -> list[Decision]:
        """Whoever has the incident reports."""
        self.seq += 1
        view = self.view(incident)
        return self.tell(
            StatusReported(
                engineer_id=view["engineer_id"],
                device_seq=self.seq,
                occurred_at=AT,
                incident_id=incident,
                epoch=view["epoch"],
                status=status,
            )
        )

    def view(self, incident: str) -> dict[str, Any]:
        """The incident as the read model would have it now."""
        found = incident_view(self.fold.regions["R1"], incident)
        assert found is not None
        return found.model_dump(mode="json", exclude_none=True)

    def engineer(self, name: str) -> dict[str, Any]:
        """The engineer as the read model would have them now."""
        found = engineer_view(self.fold.regions["R1"], name)
        assert found is not None
        return found.model_dump(mode="json", exclude_none=True)


def compared(view: dict[str, Any] | None) -> dict[str, Any]:
    """What must be equal, with absent and empty the same."""
    assert view is not None
    return {name: view[name] for name in COMPARED if view.get(name) not in (None, 0, False)}


FULL: list[PhoneStatus] = ["acknowledged", "accepted", "en_route", "on_site", "restored", "resolved"]


@pytest.mark.parametrize("known", [0, 1, 2, 4, 6], ids=lambda n: f"read model knows {n} statuses")
def test_an_older_view_and_the_decisions_since_make_the_newest(known: int) -> None:
    """However far the read model has come, with the decisions above it shows what the fold shows."""
    story = Story()
    story.shift("E1")
    decisions = story.report("I1")
    older: dict[str, Any] | None = None
    for number, status in enumerate(FULL):
        if number == known:
            older = story.view("I1")
        decisions += story.status("I1", status)
    about = [one for one in decisions if one.incident_id == "I1"]
    assert compared(incident_after(older, about)) == compared(story.view("I1"))


def test_without_any_view_the_decisions_are_enough() -> None:
    """With Redis away the answer is built from what was decided."""
    story = Story()
    story.shift("E1")
    about = [one for one in story.report("I1") if one.incident_id == "I1"]
    assert compared(incident_after(None, about)) == compared(story.view("I1"))


def test_a_decline_and_the_next_assignment_are_followed() -> None:
    """Taken back and given to the other engineer, under the next epoch."""
    story = Story()
    story.shift("E1")
    story.shift("E2")
    decisions = story.report("I1")
    older = story.view("I1")
    decisions += story.status("I1", "declined")
    newest = incident_after(older, [one for one in decisions if one.incident_id == "I1"])
    assert compared(newest) == compared(story.view("I1"))
    assert newest is not None
    assert newest["epoch"] == 2


def test_a_cancellation_is_followed() -> None:
    """A cancelled incident has nobody."""
    story = Story()
    story.shift("E1")
    decisions = story.report("I1")
    older = story.view("I1")
    decisions += story.tell(CancelIncident(incident_id="I1", region="R1", by="d1"))
    newest = incident_after(older, [one for one in decisions if one.incident_id == "I1"])
    assert compared(newest) == compared(story.view("I1"))


def test_decisions_that_the_view_knows_change_nothing() -> None:
    """Told twice, the story is the same."""
    story = Story()
    story.shift("E1")
    about = [one for one in story.report("I1") if one.incident_id == "I1"]
    assert incident_after(story.view("I1"), about) == story.view("I1")


def test_an_engineer_is_begun_from_the_registry() -> None:
    """Not yet in the read model: off shift, then as the decisions say; off shift without a place."""
    registered = EngineerRegistered(engineer_id="E1", region="R1", home=SITE, skills={"core": 3})
    assert engineer_after(None, registered, None) == {
        "engineer_id": "E1",
        "region": "R1",
        "state": "off_shift",
        "skills": {"core": 3},
        "languages": [],
    }
    story = Story()
    (started,) = story.shift("E1")
    on_shift = engineer_after(None, registered, started)
    assert on_shift is not None
    assert on_shift["state"] == "available"
    (ended,) = story.shift("E1", "shift_ended")
    off = engineer_after(story.engineer("E1") | {"place": {"lat": 1, "lon": 1}}, None, ended)
    assert off is not None
    assert (off["state"], off["place"]) == ("off_shift", None)
