"""The real broker: one Apache Kafka in KRaft mode, run from Maven's jars with the system's Java."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from deploy.local import kafka_jars
from deploy.local.broker import Broker
from deploy.local.child import Child
from deploy.local.errors import EngineFailed, EngineUnavailable
from deploy.local.ports import HOST, free_port

CLUSTER_ID = "bXVzdGVyLW9uZS1ub2RlLQ"  # 22 base64 characters, as kafka.tools.StorageTool wants them
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
FORMAT_WITHIN_S = 120.0
HEAP_MB = 512


class RealKafka(Broker):
    """One node that is broker and controller; its log survives kill() and restart().

    Topics are never made by themselves; sessions may be as short as a second; a first join waits for nobody.
    """

    name: ClassVar[str] = "real-kafka"
    ready_within_s: ClassVar[float] = 120.0  # 3 s idle, 50 s seen on a busy machine

    def __init__(
        self, directory: Path | None = None, *, port: int | None = None, heap_mb: int = HEAP_MB
    ) -> None:
        super().__init__(directory, port=port)
        self.heap_mb = heap_mb
        self._controller_port = free_port()
        self._jars = Path()

    def command(self) -> Sequence[str]:
        """Return the command line of the server."""
        return self._java("kafka.Kafka", str(self._properties_file))

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        java = shutil.which("java")
        if java is None:
            raise EngineUnavailable(
                self.name,
                "no Java is on the PATH",
                "`make system` installs it as root (Debian: default-jre-headless).",
            )
        return [
            *(java, f"-Xmx{self.heap_mb}m", "-Xms128m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"),
            # The quick compiler alone: a start costs 4 s of CPU, not 6.5, and the cores are the workers'.
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            *("-cp", f"{self._jars}/*", main_class, *arguments),
        ]

    @property
    def _properties_file(self) -> Path:
        return self.directory / "server.properties"

    async def prepare(self) -> None:
        """Fetch the jars on first use, write the configuration and format an empty data folder."""
        self._jars = await asyncio.to_thread(kafka_jars.fetch)
        properties = server_properties(self.port, self._controller_port, self.directory / "data")
        self._properties_file.write_text(properties, encoding="utf-8")
        if not (self.directory / "data" / "meta.properties").is_file():
            formatted = self._jars / "formatted"
            if not formatted.is_dir():
                await self._format(formatted)
            shutil.copytree(formatted, self.directory / "data", dirs_exist_ok=True)

    async def _format(self, formatted: Path) -> None:
        """Format one empty data folder for all later starts: it costs a Java run of its own."""
        new = self.directory / "formatted"
        properties_file = self.directory / "format.properties"
        properties = server_properties(self.port, self._controller_port, new)
        properties_file.write_text(properties, encoding="utf-8")
        arguments = ["format", "--cluster-id", CLUSTER_ID, "--config", str(properties_file)]
        child = Child(self._java("kafka.tools.StorageTool", *arguments), self.log_file, cwd=self.directory)
        if not await child.wait(FORMAT_WITHIN_S) or child.ended != 0:
            await child.kill()
            raise EngineFailed(self.name, "could not format its data folder", self.log_file)
        shutil.copytree(new, staged := formatted.with_name(f"formatted.{child.pid}"))
        try:
            staged.rename(formatted)
        except OSError:  # another process was quicker
            shutil.rmtree(staged)


# What does not depend on where the node runs.
_SETTINGS: Mapping[str, object] = MappingProxyType(
    {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.listener.names": "CONTROLLER",
        "auto.create.topics.enable": "false",
        "message.max.bytes": MAX_MESSAGE_BYTES,
        "replica.fetch.max.bytes": MAX_MESSAGE_BYTES,
        "group.min.session.timeout.ms": 1000,
        "group.initial.rebalance.delay.ms": 0,
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "num.recovery.threads.per.data.dir": 2,
        # After kill -9 its own controller refuses the node until the dead one's session is over.
        "broker.session.timeout.ms": 4000,
        "broker.heartbeat.interval.ms": 500,
        # A snapshot topic is compacted while a test looks on, not a day later.
        "log.cleaner.backoff.ms": 1000,
        # One node has nobody to hand its partitions to: leave at once on SIGTERM.
        "controlled.shutdown.enable": "false",
    }
)


def server_properties(port: int, controller_port: int, log_dir: Path) -> str:
    """Return the configuration of a small node: short sessions allowed, no waiting, 16 MiB messages."""
    settings = {
        **_SETTINGS,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": log_dir,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())
