"""Two regions in scenario time, for the lead's page: people and reports by the public API alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx

from schemas.base import rfc3339
from tests.e2e.stack import Installation

NORTH, SOUTH = "North", "South"
MIDDLES = {NORTH: (39.30, -8.90), SOUTH: (38.75, -9.10)}
STEP = timedelta(minutes=5)
MOST_STEPS = 60
REPORTS = 24


class Country:
    """Two regions in scenario time: people and reports by the public API alone."""

    def __init__(self, stack: Installation) -> None:
        self.stack = stack
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self._seq = 0
        self.tick(0)
        for region, count in ((NORTH, 16), (SOUTH, 3)):
            self._define(region, [f"{region[0]}{number}" for number in range(1, count + 1)])

    def tick(self, steps: int = 1) -> None:
        """The scenario's clock goes on by so many steps of five minutes."""
        self.now += steps * STEP
        self.stack.send("POST", "/clock", {"now": rfc3339(self.now)})

    def _define(self, region: str, engineers: list[str]) -> None:
        lat, lon = MIDDLES[region]
        ring = [[lon + east, lat + north] for east, north in
                ((-0.3, -0.2), (0.3, -0.2), (0.3, 0.2), (-0.3, 0.2), (-0.3, -0.2))]  # fmt: skip
        body = {"time_zone": "Europe/Lisbon", "polygon": {"type": "Polygon", "coordinates": [ring]}}
        self.stack.send("PUT", f"/regions/{region}", body)
        for name in engineers:
            about = {"region": region, "home": {"lat": lat, "lon": lon}, "skills": {"core": 3}}
            self.stack.send("PUT", f"/engineers/{name}", about)
            self._seq += 1
            shift = {
                "change": "shift_started", "device_id": "api", "device_seq": self._seq,
                "occurred_at": rfc3339(self.now),
            }  # fmt: skip
            self.stack.send("POST", f"/engineers/{name}/shift", shift)

    def surge(self) -> None:
        """Far more work in the south than its own can do; in the north what is soon called off."""
        for number in range(REPORTS):
            self._report(SOUTH, number)
        self._report(NORTH, 0)
        self.stack.send("POST", f"/incidents/MAST-{NORTH}-0/cancel", {"reason": "seen"})

    def _report(self, region: str, number: int) -> None:
        lat, lon = MIDDLES[region]
        place = {"lat": lat + 0.01 * (number % 5), "lon": lon + 0.01 * (number // 5)}
        body = {
            "incident_id": f"MAST-{region}-{number}", "region": region, "place": place, "product": "core",
            "level": 2, "tier": ("platinum", "gold", "silver")[number % 3], "expected_service_min": 90,
        }  # fmt: skip
        self.stack.send("POST", "/incidents", body)

    def desk(self, *regions: str) -> dict[str, Any]:
        """What the API tells a lead of these regions."""
        headers = {"Authorization": f"Bearer {self.stack.token('lead', 'e2e-desk', list(regions))}"}
        answer = httpx.get(f"{self.stack.url}/v1/lending", headers=headers, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    def until_true(self, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Let time go on, step by step, until the desk shows it."""
        for _ in range(MOST_STEPS):
            self.tick()
            seen = self.desk(NORTH, SOUTH)
            for _ in range(10):
                if true(seen):
                    return seen
                self.stack.read("/regions")
                seen = self.desk(NORTH, SOUTH)
        raise AssertionError(f"it never came true: {seen}\n{self.stack.logs()}")
