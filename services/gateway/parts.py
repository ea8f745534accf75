"""Everything one gateway is made of, built from its settings and handed to the routes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from services.gateway.assist import Assist
from services.gateway.clock import EntryClock
from services.gateway.commands import Commands
from services.gateway.explaining import Derive, Explaining
from services.gateway.forking import Forking, Play
from services.gateway.limits import Rates, StreamSlots
from services.gateway.observe import Metrics
from services.gateway.publisher import Publisher
from services.gateway.read_models import ReadModels, RedisLink
from services.gateway.recent import Recent
from services.gateway.settings import GatewaySettings
from services.gateway.shown import Shown
from services.gateway.sse import DecisionStreams
from services.gateway.stored_answers import StoredAnswers
from services.gateway.tail import Tail
from services.gateway.tokens import Tokens
from services.gateway.topics_ready import wait_for_topics
from services.gateway.waiting import Answers


@dataclass(slots=True)
class Gateway:
    """The parts of one gateway process."""

    settings: GatewaySettings
    tokens: Tokens
    clock: EntryClock
    publisher: Publisher
    tail: Tail
    recent: Recent
    redis: RedisLink
    models: ReadModels
    shown: Shown
    commands: Commands
    streams: DecisionStreams
    rates: Rates
    metrics: Metrics
    assist: Assist
    explaining: Explaining
    forking: Forking

    async def run(self) -> None:
        """Keep the broker's two connections until cancelled, once the topics are there."""
        await wait_for_topics(self.settings.broker, self.settings.topic_prefix)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.publisher.run())
            tasks.create_task(self.tail.run())

    async def close(self) -> None:
        """Flush and let go."""
        await self.assist.close()
        await self.publisher.close()
        await self.redis.close()


def build_gateway(
    settings: GatewaySettings, derive: Derive | None = None, play: Play | None = None
) -> Gateway:
    """All parts, wired; nothing is connected yet. WeakSecret where MUSTER_SECRET can sign nothing.

    `derive` reaches the log for full receipts, `play` for forks; this package itself does not.
    """
    metrics, clock, recent, answers = Metrics(), EntryClock(settings.clock), Recent(), Answers()
    tokens = Tokens(settings.secret.get_secret_value())
    publisher = Publisher(settings.broker, settings.topic_prefix)
    tail = Tail(settings, clock, recent, answers, metrics.decided)
    link = RedisLink(settings.redis_url, metrics.redis_failures.inc)
    models = ReadModels(link, settings.topic_prefix)
    stored = StoredAnswers(link, settings.topic_prefix, settings.answer_ttl_s)
    shown = Shown(models, recent, tail)
    slots = StreamSlots(settings.streams_in_all)
    return Gateway(
        settings=settings,
        tokens=tokens,
        clock=clock,
        publisher=publisher,
        tail=tail,
        recent=recent,
        redis=link,
        models=models,
        shown=shown,
        commands=Commands(settings, clock, publisher, answers, stored, metrics),
        streams=DecisionStreams(settings, clock, tail, recent, shown, slots, metrics),
        rates=Rates(time.monotonic),
        metrics=metrics,
        assist=Assist(settings, clock, link, publisher),
        explaining=Explaining(derive, settings.explain_within_s),
        forking=Forking(play, settings.fork_within_s),
    )
