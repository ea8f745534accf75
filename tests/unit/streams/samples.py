"""Small events and records for the streams' tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.base import Place, Wire
from schemas.cloudevents import Envelope, encode
from schemas.engineers import PositionReported, ShiftReported
from schemas.incidents import IncidentReported
from schemas.regions import EngineerRegistered, Polygon, RegionDefined
from streams.registry import Registry

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SQUARE = Polygon(coordinates=[[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]])
WITH_HOLE = Polygon(
    coordinates=[
        [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)],
        [(4, 4), (6, 4), (6, 6), (4, 6), (4, 4)],
    ]
)


@dataclass
class FakeRecord:
    """What a consumer hands over."""

    topic: str
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    key: bytes | None = None
    partition: int = 0
    offset: int = 0


class Sent:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.keys: list[bytes] = []

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        timestamp_ms: int | None = None,
        headers: Any = None,
    ) -> asyncio.Future[Any]:
        """Keep it."""
        self.values.append(value or b"")
        self.keys.append(key or b"")
        return asyncio.get_running_loop().create_future()


def enveloped(event: Wire, event_id: str = "e-1") -> Envelope:
    """An event as the gateway would have sent it."""
    return Envelope(id=event_id, source="test", event=event, time=NOW, partitionkey="any")


def record(topic: str, event: Wire, event_id: str = "e-1", partition: int = 0, offset: int = 0) -> FakeRecord:
    """The record of an event."""
    value, headers = encode(enveloped(event, event_id))
    return FakeRecord(topic, value, headers, None, partition, offset)


def report(region: str | None = None, lat: float = 5, lon: float = 5, tier: str = "gold") -> IncidentReported:
    """A report at a place."""
    return IncidentReported(
        incident_id="I1",
        reported_at=NOW,
        place=Place(lat=lat, lon=lon),
        tier=tier,
        product="radio",
        region=region,
    )


def registered(engineer_id: str = "E1", region: str = "R1") -> EngineerRegistered:
    """An engineer of a region."""
    return EngineerRegistered(
        engineer_id=engineer_id, region=region, home=Place(lat=5, lon=5), skills={"radio": 3}
    )


def shift(engineer_id: str = "E1", at: datetime = NOW) -> ShiftReported:
    """A shift that starts."""
    return ShiftReported(engineer_id=engineer_id, device_seq=0, occurred_at=at, change="shift_started")


def position(engineer_id: str = "E1", at: datetime = NOW, lat: float = 5) -> PositionReported:
    """A fix."""
    return PositionReported(engineer_id=engineer_id, lat=lat, lon=5, fixed_at=at)


def registry(*events: Wire) -> Registry:
    """A registry that was told these."""
    found = Registry()
    for event in events:
        found.apply(event)
    return found


R1 = RegionDefined(region="R1", polygon=SQUARE)
EVERYWHERE = RegionDefined(region="R2")
