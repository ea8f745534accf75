"""Installations that the tests of this folder share: one on the embedded engines, one on the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from deploy.local import EmbeddedBroker, EmbeddedRedis, Engine, RealKafka, RealRedis
from tests.integration.gateway.system import System, running_system

PAIRS = [
    pytest.param((EmbeddedBroker, EmbeddedRedis), marks=pytest.mark.embedded, id="embedded"),
    pytest.param((RealKafka, RealRedis), marks=pytest.mark.real, id="real"),
]


@pytest.fixture(scope="module", params=PAIRS)
def engines(request: pytest.FixtureRequest, shared_engines) -> tuple[Engine, Engine]:
    """A broker and a Redis, embedded and real in turn."""
    broker, redis = (shared_engines.get(kind) for kind in request.param)
    return broker, redis


@pytest.fixture(scope="module")
async def system(engines: tuple[Engine, Engine], tmp_path_factory) -> AsyncIterator[System]:
    """A running installation under a prefix of its own; with few decisions preloaded, resumes read Kafka."""
    broker, redis = engines
    made = System(
        folder=tmp_path_factory.mktemp("gateway"),
        broker=broker.address,
        redis_url=redis.address,
        prefix=f"t{uuid4().hex[:10]}-",
        more={
            "MUSTER_HEARTBEAT_S": "0.5",
            "MUSTER_PRELOAD_DECISIONS": "2",
            "MUSTER_STREAMS_PER_SUBJECT": "5",
            "MUSTER_EXPLAIN_WITHIN_S": "120",  # a process that starts on a busy machine
            "MUSTER_FORK_WITHIN_S": "300",
        },
    )
    async with running_system(made):
        yield made


@pytest.fixture
async def service(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """A client in the role service, for all regions."""
    async with system.client("service") as client:
        yield client


@pytest.fixture
def region() -> str:
    """A region that no other test has."""
    return f"R{uuid4().hex[:8]}"
