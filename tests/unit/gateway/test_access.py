"""The door: every route and every role, by header or by cookie."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from schemas.api import ROLES, Role
from services.gateway.app import ROUTERS
from services.gateway.policy import POLICY
from services.gateway.tokens import Tokens
from tests.unit.gateway.conftest import TokenFor

# Who may do what, written down a second time: d dispatcher, t technician, e expert, l lead, c customer,
# o operator, s service; "-" nobody needs a token.
TABLE = """
GET  /healthz                                -
GET  /readyz                                 -
GET  /metrics                                -
GET  /v1/openapi.json                        -
POST /v1/login                               -
POST /v1/logout                              dtelcos
GET  /v1/me                                  dtelcos
GET  /v1/regions                             dtel.os
GET  /v1/regions/{region_id}                 dtel.os
PUT  /v1/regions/{region_id}                 l.os
GET  /v1/engineers                           d.el.os
GET  /v1/engineers/{engineer_id}             dtel.os
PUT  /v1/engineers/{engineer_id}             l.os
GET  /v1/engineers/{engineer_id}/job         dtel.os
GET  /v1/engineers/{engineer_id}/receipts    dlo
POST /v1/engineers/{engineer_id}/shift       dts
POST /v1/engineers/{engineer_id}/positions   ts
POST /v1/assignments/{incident_id}/status    dts
POST /v1/assignments/{incident_id}/work-estimate dts
POST /v1/phones/events                       ts
GET  /v1/incidents                           dtelcos
POST /v1/incidents                           d.lcs
GET  /v1/incidents/{incident_id}             dtelcos
GET  /v1/incidents/{incident_id}/timeline    dtelcos
GET  /v1/incidents/{incident_id}/receipts    dlo
POST /v1/incidents/{incident_id}/cancel      d.lcs
POST /v1/incidents/{incident_id}/assign      dl
POST /v1/incidents/{incident_id}/pin         dl
POST /v1/incidents/{incident_id}/lock        dl
POST /v1/incidents/{incident_id}/unlock      dl
POST /v1/incidents/{incident_id}/confirm     dl
POST /v1/incidents/{incident_id}/swarm       dl
POST /v1/incidents/{incident_id}/still-down  dlc
POST /v1/causes/{cause_id}/declare           dl
POST /v1/causes/{cause_id}/end               dl
POST /v1/regions/{region_id}/exercise        ls
DELETE /v1/regions/{region_id}/exercise      ls
PUT  /v1/regions/{region_id}/modes           lo
PUT  /v1/regions/{region_id}/disaster        l
PUT  /v1/regions/{region_id}/lending         l
GET  /v1/lending                             l
POST /v1/lending/proposals                   l
POST /v1/lending/proposals/{region_id}/commit l
POST /v1/lending/proposals/{region_id}/refuse l
POST /v1/loans/{engineer_id}/extend          l
POST /v1/loans/{engineer_id}/recall          l
POST /v1/alerts                              l.os
POST /v1/whatif                              l
POST /v1/clock                               s
GET  /v1/assignments/stream                  dtelcos
GET  /v1/sessions                            dtels
POST /v1/sessions                            dtels
POST /v1/sessions/join                       dtelcos
GET  /v1/sessions/glances                    dels
GET  /v1/sessions/{session_id}               dtels
POST /v1/sessions/{session_id}/join          dtelcos
POST /v1/sessions/{session_id}/baton         dtels
POST /v1/sessions/{session_id}/consent       dtels
POST /v1/sessions/{session_id}/end           dtels
POST /v1/sessions/{session_id}/export        dlo
GET  /v1/board                               d.el.os
GET  /v1/map                                 d.el.os
GET  /v1/kpi                                 d.el.os
GET  /v1/dead-letters                        o
"""
LETTERS: dict[str, Role] = {role[0]: role for role in ROLES}
MAY = {
    (line.split()[0], line.split()[1]): {LETTERS[letter] for letter in line.split()[2] if letter in LETTERS}
    for line in TABLE.strip().splitlines()
}
FREE = {(line.split()[0], line.split()[1]) for line in TABLE.strip().splitlines() if line.endswith("-")}
GUARDED = sorted(MAY.keys() - FREE)
FOR_GUESTS = {("POST", "/v1/sessions/join"), ("POST", "/v1/sessions/{session_id}/join")}
OPEN_STREAM = ("GET", "/v1/assignments/stream")


def routes() -> Iterator[tuple[str, str]]:
    """Every route that the app has, but the description and the console's files."""
    for router in ROUTERS:
        for route in router.routes:
            for method in getattr(route, "methods", ()):
                yield method, getattr(route, "path", "")


def concrete(path: str) -> str:
    """The path with ids in place of its parameters; an engineer's is the technician's own."""
    return re.sub(r"\{\w+\}", "somebody", path)


def test_every_route_stands_in_the_table() -> None:
    """No route without a rule, no rule without a route."""
    assert set(routes()) | {("GET", "/v1/openapi.json")} == set(POLICY) == set(MAY)


@pytest.mark.parametrize("role", ROLES)
def test_every_route_lets_in_whom_the_table_names(client: TestClient, bearer: TokenFor, role: Role) -> None:
    """Each route times each role: refused with 403, or let through to whatever comes behind the door."""
    wrong = []
    for method, path in GUARDED:
        allowed = role in MAY[method, path]
        if allowed and (method, path) == OPEN_STREAM:
            continue  # it would stream on; the table's other half is checked below
        answer = client.request(method, concrete(path), headers=bearer(role), json={})
        if (answer.status_code != 403) != allowed or answer.status_code in (401, 500):
            wrong.append(f"{role} {method} {path}: {answer.status_code}, allowed {allowed}")
    assert not wrong


def test_every_role_may_open_the_stream() -> None:
    """What each sees of it is the filter's business."""
    assert POLICY[OPEN_STREAM].roles == frozenset(ROLES)


@pytest.mark.parametrize("presented", [None, "Bearer", "Bearer x.y.z", "Basic abc", "bearer  "])
def test_without_a_good_token_every_guarded_route_is_shut(client: TestClient, presented: str | None) -> None:
    """401 with a challenge, whatever the body: nothing of the request is looked at before."""
    headers = {"Idempotency-Key": "k"} | ({"Authorization": presented} if presented else {})
    for method, path in GUARDED:
        if presented is None and (method, path) in FOR_GUESTS:
            continue
        answer = client.request(method, concrete(path), headers=headers, content=b"{no json")
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_guest_proves_something_else_or_is_not_let_in(client: TestClient) -> None:
    """Joining a session without a token needs its code or a ticket: where neither is sent it is shut."""
    assert {path for path, rule in POLICY.items() if rule.guests} == FOR_GUESTS
    key = {"Idempotency-Key": "k"}
    assert client.post("/v1/sessions/S1/join", headers=key, json={}).status_code == 401
    assert client.post("/v1/sessions/S1/join", headers=key, json={"ticket": "x.y.z"}).status_code == 403
    assert client.post("/v1/sessions/join", headers=key, json={}).status_code == 422
    assert client.post("/v1/sessions/join", headers=key, json={"code": "O0O0-O0O0"}).status_code == 403


def test_a_token_in_the_query_is_no_token(client: TestClient, tokens: Tokens) -> None:
    """Only the header or the cookie carries one."""
    token = tokens.sign("d", "dispatcher", ["*"], 60)
    assert client.get(f"/v1/me?token={token}&access_token={token}").status_code == 401


@pytest.mark.parametrize(
    ("role", "method", "path", "body"),
    [
        ("lead", "PUT", "/v1/regions/R2", {}),
        ("dispatcher", "GET", "/v1/regions/R2", None),
        ("dispatcher", "GET", "/v1/incidents?region=R2", None),
        ("dispatcher", "GET", "/v1/board?region=R1&region=R2", None),
        ("expert", "GET", "/v1/map?region=R2", None),
        ("lead", "GET", "/v1/kpi?region=R2", None),
        ("dispatcher", "GET", "/v1/assignments/stream?region=R2", None),
        ("lead", "PUT", "/v1/engineers/E9", {"region": "R2", "home": {"lat": 1, "lon": 1}, "skills": {}}),
        (
            "dispatcher",
            "POST",
            "/v1/incidents",
            {"region": "R2", "place": {"lat": 1, "lon": 1}, "tier": "gold", "product": "core"},
        ),
    ],
)
def test_another_region_is_refused(
    client: TestClient, bearer: TokenFor, role: Role, method: str, path: str, body: object
) -> None:
    """A role reaches as far as its regions."""
    answer = client.request(method, path, headers=bearer(role, regions=("R1",)), json=body)
    assert answer.status_code == 403
    assert "R2" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/engineers/E2", None),
        ("GET", "/v1/engineers/E2/job", None),
        ("POST", "/v1/engineers/E2/shift", {"change": "shift_started"}),
        ("POST", "/v1/engineers/E2/positions", {"positions": [{"lat": 1, "lon": 1}]}),
        ("POST", "/v1/assignments/I1/status", {"engineer_id": "E2", "epoch": 1, "status": "accepted"}),
    ],
)
def test_a_technician_reaches_nobody_else(
    client: TestClient, bearer: TokenFor, method: str, path: str, body: dict[str, object] | None
) -> None:
    """Another engineer's page, shift, place and assignments are closed to a technician."""
    at = "2026-03-02T10:00:00Z"
    if body is not None and "positions" in body:
        body = {"positions": [{"lat": 1, "lon": 1, "fixed_at": at}]}
    elif body is not None:
        body = body | {"device_seq": 1, "occurred_at": at}
    answer = client.request(method, path, headers=bearer("technician", "E1"), json=body)
    assert answer.status_code == 403


def test_a_customer_reports_for_themselves_only(client: TestClient, bearer: TokenFor) -> None:
    """Another customer's id in a report is refused."""
    body = {"place": {"lat": 1, "lon": 1}, "tier": "gold", "product": "core", "customer_id": "C2"}
    assert client.post("/v1/incidents", headers=bearer("customer"), json=body).status_code == 403


def test_a_limited_reporter_names_the_region(client: TestClient, bearer: TokenFor) -> None:
    """Who has some regions only can not report by place alone: where it leads is not known yet."""
    body = {"place": {"lat": 1, "lon": 1}, "tier": "gold", "product": "core"}
    answer = client.post("/v1/incidents", headers=bearer("dispatcher", regions=("R1",)), json=body)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "region"


def test_login_makes_a_cookie_no_script_can_read(client: TestClient, tokens: Tokens) -> None:
    """HttpOnly, SameSite=Strict, the whole site; afterwards the cookie is enough, after logout it is gone."""
    token = tokens.sign("d1", "dispatcher", ["R1"], 600)
    answer = client.post("/v1/login", json={"token": token})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert answer.json()["subject"] == "d1"
    assert token not in answer.text
    assert client.get("/v1/me").json()["regions"] == ["R1"]
    assert client.post("/v1/logout", headers={"X-Muster-Request": "1"}).status_code == 204
    assert client.get("/v1/me").status_code == 401


def test_login_refuses_what_proves_nothing(client: TestClient) -> None:
    """A bad token makes no cookie and is not repeated."""
    answer = client.post("/v1/login", json={"token": "not.a.token"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "not.a.token" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 403),
        ({"content-type": "application/x-www-form-urlencoded"}, 403),
        ({"content-type": "application/json", "origin": "https://evil.example"}, 403),
        ({"content-type": "application/json", "origin": "null"}, 403),
        ({"content-type": "application/json", "origin": "http://gateway"}, 422),
        ({"content-type": "application/json; charset=utf-8"}, 422),
    ],
    ids=str,
)
def test_a_write_by_cookie_is_one_that_no_foreign_page_can_send(
    client: TestClient, tokens: Tokens, headers: dict[str, str], status: int
) -> None:
    """A form or a foreign origin is refused; the site's own JSON goes on to be judged by its fields."""
    client.post("/v1/login", json={"token": tokens.sign("d1", "dispatcher", ["*"], 600)})
    sent = {"Idempotency-Key": "k"} | headers
    assert client.post("/v1/incidents", content=b"{}", headers=sent).status_code == status


def test_over_tls_the_cookie_stays_there(app: FastAPI, tokens: Tokens) -> None:
    """With TLS the cookie is Secure."""
    with_tls = TestClient(app, base_url="https://gateway")
    answer = with_tls.post("/v1/login", json={"token": tokens.sign("d1", "dispatcher", ["*"], 600)})
    assert "Secure" in answer.headers["set-cookie"]
