"""What is told about requests: enough to watch, never a secret."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from schemas.decisions import Decision
from services.gateway.observe import Metrics, traceparent_of
from services.gateway.tokens import Tokens


def test_no_token_is_in_the_log(
    client: TestClient, tokens: Tokens, capsys: pytest.CaptureFixture[str]
) -> None:
    """Header, cookie, login body or a query that should not have one: the log has the path alone."""
    token = tokens.sign("d1", "dispatcher", ["*"], 600)
    with capture_logs() as lines:
        client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        client.post("/v1/login", json={"token": token})
        client.get("/v1/me")
        client.get(f"/v1/incidents?token={token}")
        client.get("/v1/me", headers={"Authorization": f"Bearer {token}x"})
        client.post("/v1/login", json={"token": token, "password": "hunter2"})
    said = repr(lines) + "".join(capsys.readouterr())
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == 6
    assert requests[0]["subject"] == "d1"
    assert requests[3]["path"] == "/v1/incidents"
    signature = token.rsplit(".", 1)[1]
    assert token not in said
    assert signature not in said
    assert "hunter2" not in said


def test_a_crash_is_told_without_the_request(
    settings, tokens: Tokens, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has the fault, not who sent what."""
    from services.gateway.app import create_app

    app: FastAPI = create_app(settings)
    app.state.gateway.clock = None
    token = tokens.sign("d1", "dispatcher", ["*"], 600)
    structlog.reset_defaults()
    TestClient(app).get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    said = "".join(capsys.readouterr())
    assert "request_crashed" in said
    assert token.rsplit(".", 1)[1] not in said


def test_metrics_have_labels_of_ours_alone(client: TestClient) -> None:
    """Paths and methods that somebody makes up make no new series."""
    client.get("/v1/incidents/somebodys-secret-id")
    client.request("BREW", "/v1/coffee-42")
    text = client.get("/metrics").text
    assert 'muster_gateway_requests_total{method="GET"' in text
    assert "somebodys-secret-id" not in text
    assert "BREW" not in text
    assert "coffee-42" not in text
    assert "/v1/incidents/{incident_id}" in text


def test_report_to_assignment_is_measured_once() -> None:
    """From the report here to the first assignment read here; a second assignment is none of it."""
    metrics = Metrics()
    metrics.reported("I1")
    at = datetime(2026, 3, 2, tzinfo=UTC)
    for n in range(2):
        metrics.decided(
            Decision(
                id=f"L/R/1/{n}",
                decided_at=at,
                log="L",
                region="R",
                offset=1,
                n=n,
                kind="assigned",
                caused_by="x",
                incident_id="I1",
            )
        )
    assert "muster_gateway_report_to_assignment_seconds_count 1.0" in metrics.text().decode()


@pytest.mark.parametrize(
    ("header", "passed_on"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ("x", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nce_id: y", False),
        (None, False),
    ],
)
def test_only_a_trace_context_is_passed_on(header: str | None, passed_on: bool) -> None:
    """What goes into an event's header is a W3C traceparent or nothing."""
    assert traceparent_of(header) == (header if passed_on else "")
