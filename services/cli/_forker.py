"""The gateway's way to a fork: `muster whatif` as a group of processes of its own, ended with the request."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator

from pydantic import ValidationError

from schemas.whatif import ForkReport, WhatIfBody
from services.cli._stack import muster
from services.gateway.forking import NotForked, Play
from services.gateway.settings import GatewaySettings

LINE_BYTES = 4 * 1024 * 1024
KINDER = 5
"""Added to the niceness: decisions come before what might be decided."""


def forker(settings: GatewaySettings) -> Play:
    """Play forks beside a gateway of these settings."""
    env = os.environ | {"MUSTER_BROKER": settings.broker, "MUSTER_TOPIC_PREFIX": settings.topic_prefix}

    async def play(body: WhatIfBody) -> AsyncGenerator[ForkReport]:
        command = ("nice", "-n", str(KINDER), *muster("whatif", "--json", *_options(body)))
        pipe = asyncio.subprocess.PIPE
        try:
            child = await asyncio.create_subprocess_exec(
                *command,
                env=env,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                limit=LINE_BYTES,
                start_new_session=True,
            )
        except OSError as error:
            raise NotForked(f"`muster whatif` can not be started: {error.strerror}") from error
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
    assert child.stderr is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(body.plan.model_dump_json().encode())
        await child.stdin.drain()
    child.stdin.close()
    while line := await child.stdout.readline():
        try:
            yield ForkReport.model_validate_json(line)
        except ValidationError as error:
            raise NotForked("`muster whatif` answered with something else") from error
    said = (await child.stderr.read(2000)).decode(errors="replace").strip()
    if await child.wait() != 0:
        raise NotForked(said.splitlines()[-1] if said else "`muster whatif` ended without a word")
