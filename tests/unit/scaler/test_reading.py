"""A worker's health and metrics over HTTP, and what the scaler reads of them."""

from __future__ import annotations

import time

import httpx
import pytest

from deploy.local.ports import free_port
from services.scaler.reading import NoMetrics, Workers, worker_sample
from streams.health import STUCK_AFTER_S, HealthApp, Vitals, serve_health
from streams.metrics import WorkerMetrics


@pytest.fixture
def worker() -> tuple[WorkerMetrics, Vitals, str]:
    """What a worker serves, and where."""
    metrics, vitals, port = WorkerMetrics(), Vitals("the group is not joined yet"), free_port()
    serve_health(HealthApp(vitals, metrics.registry), "127.0.0.1", port)
    return metrics, vitals, f"http://127.0.0.1:{port}"


async def test_the_scaler_reads_what_a_worker_exports(worker: tuple[WorkerMetrics, Vitals, str]) -> None:
    """Both ends name the same metrics: distance over all partitions and triage, events folded, CPU time."""
    metrics, _, place = worker
    metrics.log_distance.labels(3).set(40)
    metrics.log_distance.labels(4).set(2)
    metrics.triage_distance.set(100)
    metrics.events_folded.labels(3).inc(7)
    metrics.events_folded.labels(4).inc(5)
    nobody = f"http://127.0.0.1:{free_port()}"
    workers = Workers(f"{place} {nobody}")
    found = await workers.read()
    await workers.close()
    assert list(found) == [place]
    sample = found[place]
    assert (sample.behind_events, sample.events_folded) == (142, 12)
    assert 0 < sample.busy_s < time.monotonic()


async def test_a_name_stands_for_all_its_addresses(worker: tuple[WorkerMetrics, Vitals, str]) -> None:
    """A name is resolved at each reading, as a headless service needs it; an unknown one is no error."""
    _, _, place = worker
    workers = Workers(f"{place.replace('127.0.0.1', 'localhost')} http://nobody.invalid:9110")
    assert place in await workers.read()
    await workers.close()


@pytest.mark.parametrize(
    "text", ["<html>", "muster_events_folded_total 3\n", "muster_log_distance_events x\n"]
)
def test_what_is_no_worker_is_not_counted(text: str) -> None:
    """Text of something else is refused, not read as an idle worker."""
    with pytest.raises(NoMetrics):
        worker_sample(text, 0.0)


async def test_probes_tell_a_worker_that_waits_from_one_that_is_stuck(
    worker: tuple[WorkerMetrics, Vitals, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not ready says what is missing; a loop that does not turn any more is told by another thread."""
    _, vitals, place = worker
    async with httpx.AsyncClient(base_url=place) as client:
        waits = await client.get("/readyz")
        assert (waits.status_code, waits.json()["why"]) == (503, "the group is not joined yet")
        assert (await client.get("/healthz")).status_code == 200
        vitals.missing = ""
        assert (await client.get("/readyz")).status_code == 200
        later = time.monotonic() + STUCK_AFTER_S + 1
        monkeypatch.setattr("streams.health.time.monotonic", lambda: later)
        assert (await client.get("/healthz")).status_code == 503
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/elsewhere")).status_code == 404
