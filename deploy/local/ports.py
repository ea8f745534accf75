"""Free TCP ports for engines, outside the range that the kernel hands to clients."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"
# Below Linux's default ip_local_port_range (32768 up): a client that retries against a killed engine must not
# be given the engine's own port as its source port, or connect to itself there.
LOWEST, HIGHEST = 18_000, 31_999
TRIES = 200


def free_port(chance: random.Random | None = None) -> int:
    """Return a port on the loopback address that nothing listens on at this moment.

    Raises OSError where no free one is found in 200 tries.
    """
    draw = chance or random.SystemRandom()
    for _ in range(TRIES):
        port = draw.randint(LOWEST, HIGHEST)
        if is_free(port):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST} on {HOST}")


def is_free(port: int) -> bool:
    """Tell whether an engine could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: connections of a killed engine that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
