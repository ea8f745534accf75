"""What the peers of a relay process share: the UDP port, the buffer, the timer, the clocks."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

import ifaddr

from services.relay.aiortc_contract import NEEDED_NAMES, missing_names, short_path_missing
from services.relay.ticker import Ticker
from services.relay.udp_port import UdpPort

PEERS_LIMIT = 1000
log = logging.getLogger(__name__)


class AiortcTooDifferent(RuntimeError):
    """A release of aiortc lacks names without which nothing can be forwarded."""


class Endpoint:
    """One per process. Without `addresses` the host's own are taken; `port` 0 takes any free one.

    `short_path` False sends datagrams through aiortc's own chain; so does a release that lacks a name of the
    short path, which is logged once with the names.
    """

    def __init__(
        self,
        addresses: list[str] | None = None,
        port: int = 0,
        announce: list[str] | None = None,
        *,
        short_path: bool = True,
        peers_limit: int = PEERS_LIMIT,
    ) -> None:
        gone = missing_names(NEEDED_NAMES)
        if gone:
            raise AiortcTooDifferent(f"aiortc lacks {', '.join(gone)}; install aiortc>=1.16,<1.17")
        missing = short_path_missing()
        if short_path and missing:
            log.warning("no short path, forwarding through aiortc: %s is gone", ", ".join(missing))
        self.port: UdpPort | None = None
        if short_path and not missing:
            self.port = UdpPort(addresses or host_addresses(), port, announce)
        self.ticker = Ticker()
        self.peers = 0
        self.peers_limit = peers_limit

    def start(self) -> None:
        """Begin to read, in the running loop."""
        if self.port is not None:
            self.port.start()

    def close(self) -> None:
        """Stop reading; the peers should be closed before."""
        self.ticker.close()
        if self.port is not None:
            self.port.close()

    @staticmethod
    def now() -> float:
        """Seconds of the loop's monotonic clock."""
        return asyncio.get_running_loop().time()

    @staticmethod
    def unix_s() -> float:
        """Seconds since 1970, for sender reports."""
        return time.time()


def host_addresses() -> list[str]:
    """The addresses of this host that others reach, loopback only where there is nothing else."""
    found = [
        ip.ip
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str) and not ip.ip.startswith("127.")
    ]
    return list(dict.fromkeys(found)) or [socket.gethostbyname("localhost")]
