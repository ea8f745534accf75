"""A gateway that is built and connected to nothing: what is decided before the broker is decided here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from schemas.api import Role
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import Tokens

SECRET = "a secret for tests, of more than 32 characters"
NOWHERE = "redis://127.0.0.1:1/0"

TokenFor = Callable[..., dict[str, str]]


@pytest.fixture(scope="session")
def console_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built console of three files, with one beside the folder that must never be served."""
    folder = tmp_path_factory.mktemp("console")
    (folder / "secret.txt").write_text("never served")
    dist = folder / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>the page</title>")
    (dist / "assets" / "page-1a2b.js").write_text("export {}")
    return dist


@pytest.fixture(scope="session")
def settings(console_dir: Path) -> GatewaySettings:
    """Settings whose engines are not there; every route times every role is more than a person's rate."""
    return GatewaySettings(
        secret=SecretStr(SECRET),
        redis_url=NOWHERE,
        broker="127.0.0.1:1",
        console_dir=console_dir,
        rate_burst=100_000,
    )


@pytest.fixture
def tokens() -> Tokens:
    """The signer that the app shares its secret with."""
    return Tokens(SECRET)


@pytest.fixture(scope="session")
def app(settings: GatewaySettings) -> FastAPI:
    """The app, its lifespan not begun."""
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A client in this process."""
    return TestClient(app, base_url="http://gateway", raise_server_exceptions=False)


@pytest.fixture
def bearer(tokens: Tokens) -> TokenFor:
    """Headers of a command by a role: a token and an Idempotency-Key."""

    def headers(
        role: Role, subject: str = "somebody", regions: tuple[str, ...] = ("*",), customer: str | None = None
    ) -> dict[str, str]:
        if role == "customer":
            customer = customer or "C1"
        token = tokens.sign(subject, role, list(regions), 600, customer)
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": "key-1"}

    return headers
