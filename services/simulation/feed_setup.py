"""Before a scenario is played: the right gateway, and its regions and engineers known to it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx

from schemas.base import rfc3339, to_utc
from services.simulation.feed_errors import FeedError, FeedMistake, GatewayRefused
from services.simulation.feed_gateway import GatewayClient, problem
from services.simulation.scenarios import Scenario

FIRST_ANSWER_S = 15.0
KNOWN_WITHIN_S = 60.0
LEAD_WALL_S = 1.0
"""Wall seconds before the first report at which the clock begins."""


def starts_at(scenario: Scenario, speed: float) -> datetime:
    """When the feed's clock begins: a wall second before the first report."""
    if not scenario.reports:
        raise FeedMistake(f"scenario {scenario.name!r} has no incidents: there is nothing to play")
    return scenario.reports[0].reported_at - timedelta(seconds=LEAD_WALL_S * speed)


async def check_gateway(client: GatewayClient, start: datetime) -> None:
    """Raise FeedMistake where address, token, role, clock mode or the log's time do not suit a feed."""
    answer = await _first_answer(client)
    if answer.status_code == 401:
        raise FeedMistake(f"the gateway does not take this token (401): {problem(answer)}")
    if answer.status_code == 403:
        raise FeedMistake(f"this token may not do that (403): {problem(answer)}")
    try:
        me = answer.json()
        role, mode, now = me["role"], me["clock"], me.get("now")
    except (ValueError, KeyError, TypeError):
        raise FeedMistake(
            f"{client.http.base_url} is no Muster gateway: GET /v1/me answers {answer.status_code}"
        ) from None
    if role != "service":
        raise FeedMistake(f"a feed needs a token of role service, this one is of role {role}")
    if mode != "feed":
        raise FeedMistake(
            "this gateway takes its time from the wall (409 for a posted clock): "
            "start it with --clock feed to play a scenario"
        )
    if now is not None and to_utc(datetime.fromisoformat(now)) > start:
        raise FeedMistake(
            f"this log's clock stands at {now}, after the scenario's start at {rfc3339(start)}: "
            "a scenario is played on a new log (a new broker, or another MUSTER_TOPIC_PREFIX)"
        )


async def _first_answer(client: GatewayClient) -> httpx.Response:
    """GET /v1/me with little patience: a wrong address shall be named soon."""
    deadline = time.monotonic() + FIRST_ANSWER_S
    while True:
        try:
            answer = await client.http.get("/v1/me")
            if answer.status_code < 500 and answer.status_code != 429:
                return answer
            why = f"it answers {answer.status_code}: {problem(answer)}"
        except httpx.UnsupportedProtocol as error:
            raise FeedMistake(f"--gateway: {error}") from error
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
        if time.monotonic() > deadline:
            raise FeedMistake(
                f"no gateway answers at {client.http.base_url} (tried for {FIRST_ANSWER_S:.0f} s): {why}"
            )
        await asyncio.sleep(0.5)


async def register(client: GatewayClient, scenario: Scenario, run: str) -> None:
    """PUT regions, then engineers, and return when the dispatcher knows them all."""
    for defined in scenario.regions:
        body = defined.model_dump(mode="json", exclude={"region", "exercise"}, exclude_none=True)
        await _put(
            client, f"/v1/regions/{quote(defined.region, safe='')}", body, f"{run}-region-{defined.region}"
        )
    async with asyncio.TaskGroup() as tasks:
        for engineer in scenario.engineers:
            body = engineer.model_dump(mode="json", exclude={"engineer_id"}, exclude_none=True)
            path = f"/v1/engineers/{quote(engineer.engineer_id, safe='')}"
            tasks.create_task(_put(client, path, body, f"{run}-engineer-{engineer.engineer_id}"))


async def _put(client: GatewayClient, path: str, body: object, key: str) -> None:
    """PUT one thing; where the dispatcher has not answered in time (202), read until it is there."""
    answer = await client.send("PUT", path, body, key)
    deadline = time.monotonic() + KNOWN_WITHIN_S
    while answer.status_code == 202:
        if time.monotonic() > deadline:
            raise FeedError(
                f"PUT {path} was taken, but no dispatch worker has answered for {KNOWN_WITHIN_S:.0f} s"
            )
        await asyncio.sleep(0.2)
        try:
            answer = await client.send("GET", path)
        except GatewayRefused as error:
            if error.status != 404:
                raise
