"""The dispatch worker: triage, location feed, dispatch and read models in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from streams.dead_letters import DeadLetters
from streams.dispatch import publisher, run_dispatch
from streams.health import BEAT_EVERY_S, HealthApp, Vitals, serve_health
from streams.kafka import AWAY, BACKOFF_S, new_group_consumer, new_producer, until_there
from streams.lending import SurgeCoordinator
from streams.locations import LocationFeed
from streams.log import RegionLog
from streams.metrics import WorkerMetrics
from streams.read_models import REDIS_AWAY, ReadModels
from streams.registry import RegistryReader
from streams.session_stories import SessionStories
from streams.settings import WorkerSettings
from streams.snapshots import Snapshots
from streams.topics import ensure_topics
from streams.triage import Triage

log = structlog.get_logger(__name__)

PRUNE_INTERVAL_S = 600.0
INTAKE_ENDS_WITHIN_S = 1.0
LAST_VIEWS_WITHIN_S = 0.7

Tasks = Sequence[asyncio.Task[None]]


class DispatchWorker:
    """One process of the fleet. `run` ends when `stop` is called; whatever else ends it is raised."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self.metrics = WorkerMetrics()
        self.vitals = Vitals("the group is not joined yet")

    def stop(self) -> None:
        """Stop intake, drain, leave; returns at once."""
        self.vitals.missing = "it stops"
        self._stopping.set()

    async def run(self) -> None:
        """Serve until told to stop. Raises TopicTrouble, LogBroken; an engine that is away is waited for."""
        settings = self._settings
        health = HealthApp(self.vitals, self.metrics.registry)
        serve_health(health, settings.metrics_host, settings.metrics_port)
        beating = asyncio.create_task(self.vitals.keep_beating())
        producer, snapshot_producer = new_producer(settings), new_producer(settings)
        redis = Redis.from_url(settings.redis_url, socket_timeout=3.0, socket_connect_timeout=2.0)
        try:
            if await self._unless_stopped(self._connect(producer, snapshot_producer)):
                await self._serve(producer, snapshot_producer, redis)
        finally:
            beating.cancel()
            for one in (producer, snapshot_producer):
                with contextlib.suppress(TimeoutError, *AWAY):
                    await asyncio.wait_for(one.stop(), settings.stop_within_s)
            await redis.aclose()

    async def _connect(self, *producers: AIOKafkaProducer) -> None:
        settings = self._settings
        await until_there("broker", settings.broker, lambda: ensure_topics(settings))
        for producer in producers:
            await until_there("broker", settings.broker, producer.start)

    async def _unless_stopped(self, work: Awaitable[None]) -> bool:
        """Wait for this, or to be told to stop; True where it is done."""
        task, stop = asyncio.ensure_future(work), asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            return False
        task.result()
        return True

    async def _serve(
        self, producer: AIOKafkaProducer, snapshot_producer: AIOKafkaProducer, redis: Redis
    ) -> None:
        settings, metrics = self._settings, self.metrics
        registry = RegistryReader(settings)
        letters = DeadLetters(producer, settings, metrics)
        triage = Triage(settings, producer, registry, letters, metrics)
        feed = LocationFeed(settings, producer, registry, letters, metrics)
        models = ReadModels(redis, settings, metrics)
        stories = SessionStories(settings, redis, letters)
        snapshots = Snapshots(snapshot_producer, settings)
        stopping = self._stopping

        async def dispatch() -> None:
            consumer = new_group_consumer(settings, "dispatch")
            region_log = RegionLog(consumer, snapshots, letters, settings, metrics)
            await self._dispatch(region_log, models, producer, intake)

        follow = asyncio.create_task(self._again("registry", registry.run))
        intake = [
            asyncio.create_task(self._again("triage", lambda: triage.run(stopping))),
            asyncio.create_task(self._again("locations", lambda: feed.run(stopping))),
        ]
        beside = [asyncio.create_task(self._again("stories", lambda: stories.run(stopping)))]
        surge = SurgeCoordinator(settings, producer)
        beside.append(asyncio.create_task(self._again("surge", lambda: surge.run(stopping))))
        parts = [*intake, *beside, asyncio.create_task(self._again("dispatch", dispatch))]
        try:
            await _first_failure([*parts, follow], stopping)
        finally:
            stopping.set()
            await _drain(parts, settings.stop_within_s)
            follow.cancel()
            await asyncio.wait({follow})
        log.info("worker_stopped")

    async def _dispatch(
        self, region_log: RegionLog, models: ReadModels, producer: AIOKafkaProducer, intake: Tasks
    ) -> None:
        publish = publisher(producer, self._settings, self.metrics)
        closing = asyncio.create_task(_close_behind(self._stopping, intake, region_log))
        beside = [
            asyncio.create_task(models.run(region_log.owned, self._stopping)),
            asyncio.create_task(self._prune(models, region_log)),
            asyncio.create_task(self._tell_what_is_missing(region_log)),
        ]
        try:
            await region_log.start()
            await run_dispatch(region_log, publish, models.note, self.metrics)
        finally:
            closing.cancel()
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            await region_log.stop(self._settings.stop_within_s / 2)
            with contextlib.suppress(*REDIS_AWAY):
                await asyncio.wait_for(models.write(region_log.owned), LAST_VIEWS_WITHIN_S)

    async def _tell_what_is_missing(self, region_log: RegionLog) -> None:
        while not self._stopping.is_set():
            self.vitals.missing = region_log.missing
            await asyncio.sleep(BEAT_EVERY_S)

    async def _prune(self, models: ReadModels, region_log: RegionLog) -> None:
        while True:
            await asyncio.sleep(PRUNE_INTERVAL_S)
            with contextlib.suppress(*REDIS_AWAY):
                await models.drop_forgotten(region_log.owned)

    async def _again(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part, and anew where the broker went away under it; anything else is a defect and raised."""
        failures = 0
        while not self._stopping.is_set():
            started = asyncio.get_running_loop().time()
            try:
                await part()
                return
            except AWAY as error:
                lasted_s = asyncio.get_running_loop().time() - started
                failures = 0 if lasted_s > 30 else failures + 1
                pause_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
                log.warning("part_interrupted", part=name, error=repr(error), again_in_s=pause_s)
                await self._unless_stopped(asyncio.sleep(pause_s))


async def _close_behind(stopping: asyncio.Event, intake: Tasks, region_log: RegionLog) -> None:
    """When told to stop, let the intake end first: what it still forwards is decided here."""
    await stopping.wait()
    await asyncio.wait(intake, timeout=INTAKE_ENDS_WITHIN_S)
    region_log.close()


async def _first_failure(tasks: Tasks, stopping: asyncio.Event) -> None:
    """Return when told to stop; raise what a part died of."""
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    for task in tasks:
        if task.done():
            task.result()


async def _drain(parts: Tasks, within_s: float) -> None:
    """Let the parts end by themselves, and cut them off at the deadline."""
    done, late = await asyncio.wait(parts, timeout=within_s)
    for task in late:
        task.cancel()
    if late:
        log.warning("drain_cut_off", parts=len(late))
        await asyncio.wait(late, timeout=1.0)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("part_failed", error=repr(error))


async def serve_until_signalled(settings: WorkerSettings) -> None:
    """Run a worker until SIGTERM or SIGINT, also where SIGINT was ignored at the start."""
    worker = DispatchWorker(settings)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.stop)
    log.info("worker_starts", **settings.model_dump(mode="json"))
    await worker.run()
