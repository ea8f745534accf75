"""The gateway's way to the log: `muster explain` as a process of its own, ended with the request."""

from __future__ import annotations

import asyncio
import contextlib

from services.cli._beside import begun, require_good_end
from services.gateway.explaining import Derive, NotExplained
from services.gateway.settings import GatewaySettings

MOST_BYTES = 32 * 1024 * 1024


def explainer(settings: GatewaySettings) -> Derive:
    """Derive explanations beside a gateway of these settings."""

    async def derive(words: tuple[str, ...]) -> bytes:
        child = await begun(settings, NotExplained, "explain", *words, "--json")
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
    told = bytearray()
    while chunk := await child.stdout.read(1 << 16):
        told += chunk
        if len(told) > MOST_BYTES:
            raise NotExplained("the explanation is too long for an answer: use `muster explain`")
    await require_good_end(child, NotExplained, "explain")
    return bytes(told)
