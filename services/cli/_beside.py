"""Commands of ours that run beside a gateway, each as a process of its own that reads the gateway's log."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from services.cli._stack import muster
from services.gateway.settings import GatewaySettings

KINDER = 5
"""Added to the niceness: decisions come before explanations, and before what might be decided."""


async def begun(
    settings: GatewaySettings, refusal: type[Exception], *words: str, **more: Any
) -> asyncio.subprocess.Process:
    """`muster` with these words, its outputs piped; raises `refusal` where it can not be started."""
    env = os.environ | {"MUSTER_BROKER": settings.broker, "MUSTER_TOPIC_PREFIX": settings.topic_prefix}
    pipe = asyncio.subprocess.PIPE
    try:
        return await asyncio.create_subprocess_exec(
            *("nice", "-n", str(KINDER), *muster(*words)), env=env, stdout=pipe, stderr=pipe, **more
        )
    except OSError as error:
        raise refusal(f"`muster {words[0]}` can not be started: {error.strerror}") from error


async def require_good_end(child: asyncio.subprocess.Process, refusal: type[Exception], name: str) -> None:
    """Wait for the end; raises `refusal` with the command's own last words where that is not a good one."""
    assert child.stderr is not None
    said = (await child.stderr.read(2000)).decode(errors="replace").strip()
    if await child.wait() != 0:
        raise refusal(said.splitlines()[-1] if said else f"`muster {name}` ended without a word")
