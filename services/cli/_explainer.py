"""The gateway's way to the log: `muster explain` as a process of its own, ended with the request."""

from __future__ import annotations

import asyncio
import contextlib
import os

from services.cli._stack import muster
from services.gateway.explaining import Derive, NotExplained
from services.gateway.settings import GatewaySettings

MOST_BYTES = 32 * 1024 * 1024
KINDER = 5
"""Added to the niceness: decisions come before explanations."""


def explainer(settings: GatewaySettings) -> Derive:
    """Derive explanations beside a gateway of these settings."""
    env = os.environ | {"MUSTER_BROKER": settings.broker, "MUSTER_TOPIC_PREFIX": settings.topic_prefix}

    async def derive(words: tuple[str, ...]) -> bytes:
        command = ("nice", "-n", str(KINDER), *muster("explain", *words, "--json"))
        pipe = asyncio.subprocess.PIPE
        try:
            child = await asyncio.create_subprocess_exec(*command, env=env, stdout=pipe, stderr=pipe)
        except OSError as error:
            raise NotExplained(f"`muster explain` can not be started: {error.strerror}") from error
        try:
            return await _answer(child)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    return derive


async def _answer(child: asyncio.subprocess.Process) -> bytes:
    """All it prints; NotExplained with its own words where it does not end well."""
    assert child.stdout is not None
    assert child.stderr is not None
    told = bytearray()
    while chunk := await child.stdout.read(1 << 16):
        told += chunk
        if len(told) > MOST_BYTES:
            raise NotExplained("the explanation is too long for an answer: use `muster explain`")
    said = (await child.stderr.read(2000)).decode(errors="replace").strip()
    if await child.wait() != 0:
        raise NotExplained(said.splitlines()[-1] if said else "`muster explain` ended without a word")
    return bytes(told)
