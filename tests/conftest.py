"""Engines and peers for every test: each kind is started once a run, when the first test asks for it.

A test that takes `broker` or `redis_url` runs twice, against the embedded and the real engine. Where an
engine is missing its tests are skipped with what to do; with MUSTER_REQUIRE_REAL=1 (CI) they fail instead,
and most run against the real engines alone.

`make test` runs in two processes: what waits for clocks, sockets and browsers runs one by one in the first,
before all else; what only reckons shares the second, and steps back from the first. While a module with the
fixture `whole_machine` runs, the second waits.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest
import redis
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from deploy.local import (
    Broker,
    EmbeddedBroker,
    EmbeddedRedis,
    Engine,
    EngineUnavailable,
    RealKafka,
    RealRedis,
    RedisServer,
)

# A busy machine is no defect; and CI judges a change, not the luck of its draws.
settings.register_profile(
    "muster",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("MUSTER_REQUIRE_REAL") == "1",
)
settings.load_profile("muster")

ROOT = Path(__file__).resolve().parents[1]
BROKERS = [
    pytest.param(EmbeddedBroker, marks=pytest.mark.embedded, id="embedded"),
    pytest.param(RealKafka, marks=pytest.mark.real, id="kafka"),
]
REDIS_SERVERS = [
    pytest.param(EmbeddedRedis, marks=pytest.mark.embedded, id="valkey"),
    pytest.param(RealRedis, marks=pytest.mark.real, id="redis"),
]
IN_REAL_TIME = ("tests/e2e/", "tests/integration/", "tests/unit/relay/")
OF_THE_ENGINES = "tests/integration/engines/"
STEPS_BACK = 19
TURN, MACHINE = ROOT / "tests" / "conftest.py", ROOT / "pyproject.toml"


class OneByOne(LoadScopeScheduling):
    """All that runs in real time as one piece of work, the largest, and so the first; else a module each."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, _ = nodeid.partition("::")
        return "in real time" if module.startswith(IN_REAL_TIME) else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneByOne:
    """Two processes never run two tests that watch a clock at once."""
    return OneByOne(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """What only reckons has time: its process gives way, with all that it starts, and waits when asked to."""
    if "PYTEST_XDIST_WORKER" not in os.environ or item.nodeid.startswith(IN_REAL_TIME):
        return (yield)
    if os.nice(0) < STEPS_BACK:
        os.nice(STEPS_BACK)
    with ExitStack() as until_its_end:
        with _held(TURN):
            until_its_end.enter_context(_held(MACHINE))
        return (yield)


@contextmanager
def _held(file: Path) -> Iterator[None]:
    """A file as a lock between the processes of a run: who has the turn gets the machine next."""
    with file.open("rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def whole_machine() -> Iterator[None]:
    """No other test runs beside this module: its pictures are judged by how smoothly they come."""
    with _held(TURN), _held(MACHINE):
        yield


def missing(reason: str) -> NoReturn:
    """Skip the test for a missing engine; fail it where MUSTER_REQUIRE_REAL=1 wants all there."""
    if os.environ.get("MUSTER_REQUIRE_REAL") == "1":
        pytest.fail(f"MUSTER_REQUIRE_REAL=1, but: {reason}", pytrace=False)
    pytest.skip(reason)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Half an hour is CI's limit: where the real engines must be there, they alone are tested against.

    Of the embedded ones CI sees what they promise (their own tests, but for the slow ones), and `make up`.
    """
    if os.environ.get("MUSTER_REQUIRE_REAL") != "1":
        return
    real = {_function_of(item) for item in items if item.get_closest_marker("real")}
    twice = [
        item
        for item in items
        if item.get_closest_marker("embedded")
        and _function_of(item) in real
        and (item.get_closest_marker("slow") or not item.nodeid.startswith(OF_THE_ENGINES))
    ]
    items[:] = [item for item in items if item not in twice]
    config.hook.pytest_deselected(items=twice)


def _function_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


class SharedEngines:
    """The engines of this run, one of each kind, started when first asked for."""

    def __init__(self) -> None:
        self._started: dict[type[Engine], Engine] = {}
        self._unavailable: dict[type[Engine], str] = {}

    def get(self, kind: type[Engine]) -> Engine:
        """Return the running engine of a kind; skip or fail the test where it can not be had here."""
        if kind in self._unavailable:
            missing(self._unavailable[kind])
        if kind not in self._started:
            engine = kind()
            try:
                asyncio.run(engine.start())
            except EngineUnavailable as error:
                self._unavailable[kind] = str(error)
                missing(str(error))
            self._started[kind] = engine
        return self._started[kind]

    def stop(self) -> None:
        """Stop all that was started."""
        for engine in self._started.values():
            asyncio.run(engine.stop())


@pytest.fixture(scope="session")
def shared_engines() -> Iterator[SharedEngines]:
    """The engines that tests share; take `broker` or `redis_url` instead of this."""
    engines = SharedEngines()
    yield engines
    engines.stop()


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest, shared_engines: SharedEngines) -> Broker:
    """A running broker, embedded and real in turn, shared by all tests: use `topic_prefix`, never stop it."""
    engine = shared_engines.get(request.param)
    assert isinstance(engine, Broker)
    return engine


@pytest.fixture
def kafka(shared_engines: SharedEngines) -> Broker:
    """The real Apache Kafka alone, shared by all tests, for what the embedded broker can not do."""
    engine = shared_engines.get(RealKafka)
    assert isinstance(engine, Broker)
    return engine


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics, groups and keys that no other test has."""
    return f"t{uuid4().hex[:10]}-"


@pytest.fixture(params=REDIS_SERVERS)
def redis_url(request: pytest.FixtureRequest, shared_engines: SharedEngines) -> str:
    """The URL of an empty Redis, embedded and real in turn; emptied for each test."""
    url = shared_engines.get(request.param).address
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture(params=BROKERS)
async def own_broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    """A broker for this test alone, which it may kill, pause and restart."""
    async with own_engine(request.param) as engine:
        assert isinstance(engine, Broker)
        yield engine


@pytest.fixture(params=REDIS_SERVERS)
async def own_redis(request: pytest.FixtureRequest) -> AsyncIterator[RedisServer]:
    """A Redis for this test alone, which it may kill, pause and restart."""
    async with own_engine(request.param) as engine:
        assert isinstance(engine, RedisServer)
        yield engine


class own_engine:  # noqa: N801 - reads as the context manager it is
    """Start an engine for one test; a missing one skips or fails it."""

    def __init__(self, kind: type[Engine]) -> None:
        self._engine = kind()

    async def __aenter__(self) -> Engine:
        try:
            await self._engine.start()
        except EngineUnavailable as error:
            missing(str(error))
        return self._engine

    async def __aexit__(self, *_: object) -> None:
        await self._engine.stop()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program file of the system's Chromium, for playwright's `executable_path`."""
    found = shutil.which("chromium")
    if found is None:
        missing("no chromium is on the PATH; `make system` installs it as root (Debian: chromium).")
    return Path(found)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder shared/ beside the checkout (scenarios and their judge); absent, the test is skipped."""
    folder = ROOT.parent / "shared"
    if not (folder / "yardstick").is_dir():
        pytest.skip("needs the folder shared/ (yardstick) beside the checkout, which is not part of it")
    return folder
