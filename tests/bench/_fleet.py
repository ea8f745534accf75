"""A real Kafka, a Redis and worker processes for a bench; all of it goes away with the block."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import EmbeddedRedis, EngineError, RealKafka
from schemas.topics import TOPICS
from services.cli._stack import muster
from streams.settings import WorkerSettings
from streams.topics import ensure_topics
from tests.bench._report import CouldNotMeasure

STOPPED_WITHIN_S = 10.0


@dataclass
class Fleet:
    """Addresses, settings and the worker processes of one measurement."""

    broker: str
    redis: str
    folder: Path
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def settings(self) -> WorkerSettings:
        """What the workers are told."""
        return WorkerSettings(broker=self.broker, redis_url=self.redis)

    async def start_worker(self, *command: str) -> asyncio.subprocess.Process:
        """One more process of the fleet; its log is in the folder."""
        env = {
            **os.environ,
            "MUSTER_BROKER": self.broker,
            "MUSTER_REDIS_URL": self.redis,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        with (self.folder / f"worker-{len(self.workers) + 1}.log").open("wb") as log:
            worker = await asyncio.create_subprocess_exec(
                *(command or muster("worker", "dispatch")), env=env, stdout=log, stderr=log
            )
        self.workers.append(worker)
        return worker

    def cpu_s(self) -> list[float]:
        """CPU seconds that each worker has used, user and system."""
        return [_cpu_s_of(worker.pid) for worker in self.workers]

    def check(self) -> None:
        """Raises CouldNotMeasure where a worker ended, with the end of its log."""
        for number, worker in enumerate(self.workers, start=1):
            if worker.returncode is not None:
                log = (self.folder / f"worker-{number}.log").read_text(errors="replace")[-1500:]
                raise CouldNotMeasure(f"worker {number} ended with {worker.returncode}; its log ends:\n{log}")

    async def stop(self) -> None:
        """Ask every worker to stop; kill what does not."""
        for worker in self.workers:
            if worker.returncode is None:
                worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            try:
                await asyncio.wait_for(worker.wait(), STOPPED_WITHIN_S)
            except TimeoutError:
                worker.kill()
                await worker.wait()


def _cpu_s_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu_s() -> float:
    """CPU seconds that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@asynccontextmanager
async def fleet() -> AsyncIterator[Fleet]:
    """Kafka and Redis up, no worker yet; `assignments` carries the broker's time of arrival."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muster-bench-")))
        try:
            broker = await stack.enter_async_context(RealKafka())
            redis = await stack.enter_async_context(EmbeddedRedis())
        except EngineError as error:
            raise CouldNotMeasure(str(error)) from error
        found = Fleet(broker.address, redis.address, folder)
        # What a client says while a broker chooses its leaders is no news here.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        await stamp_at_arrival(broker.address, "assignments")
        await ensure_topics(found.settings)
        stack.push_async_callback(found.stop)
        yield found


async def stamp_at_arrival(broker: str, name: str) -> None:
    """Make this topic before the workers do, with LogAppendTime: a record's time is when Kafka had it."""
    topic = TOPICS[name]
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        configs = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(topic.retention_ms)}
        await admin.create_topics([NewTopic(name, topic.partitions, 1, topic_configs=configs)])
    finally:
        await admin.close()
