"""One Redis for tests that are about Kafka: which one it is makes no difference to them."""

from __future__ import annotations

import pytest

from deploy.local import EmbeddedRedis
from tests.conftest import SharedEngines


@pytest.fixture
def any_redis(shared_engines: SharedEngines) -> str:
    """The URL of a Redis, not emptied: keys are apart by the topic prefix."""
    return shared_engines.get(EmbeddedRedis).address
