"""Errors are RFC 9457 problems that name what is wrong and give nothing away."""

from __future__ import annotations

import json

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.gateway.limits import Rates, StreamSlots
from services.gateway.problems import ProblemError
from services.gateway.tokens import Tokens
from tests.unit.gateway.conftest import TokenFor

REPORT = {"place": {"lat": 38.7, "lon": -9.1}, "tier": "gold", "product": "core"}
FIX = {"lat": 38.7, "lon": -9.1, "fixed_at": "2026-03-02T10:00:00Z"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1", 404),
        ("DELETE", "/v1/incidents", 405),
        ("PATCH", "/v1/me", 405),
    ],
)
def test_what_is_not_there_is_a_problem_too(client: TestClient, method: str, path: str, status: int) -> None:
    """404 and 405 have the same shape as every other error."""
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() >= {"type", "title", "status", "detail", "instance"}
    assert answer.json()["status"] == status
    assert answer.json()["instance"] == path
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"place": {"lat": 91, "lon": 0}}, "place.lat"),
        ({"place": {"lat": "north", "lon": 0}}, "place.lat"),
        ({"tier": "bronze"}, "tier"),
        ({"product": "a name with spaces"}, "product"),
        ({"level": 6}, "level"),
        ({"reported_at": "2026-03-02T10:00:00"}, "reported_at"),
        ({"reported_at": "2999-01-01T00:00:00Z"}, "reported_at"),
        ({"surprise": 1}, "surprise"),
        ({"incident_id": "x" * 129}, "incident_id"),
        ({"place": None}, "place"),
    ],
    ids=str,
)
def test_each_wrong_field_is_named(
    client: TestClient, bearer: TokenFor, change: dict[str, object], field: str
) -> None:
    """422 with the field's place in the body."""
    answer = client.post("/v1/incidents", headers=bearer("service"), json=REPORT | change)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["fields"]] == [field]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_position_that_is_no_number_is_refused(client: TestClient, bearer: TokenFor, number: str) -> None:
    """NaN and the infinities are no latitude, and the refusal itself is readable JSON."""
    body = json.dumps({"positions": [FIX, FIX]}).replace("38.7", number, 2).replace(number, "38.7", 1)
    headers = bearer("technician", "somebody") | {"content-type": "application/json"}
    answer = client.post("/v1/engineers/somebody/positions", headers=headers, content=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["fields"]] == ["positions.1.lat"]


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_one_to_a_thousand(client: TestClient, bearer: TokenFor, count: int) -> None:
    """Neither nothing nor more than a thousand positions or events at once."""
    headers = bearer("service")
    positions = client.post("/v1/engineers/E1/positions", headers=headers, json={"positions": [FIX] * count})
    event = {"type": "position", "engineer_id": "E1"} | FIX
    events = client.post("/v1/phones/events", headers=headers, json={"events": [event] * count})
    assert (positions.status_code, events.status_code) == (422, 422)


@pytest.mark.parametrize("key", [None, "", "x" * 201])
def test_a_command_without_a_key_is_refused(client: TestClient, bearer: TokenFor, key: str | None) -> None:
    """400 before the body is looked at: a command that could not be sent again safely is none."""
    headers = bearer("service") | {"Idempotency-Key": key or ""}
    if key is None:
        del headers["Idempotency-Key"]
    answer = client.post("/v1/incidents", headers=headers, content=b"no json")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/idempotency-key-missing")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"null"])
def test_a_body_that_is_no_object_is_refused(client: TestClient, bearer: TokenFor, body: bytes) -> None:
    """400 or 422, never a crash."""
    headers = bearer("service") | {"content-type": "application/json"}
    answer = client.post("/v1/incidents", headers=headers, content=body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_over_the_limit_is_refused(client: TestClient, bearer: TokenFor) -> None:
    """413 by the announced length, and by what has come where none was announced."""
    headers = bearer("service") | {"content-type": "application/json"}
    announced = client.post("/v1/incidents", headers=headers, content=b" " * (1024 * 1024 + 1))
    pieces = client.post("/v1/incidents", headers=headers, content=(b" " * 65536 for _ in range(20)))
    assert (announced.status_code, pieces.status_code) == (413, 413)


def test_without_engines_it_says_which_and_when_to_ask_again(client: TestClient, bearer: TokenFor) -> None:
    """503 with Retry-After: Redis for reads, the broker for commands; the process itself lives."""
    read = client.get("/v1/incidents", headers=bearer("dispatcher"))
    command = client.post("/v1/incidents", headers=bearer("dispatcher"), json=REPORT)
    assert (read.status_code, read.json()["type"].rsplit("/", 1)[1]) == (503, "redis-away")
    assert (command.status_code, command.json()["type"].rsplit("/", 1)[1]) == (503, "broker-away")
    assert read.headers["retry-after"]
    assert command.headers["retry-after"]
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"status": "unready", "broker": "away", "redis": "away", "tail": "behind"}


def test_a_crash_tells_nothing(settings, tokens: Tokens, bearer: TokenFor) -> None:
    """500 is a problem without a word of the fault, and the connection stays whole."""
    from services.gateway.app import create_app

    app: FastAPI = create_app(settings)
    app.state.gateway.clock = None  # a fault that no request can cause
    answer = TestClient(app, raise_server_exceptions=True).get("/v1/me", headers=bearer("lead"))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "NoneType" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24", "WyJhIl0", "e30", "WzEsMl0", "é"])
def test_a_cursor_is_one_that_a_page_gave_out(cursor: str) -> None:
    """Anything else names the field."""
    from services.gateway.routes.answers import after_cursor

    with pytest.raises(ProblemError) as refused:
        after_cursor(cursor, 2)
    assert refused.value.status == 422


def test_pages_follow_one_another_without_gap_or_repeat() -> None:
    """However the pages are cut, together they are the whole in its order."""
    from services.gateway.routes.answers import page_of

    items = [((f"2026-{n // 3:02}", f"I{n}"), n) for n in range(10)]
    found: list[int] = []
    cursor: str | None = None
    for _ in range(10):
        page = page_of(items, cursor, 3)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == list(range(10))


def test_a_rate_is_a_bucket_that_fills_again() -> None:
    """The burst at once, then 429 with Retry-After, then one for each slice of time; each token by itself."""
    now = [0.0]
    rates = Rates(lambda: now[0])
    for _ in range(5):
        rates.take("a", 2.0, 5)
    with pytest.raises(ProblemError) as refused:
        rates.take("a", 2.0, 5)
    assert refused.value.status == 429
    assert int(refused.value.headers["Retry-After"]) >= 1
    rates.take("b", 2.0, 5)
    now[0] += 0.5
    rates.take("a", 2.0, 5)
    with pytest.raises(ProblemError):
        rates.take("a", 2.0, 5)


def test_streams_are_counted_for_each_token_and_in_all() -> None:
    """One too many is a 429; a closed stream gives its place back."""
    slots = StreamSlots(3)
    with slots.hold("a", 2), slots.hold("a", 2):
        with pytest.raises(ProblemError), slots.hold("a", 2):
            pass
        with slots.hold("b", 2), pytest.raises(ProblemError) as refused, slots.hold("c", 2):
            pass
        assert refused.value.status == 429
    assert slots.total == 0
    with slots.hold("a", 2):
        assert slots.total == 1
