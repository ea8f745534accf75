"""Play a scenario through the public API alone: reports at their time, a phone for each engineer."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from schemas.base import rfc3339
from schemas.incidents import IncidentReported
from services.simulation.feed_clock import FeedClock
from services.simulation.feed_errors import FeedError, FeedMistake, GatewayRefused
from services.simulation.feed_field import Field
from services.simulation.feed_gateway import GatewayClient, problem
from services.simulation.feed_outbox import Outbox
from services.simulation.feed_regions import RegionTimes
from services.simulation.feed_setup import check_gateway, register, starts_at
from services.simulation.feed_stream import DecisionStream
from services.simulation.feed_tally import Tally
from services.simulation.journeys import Leg
from services.simulation.profiles import STEADY, PhoneProfile
from services.simulation.scenarios import Scenario

PULSE_S = 0.1
PHONES_PULSE_S = 0.025
CLOCK_WITHIN_S = 1.0
STUCK_WALL_S = 20.0
STUCK_SCENARIO = timedelta(hours=2)
FIX_WALL_S, FIX_LEAST_S = 1.0, 30.0
CALL_BACK_WALL_S = 10.0


@dataclass(frozen=True)
class FeedOptions:
    """How to play: scenario seconds a wall second, what the phones are like, the seed of their chance."""

    speed: float = 60.0
    profile: PhoneProfile = STEADY
    seed: int = 0
    drill: bool = False
    """Region and engineers are there already: a drill's."""
    wall: bool = False
    """The gateway's time is the wall's: no clock is posted."""
    phones: bool = True
    """Without, people answer for the engineers."""


class Feed:
    """One scenario being played: `run()` it, then (also when it was cancelled) read `legs()`, `summary()`."""

    def __init__(self, scenario: Scenario, client: GatewayClient, options: FeedOptions) -> None:
        start = starts_at(scenario, options.speed)
        self.scenario = scenario
        self.options = options
        self.clock = FeedClock(start, options.speed)
        self.tally = Tally(frozenset(report.incident_id for report in scenario.reports))
        self.complete = False
        self._client = client
        self._run = f"feed-{secrets.token_hex(6)}"
        self._times = RegionTimes([region.region for region in scenario.regions], start, options.speed)
        self._stream = DecisionStream(client)
        region_of = {engineer.engineer_id: engineer.region for engineer in scenario.engineers}
        self._outbox = Outbox(client, self._run, region_of, self._times)
        fix_every_s = max(FIX_WALL_S * options.speed, FIX_LEAST_S)
        profile = options.profile.with_fixes(fix_every_s)
        call_back_s = CALL_BACK_WALL_S * options.speed
        self._field = Field(scenario, profile, options.seed, start, call_back_s, self._outbox.put)

    async def run(self, began: Callable[[], None] = lambda: None) -> None:
        """Set up, then play to the end; raises a FeedError where that can not be done."""
        if not self.options.drill:
            await check_gateway(self._client, self.clock.start)
            await self._first_clock()
            await register(self._client, self.scenario, self._run)
        played = asyncio.create_task(self._play(began))
        works = (self._read(), self._outbox.pump(), self._move_phones(), self._times.follow(self._client))
        others = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait({played, *others}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            self.complete = True
        finally:
            for task in (played, *others):
                task.cancel()
            await asyncio.gather(played, *others, return_exceptions=True)

    async def _first_clock(self) -> None:
        try:
            await self._client.send(
                "POST", "/v1/clock", {"now": rfc3339(self.clock.start)}, f"{self._run}-clock-first"
            )
        except GatewayRefused as error:
            raise FeedMistake(str(error)) from error

    async def _play(self, began: Callable[[], None]) -> None:
        await asyncio.wait_for(self._stream.opened.wait(), self._client.patience_s)
        self.clock.run()
        began()
        later = list(reversed(self.scenario.reports))
        due: list[IncidentReported] = []
        async with asyncio.TaskGroup() as reports:
            while later or due or not self._is_over():
                now = self.clock.now()
                pulse_ends_s = time.monotonic() + PULSE_S
                await self._post_clock(now)
                while later and later[-1].reported_at <= now:
                    due.append(later.pop())
                    self.tally.report_due(due[-1].incident_id, time.monotonic())
                for report in due:
                    if self._times.allows(report.region, report.reported_at):
                        reports.create_task(self._report(report))
                due = [one for one in due if not self._times.allows(one.region, one.reported_at)]
                await asyncio.sleep(max(pulse_ends_s - time.monotonic(), 0))

    async def _post_clock(self, now: datetime) -> None:
        """Post the time once: a clock that did not arrive is made good by the next, never sent late."""
        if self.options.wall:
            self._times.posted = now
            return
        key = {"Idempotency-Key": f"{self._run}-clock-{rfc3339(now)}"}
        with suppress(httpx.TransportError, TimeoutError):
            async with asyncio.timeout(CLOCK_WITHIN_S):
                answer = await self._client.http.post("/v1/clock", json={"now": rfc3339(now)}, headers=key)
            if answer.is_success:
                self._times.posted = now
            elif answer.status_code in {401, 403, 409}:
                raise FeedError(
                    f"POST /v1/clock: the gateway answered {answer.status_code}: {problem(answer)}"
                )

    async def _report(self, report: IncidentReported) -> None:
        body = report.model_dump(mode="json", exclude_none=True)
        key = f"{self._run}-incident-{report.incident_id}"
        try:
            await self._client.send("POST", "/v1/incidents", body, key, prefer="respond-async")
        except GatewayRefused as error:
            if error.status in {401, 403}:
                raise
            self.tally.report_refused(report.incident_id, f"{error.status} {error.detail}")

    async def _read(self) -> None:
        async for decision in self._stream.decisions():
            self.tally.decided(decision, time.monotonic())
            self._times.heard(decision.region, decision.decided_at)
            if self.options.phones:
                self._field.told(decision, self.clock.now())

    async def _move_phones(self) -> None:
        while True:
            self._field.advance(self.clock.now())
            await asyncio.sleep(PHONES_PULSE_S)

    def _is_over(self) -> bool:
        """All incidents have ended, or nobody is busy and nothing has moved for a bounded time."""
        if self.tally.ended >= len(self.scenario.reports):
            return not self._field.busy and self._outbox.empty
        stuck_s = max(STUCK_WALL_S, STUCK_SCENARIO.total_seconds() / self.options.speed)
        last_s = max(self.tally.last_progress_s, time.monotonic() - self.clock.wall_s)
        return not self._somebody_comes() and time.monotonic() - last_s > stuck_s

    def _somebody_comes(self) -> bool:
        """Whether a phone is still at work, or a shift begins later."""
        now = self.clock.now()
        later = any(
            one.available_from is not None and one.available_from > now for one in self.scenario.engineers
        )
        return later or self._field.busy > 0

    @property
    def client(self) -> GatewayClient:
        """The gateway that is being fed."""
        return self._client

    @property
    def busy(self) -> int:
        """How many phones have an assignment."""
        return self._field.busy

    def legs(self) -> list[Leg]:
        """The journeys that have ended, as the phones saw them."""
        return self._field.legs()

    def summary(self) -> dict[str, Any]:
        """What summary.json says: counts, latencies in wall milliseconds, how the way to the gateway was."""
        wall_s = self.clock.wall_s
        return {
            "scenario": self.scenario.name,
            "complete": self.complete,
            "speed": self.options.speed,
            "phones": self.options.profile.name,
            "seed": self.options.seed,
            **self.tally.figures(),
            "legs": len(self.legs()),
            "statuses_sent": self._outbox.sent["status"],
            "positions_sent": self._outbox.sent["position"],
            "phone_events_refused": dict(sorted(self._outbox.refused.items())),
            "retries": self._client.retries,
            "stream_connections": self._stream.connections,
            "stream_repeated": self._stream.repeated,
            "wall_s": round(wall_s, 3),
            "scenario_s": round(wall_s * self.options.speed, 1),
        }
