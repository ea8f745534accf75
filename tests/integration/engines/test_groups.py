"""Consumer groups with short sessions: who owns which partition while members come, die, sleep and leave."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deploy.local import Broker
from deploy.local.child import Child
from tests.integration.engines.topics import make_topic

ROOT = Path(__file__).resolve().parents[3]
SESSION_MS = 3500
PARTITIONS = 6
# The session's end is noticed by its timer, then the survivors join anew: at Tansu that takes 2 s more.
TAKEN_OVER_WITHIN_S = 10.0


class Member:
    """A group member in its own process, and what it owns by its own words."""

    def __init__(self, name: str, folder: Path, broker: Broker, topic: str, group: str) -> None:
        self.log = folder / f"{name}.log"
        command = [sys.executable, str(Path(__file__).with_name("member.py"))]
        command += [broker.address, topic, group, str(SESSION_MS)]
        self.process = Child(command, self.log, cwd=ROOT)

    def owned(self) -> set[int]:
        """The partitions of the last assignment that was not revoked."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        last = json.loads(lines[-1]) if lines else {}
        return set(last["partitions"]) if last.get("event") == "assigned" else set()


Join = Callable[[str], Member]


@pytest.fixture
async def join(broker: Broker, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Join]:
    """Start a member of this test's group by its name; all are stopped at the end."""
    topic, members = f"{topic_prefix}events", list[Member]()
    await make_topic(broker.address, topic, partitions=PARTITIONS)

    def start(name: str) -> Member:
        members.append(Member(name, tmp_path, broker, topic, f"{topic_prefix}workers"))
        return members[-1]

    yield start
    for member in members:
        await member.process.kill()


async def settled(*members: Member, within_s: float) -> float:
    """Wait until every partition has one owner and every member owns some; return the seconds."""
    started = time.monotonic()
    while time.monotonic() - started < within_s:
        owned = [member.owned() for member in members]
        if all(owned) and sorted(n for some in owned for n in some) == list(range(PARTITIONS)):
            return time.monotonic() - started
        await asyncio.sleep(0.05)
    raise AssertionError(f"not settled in {within_s} s: {[member.owned() for member in members]}")


@pytest.mark.fault
async def test_a_killed_members_partitions_are_taken_over(join: Join) -> None:
    """Kill -9 of one of two: the other owns everything within 10 s with a session of 3.5 s."""
    first, second = join("first"), join("second")
    await settled(first, second, within_s=30)
    await second.process.kill()
    await settled(first, within_s=TAKEN_OVER_WITHIN_S)


@pytest.mark.fault
async def test_a_member_that_leaves_hands_over_at_once(join: Join) -> None:
    """A stop leaves the group: the other need not wait for the session to end."""
    first, second = join("first"), join("second")
    await settled(first, second, within_s=30)
    await second.process.stop()
    await settled(first, within_s=TAKEN_OVER_WITHIN_S)


@pytest.mark.fault
@pytest.mark.slow
async def test_a_member_that_wakes_up_late_owns_only_what_it_is_given_again(join: Join) -> None:
    """SIGSTOP past the session's end: the other takes over; after SIGCONT both share again."""
    first, second = join("first"), join("second")
    await settled(first, second, within_s=30)
    second.process.send(signal.SIGSTOP)
    await settled(first, within_s=TAKEN_OVER_WITHIN_S)
    second.process.send(signal.SIGCONT)
    await settled(first, second, within_s=30)
