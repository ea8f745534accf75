"""What the scaler says of what it reads: nothing before it knows, and nothing from silence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prometheus_client import generate_latest

from services.capacity.load import RelaySample, WorkerSample
from services.scaler.scaler import Scaler
from services.scaler.settings import ScalerSettings

SETTINGS = ScalerSettings(scale_in_after_s=20, scale_settle_s=5, scale_out_after_s=2)
IDLE, FULL = 0.1, 0.9


class Field:
    """Workers and relay nodes whose figures a test sets; `share` is the part of a core each worker uses."""

    def __init__(self, workers: Sequence[str], nodes: list[RelaySample] | None = None) -> None:
        self.there = dict.fromkeys(workers, IDLE)
        self.nodes = nodes
        self._used: dict[str, WorkerSample] = {}
        self.now_s = 0.0
        self.scaler = Scaler(SETTINGS, self, Nodes(self))

    async def read(self) -> dict[str, WorkerSample]:
        """100 events a second of each worker that is there."""
        for name, share in self.there.items():
            before = self._used.get(name, WorkerSample(0, 0, 0, 0))
            self._used[name] = WorkerSample(self.now_s, 0, before.events_folded + 100, before.busy_s + share)
        return {name: self._used[name] for name in self.there}

    async def pass_by(self, seconds: int) -> int | None:
        """Let so much time pass, a reading a second; the workers that are wanted then."""
        for _ in range(seconds):
            self.now_s += 1
            await self.scaler.look(self.now_s)
        return self.scaler.workers.count


class Nodes:
    """The register of the field's relay nodes."""

    def __init__(self, field: Field) -> None:
        self._field = field

    async def read(self) -> list[RelaySample] | None:
        """As the test has set them."""
        return self._field.nodes


async def test_a_scaler_begins_with_those_that_are_there() -> None:
    """Started anew beside three idle workers it says nothing at first, then three: no sudden scale-in."""
    field = Field(["a", "b", "c"])
    assert await field.pass_by(4) is None
    assert await field.pass_by(4) == 3
    assert "muster_desired_workers 3.0" in generate_latest(field.scaler.registry).decode()


async def test_with_nobody_there_nothing_is_said() -> None:
    """Without any worker's word the number is not known, however long it lasts."""
    field = Field([])
    assert await field.pass_by(60) is None
    assert "muster_desired_workers" not in generate_latest(field.scaler.registry).decode()


async def test_load_adds_a_worker_and_quiet_takes_it_away_with_the_reason() -> None:
    """A full worker wants a second one; both idle for long enough, one goes; each change says why."""
    field = Field(["a"])
    await field.pass_by(15)
    field.there["a"] = FULL
    assert await field.pass_by(15) == 2
    assert re.match(r"the load fills 0\.\d\d workers: 100 events a second", field.scaler.workers.reason)
    field.there |= {"a": IDLE, "b": IDLE}
    assert await field.pass_by(40) == 1


async def test_a_worker_that_falls_silent_is_no_reason_to_take_one_away() -> None:
    """Who does not answer may be the one that is behind: the quiet time begins when it is back."""
    field = Field(["a", "b"])
    await field.pass_by(10)
    for _ in range(6):
        del field.there["b"]
        await field.pass_by(3)
        field.there["b"] = IDLE
        assert await field.pass_by(8) == 2


async def test_relay_nodes_follow_their_sessions() -> None:
    """Places filled above the planned share want another node; an unknown register changes nothing."""
    field = Field(["a"], [RelaySample(10, 200)])
    await field.pass_by(15)
    assert field.scaler.relays.count == 1
    field.nodes = None
    await field.pass_by(60)
    assert field.scaler.relays.count == 1
    field.nodes = [RelaySample(180, 200)]
    await field.pass_by(10)
    assert field.scaler.relays.count == 2
    assert field.scaler.relays.reason == "180 clients of 200 places"
