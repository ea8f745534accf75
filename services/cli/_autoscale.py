"""`muster up --autoscale`: as many workers and relay nodes as `muster scaler` says, started and drained."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from services.cli._supervisor import Spec, Supervisor

ASK_EVERY_S = 0.5
DRAIN_WITHIN_S = 20.0
"""A worker that drains writes its last snapshots; one that takes longer is killed: a successor folds on."""


@dataclass(frozen=True)
class Pool:
    """The processes of one kind that there may be, in the order of their starts; the last one goes first."""

    kind: str
    unit: str
    specs: Sequence[Spec]

    def running(self, supervisor: Supervisor) -> list[Spec]:
        """Those that the supervisor looks after now."""
        names = supervisor.names()
        return [spec for spec in self.specs if spec.name in names]


class Autoscale:
    """Follows the scaler's word; `say` gets a line for each change with its reason."""

    def __init__(
        self, supervisor: Supervisor, desired_url: str, pools: Sequence[Pool], say: Callable[[str], None]
    ) -> None:
        self._supervisor = supervisor
        self._url = desired_url
        self._pools = pools
        self._say = say

    async def run(self) -> None:
        """Ask and follow until cancelled; where the scaler does not answer everything stays as it is."""
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            while True:
                wanted = await _asked(client, self._url)
                for pool in self._pools:
                    if pool.kind in wanted:
                        await self.follow(pool, wanted[pool.kind]["count"], wanted[pool.kind]["reason"])
                await asyncio.sleep(ASK_EVERY_S)

    async def follow(self, pool: Pool, count: int, reason: str) -> None:
        """Start or drain until there are so many; one is drained to its end before the next."""
        running = pool.running(self._supervisor)
        count = min(count, len(pool.specs))
        idle = [spec for spec in pool.specs if spec not in running]
        for spec in idle[: max(0, count - len(running))]:
            self._say(f"{pool.unit}s {len(running)} -> {count}: {spec.name} starts; {reason}")
            self._supervisor.start(spec)
        for spec in reversed(running[count:]):
            self._say(f"{pool.unit}s {len(running)} -> {count}: {spec.name} drains; {reason}")
            status = await self._supervisor.drain(spec.name, DRAIN_WITHIN_S)
            how = "has drained and ended" if status == 0 else f"was stopped before it had drained ({status})"
            self._say(f"{spec.name} {how}")


async def _asked(client: httpx.AsyncClient, url: str) -> Mapping[str, Any]:
    try:
        answer = await client.get(url)
        found = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
