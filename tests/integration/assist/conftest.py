"""A session store on each Redis, embedded and real in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import redis.asyncio as redis

from services.assist import lifecycle
from services.assist.chain import Signer
from services.assist.drafts import Actor
from services.assist.session import Session
from services.sessions.desk import SessionDesk
from services.sessions.store import SessionStore

SECRET = "a secret for tests, of more than 32 characters"
DESK = Actor("DESK", "dispatcher")
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
async def store(redis_url: str, topic_prefix: str) -> AsyncIterator[SessionStore]:
    """The store under a prefix of its own."""
    async with redis.Redis.from_url(redis_url) as client:
        yield SessionStore(client.execute_command, topic_prefix)


@pytest.fixture
def desk(store: SessionStore) -> SessionDesk:
    """Who changes sessions without being a node."""
    return SessionDesk(store, Signer(SECRET))


@pytest.fixture
async def session_id(desk: SessionDesk) -> str:
    """An open session about ANA's incident."""
    session = Session("ses-1", "INC-1", "R1")
    await desk.open(session, lambda _: lifecycle.open_session(DESK, "ANA"), TEN, TEN)
    return session.session_id
