"""Every region and every engineer's region, read from the compacted `registry` topic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.base import Place, Wire
from schemas.cloudevents import UnreadableRecord, decode
from schemas.exercises import is_exercise_region
from schemas.lending import EngineerHandedOver
from schemas.regions import EngineerRegistered, Polygon, RegionDefined
from streams.kafka import new_reader
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

Ring = list[tuple[float, float]]


class Registry:
    """The newest word on each region and engineer."""

    def __init__(self) -> None:
        self.regions: dict[str, RegionDefined] = {}
        self.region_of: dict[str, str] = {}
        self._owner_epoch: dict[str, int] = {}
        self._outlines: list[tuple[str, Outline]] = []

    def apply(self, event: Wire) -> None:
        """Take in a region or an engineer; a later word replaces an earlier."""
        if isinstance(event, RegionDefined):
            self.regions[event.region] = event
            self._outlines = [
                (name, Outline(region.polygon))
                for name, region in sorted(self.regions.items())
                if region.polygon is not None
            ]
        elif isinstance(event, EngineerRegistered):
            self.region_of.setdefault(event.engineer_id, event.region)
        elif isinstance(event, EngineerHandedOver):
            self._handed_over(event)

    def _handed_over(self, event: EngineerHandedOver) -> None:
        """The region under the highest epoch has the engineer: nobody changes regions in another way."""
        name, epoch = event.loan.engineer_id, event.loan.owner_epoch
        if epoch > self._owner_epoch.get(name, 0):
            self._owner_epoch[name], self.region_of[name] = epoch, event.region

    def region_at(self, place: Place) -> str | None:
        """The region whose polygon covers a place, never a drill; of several the one whose id sorts first."""
        for name, outline in self._outlines:
            if not is_exercise_region(name) and outline.covers(place):
                return name
        return None


class Outline:
    """A polygon prepared for many questions: its bounding box first, then even-odd over all its rings."""

    def __init__(self, polygon: Polygon) -> None:
        self._rings: list[Ring] = [[(lon, lat) for lon, lat in ring] for ring in polygon.coordinates]
        outer = self._rings[0]
        self._west, self._east = min(lon for lon, _ in outer), max(lon for lon, _ in outer)
        self._south, self._north = min(lat for _, lat in outer), max(lat for _, lat in outer)

    def covers(self, place: Place) -> bool:
        """Whether a place lies inside; a hole is outside, a border belongs to one side only."""
        lon, lat = place.lon, place.lat
        if not (self._west <= lon <= self._east and self._south <= lat <= self._north):
            return False
        return sum(_crossings_east(ring, lon, lat) for ring in self._rings) % 2 == 1


def _crossings_east(ring: Ring, lon: float, lat: float) -> int:
    """How many edges a ray from the point towards the east crosses."""
    crossings = 0
    for (lon_a, lat_a), (lon_b, lat_b) in pairwise(ring):
        if (lat_a > lat) != (lat_b > lat):
            at = lon_a + (lat - lat_a) / (lat_b - lat_a) * (lon_b - lon_a)
            crossings += at > lon
    return crossings


class RegistryReader:
    """Follows the `registry` topic from its start; `catch_up` waits until all that was written is known."""

    def __init__(
        self, settings: WorkerSettings, new_consumer: Callable[..., AIOKafkaConsumer] = new_reader
    ) -> None:
        self.registry = Registry()
        self._settings = settings
        self._new_consumer = new_consumer
        self._partition = TopicPartition(settings.topic("registry"), 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._next_offset = 0
        self._moved = asyncio.Condition()
        self._reading = asyncio.Event()

    async def run(self) -> None:
        """Read on and on; raises KafkaError where the broker goes away, and can then be run again."""
        self._consumer = consumer = self._new_consumer(self._settings)
        try:
            await consumer.start()
            consumer.assign([self._partition])
            consumer.seek(self._partition, self._next_offset)
            self._reading.set()
            while True:
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    for record in records:
                        self._take(record.value, record.headers, record.offset)
                async with self._moved:
                    self._next_offset = await consumer.position(self._partition)
                    self._moved.notify_all()
        finally:
            self._reading.clear()
            self._consumer = None
            await consumer.stop()

    def _take(self, value: bytes | None, headers: tuple[tuple[str, bytes], ...], offset: int) -> None:
        if value is None:
            return  # a tombstone
        try:
            self.registry.apply(decode(value, headers).event)
        except UnreadableRecord as error:
            log.error("registry_record_unreadable", offset=offset, reason=error.reason, detail=error.detail)

    async def catch_up(self, within_s: float = 10.0) -> None:
        """Return when everything that stood in the topic when asked is known; TimeoutError otherwise."""
        async with asyncio.timeout(within_s):
            await self._reading.wait()
            assert self._consumer is not None
            end = (await self._consumer.end_offsets([self._partition]))[self._partition]
            async with self._moved:
                await self._moved.wait_for(lambda: self._next_offset >= end)
