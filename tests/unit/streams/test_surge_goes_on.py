"""The coordinator on the wire: a defect of its own is logged, and what comes next is handled."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from schemas.lending import EngineersRequested, RegionLoad
from services.surge.commands import Command
from services.surge.coordinator import Coordinator
from streams.lending import SurgeCoordinator
from streams.settings import WorkerSettings
from tests.unit.streams.samples import NOW, Sent, record
from tests.unit.surge.test_surge import PLACES, Story


async def test_a_defect_of_the_coordinator_ends_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load that it chokes on is passed over; the next one is planned with."""
    request = EngineersRequested(
        request_id="lending/x/R2", region="R2", to_region="R1", wanted={}, most=1, staging=PLACES["R1"],
        until=NOW, certificates=[], named={},
    )  # fmt: skip

    def step(_: Coordinator, event: RegionLoad) -> list[Command]:
        if event.region == "R1":
            raise KeyError("R7")
        return [Command("lending/x/R2", request)]

    monkeypatch.setattr(Coordinator, "step", step)
    sent = Sent()
    surge = SurgeCoordinator(WorkerSettings(), sent)
    with capture_logs() as logs:
        await surge.handle([record("region-load", Story().load(region)) for region in ("R1", "R2")])
    assert set(sent.keys) == {b"R2"}
    assert {(line["event"], line["region"]) for line in logs} == {("surge_failed", "R1")}
