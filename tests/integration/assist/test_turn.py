"""The real coturn, with the configuration of deploy/, takes the credentials that clients are given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint
from pydantic import SecretStr

from deploy.local.child import Child
from deploy.local.ports import free_port
from services.sessions.ice import AssistSettings
from tests.media.coturn import SECRET, STARTS_WITHIN_S, turn_command


@pytest.fixture
async def turn_port(tmp_path: Path) -> AsyncIterator[int]:
    """A running coturn on the loopback address."""
    port = free_port()
    child = Child(turn_command(tmp_path, "127.0.0.1", port), tmp_path / "coturn.log", cwd=tmp_path)
    async with asyncio.timeout(STARTS_WITHIN_S):
        while "turn server id=0" not in (tmp_path / "coturn.log").read_text():
            assert child.ended is None, (tmp_path / "coturn.log").read_text()
            await asyncio.sleep(0.05)
    yield port
    await child.stop()


async def allocate(port: int, username: str, credential: str) -> None:
    """Ask for a relayed address; raises where coturn refuses."""
    transport, _ = await create_turn_endpoint(
        asyncio.DatagramProtocol, ("127.0.0.1", port), username=username, password=credential
    )
    transport.close()
    await asyncio.sleep(0.05)


async def test_a_clients_credentials_are_good_until_they_expire(turn_port: int) -> None:
    """Made from the shared secret, for one subject and four hours: taken; expired or another's: refused."""
    settings = AssistSettings(
        turn_urls=f"turn:127.0.0.1:{turn_port}?transport=udp",
        turn_secret=SecretStr(SECRET),
        stun_urls=f"stun:127.0.0.1:{turn_port}",
    )
    stun, turn = settings.ice_servers("ANA", time.time())
    assert (stun.urls, stun.username) == ([f"stun:127.0.0.1:{turn_port}"], None)
    assert turn.username is not None
    assert turn.credential is not None
    assert turn.username.endswith(":ANA")
    await allocate(turn_port, turn.username, turn.credential)
    (_, past) = settings.ice_servers("ANA", time.time() - 5 * 3600)
    for username, credential in [
        (past.username or "", past.credential or ""),
        (turn.username.replace("ANA", "EVA"), turn.credential),
    ]:
        with pytest.raises(TransactionFailed):
            await allocate(turn_port, username, credential)


def test_without_a_secret_nobody_is_told_of_a_turn_server() -> None:
    """Addresses alone would only make clients wait."""
    assert AssistSettings(turn_urls="turn:127.0.0.1:3478").ice_servers("ANA", 0) == []
