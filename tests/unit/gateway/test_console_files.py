"""The console's files: without a token, under strict headers, and nothing beside them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings


@pytest.mark.parametrize("path", ["/", "/job", "/incidents/I1", "/index.html", "/job/"])
def test_every_page_address_is_the_page(client: TestClient, path: str) -> None:
    """The page routes in the browser, so a reload anywhere finds it; nobody may keep it."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert "the page" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_built_files_are_kept_by_browsers(client: TestClient) -> None:
    """Their names have hashes: what is there once stays the same."""
    answer = client.get("/assets/page-1a2b.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "//secret.txt",
        "/gone.js",
        "/a%00b",
    ],
)
def test_nothing_beside_the_console_is_served(client: TestClient, path: str) -> None:
    """Neither what lies beside the folder, nor a file that is not there."""
    answer = client.get(path)
    assert "never served" not in answer.text
    assert answer.status_code in (200, 404)


@pytest.mark.parametrize("path", ["/", "/v1/me", "/healthz", "/gone.js"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    """No foreign script, no frame, no guessing of types, no address given away."""
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("board.example:8080", "http://board.example:8190"),
        ("[::1]:8080", "http://[::1]:8190"),
        ("evil.example; script-src *", "http://:8190"),
    ],
)
def test_pages_may_reach_the_relay_nodes_and_nothing_else(
    settings: GatewaySettings, host: str, reached: str
) -> None:
    """Under the name that the browser used; what is no host adds nothing to the policy."""
    origins = "http://{host}:8190 ws://{host}:8190"
    app = create_app(settings.model_copy(update={"relay_origins": origins}))
    policy = TestClient(app).get("/", headers={"Host": host}).headers["content-security-policy"]
    assert f"connect-src 'self' {reached} {reached.replace('http', 'ws', 1)};" in policy
    assert policy.count("script-src") == 1
