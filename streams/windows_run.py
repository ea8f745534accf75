"""The windows worker's life: waits for the broker, runs the app, replaces a crash, stops on a signal."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

from streams.health import HealthApp, Vitals, serve_health
from streams.kafka import AWAY, BACKOFF_S, until_there
from streams.settings import WorkerSettings
from streams.topics import ensure_topics

log = structlog.get_logger(__name__)


class AppCrashed(RuntimeError):
    """Faust gave up: the broker went away for too long, or a service of it failed."""


async def serve(settings: WorkerSettings, build: Callable[[WorkerSettings], Any]) -> int:
    """Keep an app running until SIGTERM or SIGINT; a crashed one is replaced, a little later each time."""
    stop, vitals = asyncio.Event(), Vitals("the app has not started yet")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    serve_health(HealthApp(vitals, registry), settings.metrics_host, settings.metrics_port)
    beating = asyncio.create_task(vitals.keep_beating())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    lives = asyncio.create_task(_lives(settings, build, vitals))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({lives, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    lives.cancel()
    with suppress(asyncio.CancelledError):
        await lives
    beating.cancel()
    log.info("windows_stopped")
    return 0


async def _lives(settings: WorkerSettings, build: Callable[[WorkerSettings], Any], vitals: Vitals) -> None:
    """One app after the other, for ever; pauses between them grow to 5 s."""
    crashes = 0
    while True:
        try:
            await until_there("broker", settings.broker, functools.partial(ensure_topics, settings))
            await one_life(build(settings), settings.stop_within_s, vitals)
        except (*AWAY, AppCrashed) as error:
            pause_s = BACKOFF_S[min(crashes, len(BACKOFF_S) - 1)]
            crashes += 1
            log.warning("windows_start_again", error=repr(error), again_in_s=pause_s, crashes=crashes)
            await asyncio.sleep(pause_s)


async def one_life(app: Any, stop_within_s: float, vitals: Vitals) -> None:
    """Run one app until it crashes (AppCrashed) or this is cancelled; it stops within `stop_within_s`."""
    try:
        await app.start()
        log.info("windows_started", app=app.conf.id)
        vitals.missing = ""
        await app.wait()
        raise AppCrashed(repr(app.crash_reason))
    finally:
        vitals.missing = "the app is not running"
        await _bounded(app.stop(), stop_within_s)


async def _bounded(stopping: Awaitable[None], within_s: float) -> None:
    """A stop that takes too long is left: the broker forgets this member when its session is over."""
    try:
        await asyncio.wait_for(stopping, within_s)
    except TimeoutError:
        log.warning("windows_stop_cut_short", after_s=within_s)
    except Exception:
        log.exception("windows_stop_failed")
