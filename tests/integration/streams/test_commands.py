"""`muster log` and `muster dead-letters` as a person types them, against a live worker."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local import Broker
from services.cli import _stack
from streams.settings import WorkerSettings
from tests.integration.streams.field import AROUND_HERE, installation, report, shift_of


@dataclass
class Ended:
    """How a command ended."""

    exit_code: int | None
    stdout: str
    stderr: str


async def muster(settings: WorkerSettings, *arguments: str) -> Ended:
    """Run a command as a process of its own."""
    env = {**os.environ, "MUSTER_BROKER": settings.broker, "MUSTER_TOPIC_PREFIX": settings.topic_prefix}
    pipe = asyncio.subprocess.PIPE
    command = _stack.muster(*arguments)
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=pipe, stderr=pipe)
    stdout, stderr = await process.communicate()
    return Ended(process.returncode, stdout.decode(), stderr.decode())


@pytest.mark.slow
async def test_log_and_dead_letters_from_the_command_line(
    broker: Broker, any_redis: str, topic_prefix: str, tmp_path: Path
):
    """Export, fold again, list, retry: exit 0 where all is well, 1 at a difference."""
    settings = WorkerSettings(broker=broker.address, redis_url=any_redis, topic_prefix=topic_prefix)
    file = tmp_path / "r1.jsonl"
    async with installation(settings) as field:
        await field.region("R1", AROUND_HERE)
        await field.engineer("E1", "R1")
        await field.answer(await field.say("incidents", report("I1"), "I1"))
        await field.say("engineer-status", shift_of("E9"), "E9")
        await field.letters(1)
        exported = await muster(settings, "log", "export", "--region", "R1", "--out", str(file))
        listed = await muster(settings, "dead-letters", "list", "--json")
        retried = await muster(settings, "dead-letters", "retry", "--all")
        left = await muster(settings, "dead-letters", "list", "--json")
        nothing = await muster(
            settings, "log", "export", "--region", "R-none", "--out", str(tmp_path / "none")
        )
    assert exported.exit_code == 0, exported.stderr
    assert '"reason": "unknown_engineer"' in listed.stdout
    assert "1 sent again" in retried.stdout
    assert '"retries": 0' not in left.stdout, "what was sent again is no longer listed; its new failure is"
    assert nothing.exit_code == 1
    assert not (tmp_path / "none").exists()
    replayed = await muster(settings, "log", "replay", str(file))
    assert replayed.exit_code == 0, replayed.stderr
    changed = file.read_text().replace('"decision_kind":"queued"', '"decision_kind":"cancelled"')
    file.write_text(changed)
    replayed = await muster(settings, "log", "replay", str(file))
    assert replayed.exit_code == 1
    assert "first difference" in replayed.stderr
