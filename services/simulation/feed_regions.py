"""How far each region's log has come: played fast, the five minutes of margin are seconds.

An event more than five minutes ahead of its region's clock is refused for good (CONTRACT section 2). At 60 x
that is a stall of five seconds, such as a worker's death. So what lies too far ahead is held until the
region's clock has come near it; its own time stays as it is, and latency is counted from when it was due.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import httpx

from schemas.base import to_utc
from services.simulation.feed_gateway import GatewayClient

AHEAD_OF_GATEWAY = timedelta(seconds=120)
AHEAD_OF_REGION = timedelta(seconds=240)
POLL_SCENARIO_S = 30.0
POLL_LEAST_S, POLL_MOST_S = 0.1, 1.0


class RegionTimes:
    """The clocks of gateway and regions, as last heard of; they never step back."""

    def __init__(self, regions: list[str], start: datetime, speed: float) -> None:
        self.posted = start
        self._times = dict.fromkeys(regions, start)
        self._pause_s = min(max(POLL_SCENARIO_S / speed, POLL_LEAST_S), POLL_MOST_S)

    def heard(self, region: str, moment: datetime) -> None:
        """A region's log stands at least at this moment."""
        if region in self._times and moment > self._times[region]:
            self._times[region] = moment

    def allows(self, region: str | None, moment: datetime) -> bool:
        """Whether an event of this moment is not in the region's future (None: the slowest region's)."""
        slowest = min(self._times.values())
        region_s = self._times.get(region, slowest) if region else slowest
        return moment <= min(self.posted + AHEAD_OF_GATEWAY, region_s + AHEAD_OF_REGION)

    async def follow(self, client: GatewayClient) -> None:
        """Ask for the regions' clocks until cancelled; a busy gateway is asked again later."""
        while True:
            with suppress(httpx.TransportError, ValueError, KeyError, TypeError):
                answer = await client.http.get("/v1/regions")
                if answer.is_success:
                    for view in answer.json()["items"]:
                        if view.get("now"):
                            self.heard(view["region"], to_utc(datetime.fromisoformat(view["now"])))
            await asyncio.sleep(self._pause_s)
