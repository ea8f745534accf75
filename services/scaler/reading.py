"""What the workers say about themselves: their own metrics, read from each of them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import structlog
from prometheus_client.parser import text_string_to_metric_families

from services.capacity.load import WorkerSample

log = structlog.get_logger(__name__)

READ_WITHIN_S = 0.8
MOST_ADDRESSES = 64
MOST_BYTES = 1024 * 1024
BEHIND = ("muster_log_distance_events", "muster_triage_distance_events")
FOLDED, BUSY = "muster_events_folded_total", "process_cpu_seconds_total"


class NoMetrics(ValueError):
    """What answers at an address is no dispatch worker, or not one of this version."""


def worker_sample(text: str, at_s: float) -> WorkerSample:
    """The sample in a worker's `/metrics`. Raises NoMetrics."""
    sums = dict.fromkeys((*BEHIND, FOLDED, BUSY), 0.0)
    found = set()
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in sums:
                    sums[sample.name] += sample.value
                    found.add(sample.name)
    except ValueError as error:
        raise NoMetrics(f"these are no metrics: {error}") from error
    if BUSY not in found or BEHIND[1] not in found:
        raise NoMetrics(f"there is no {BUSY} or no {BEHIND[1]} in these metrics")
    return WorkerSample(at_s, sum(sums[name] for name in BEHIND), sums[FOLDED], sums[BUSY])


class Workers:
    """Reads all workers at once; `addresses` are URLs of their metrics, separated by spaces."""

    def __init__(self, addresses: str) -> None:
        self._addresses = addresses.split()
        self._client = httpx.AsyncClient(timeout=READ_WITHIN_S, trust_env=False)

    async def read(self) -> dict[str, WorkerSample]:
        """The sample of each worker that answers, by its address."""
        places = await self._places()
        samples = await asyncio.gather(*(self._sample(place) for place in places))
        return {place: sample for place, sample in zip(places, samples, strict=True) if sample is not None}

    async def _places(self) -> Sequence[str]:
        found = await asyncio.gather(*(_resolved(address) for address in self._addresses))
        return sorted({place for places in found for place in places})[:MOST_ADDRESSES]

    async def _sample(self, place: str) -> WorkerSample | None:
        try:
            async with self._client.stream("GET", f"{place}/metrics") as answer:
                answer.raise_for_status()
                octets = bytearray()
                async for chunk in answer.aiter_bytes():
                    octets += chunk
                    if len(octets) > MOST_BYTES:
                        raise NoMetrics(f"more than {MOST_BYTES} bytes")
            return worker_sample(octets.decode(errors="replace"), time.monotonic())
        except httpx.ConnectError:
            return None  # nobody is there: as many as there may be are asked
        except (httpx.HTTPError, NoMetrics) as error:
            log.warning("worker_not_read", place=place, error=repr(error))
            return None

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


async def _resolved(address: str) -> list[str]:
    """The address once for each host that its name stands for; none where nobody knows the name."""
    parts = urlsplit(address)
    port = parts.port or 80
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            parts.hostname, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except OSError:
        return []  # a headless service without a ready pod has no address
    hosts = {host for _, _, _, _, (host, *_) in found}
    return [f"{parts.scheme}://{f'[{host}]' if ':' in str(host) else host}:{port}" for host in hosts]
