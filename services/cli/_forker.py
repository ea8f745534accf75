"""The gateway's way to a fork: `muster whatif` as a group of processes of its own, ended with the request."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator

from pydantic import ValidationError

from schemas.whatif import ForkReport, WhatIfBody
from services.cli._beside import begun, require_good_end
from services.gateway.forking import NotForked, Play
from services.gateway.settings import GatewaySettings

LINE_BYTES = 4 * 1024 * 1024


def forker(settings: GatewaySettings) -> Play:
    """Play forks beside a gateway of these settings."""

    async def play(body: WhatIfBody) -> AsyncGenerator[ForkReport]:
        pipe = asyncio.subprocess.PIPE
        more = {"stdin": pipe, "limit": LINE_BYTES, "start_new_session": True}
        child = await begun(settings, NotForked, "whatif", "--json", *_options(body), **more)
        try:
            async for report in _reports(child, body):
                yield report
        finally:
            # The group: whoever plays the futures would not notice that the one who asked is gone.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()

    return play


def _options(body: WhatIfBody) -> list[str]:
    """The question as options; who goes comes on stdin."""
    options = ["--futures", str(body.futures), "--hours", str(body.horizon_min / 60)]
    for region in body.regions:
        options += ["--region", region]
    if body.to_region is None:
        return [*options, "--plan", "-"]
    return [*options, "--to", body.to_region, "--count", str(body.count), "--loan-min", str(body.loan_min)]


async def _reports(child: asyncio.subprocess.Process, body: WhatIfBody) -> AsyncGenerator[ForkReport]:
    """Line by line; NotForked with the command's own words where it does not end well."""
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(body.plan.model_dump_json().encode())
        await child.stdin.drain()
    child.stdin.close()
    while line := await child.stdout.readline():
        try:
            yield ForkReport.model_validate_json(line)
        except ValidationError as error:
            raise NotForked("`muster whatif` answered with something else") from error
    await require_good_end(child, NotForked, "whatif")
