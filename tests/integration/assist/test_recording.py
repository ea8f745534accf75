"""Recordings of live sessions: only with consent, whole after the end and after a kill, never in the way."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from deploy.local import EmbeddedRedis
from schemas.assist_api import ExportPass
from services.cli._bundle import Bundle, check
from services.evidence.bundle import collect, pack
from services.evidence.fetching import Nodes
from services.relay.node.node import Node
from services.relay.recording.recorder import Terms
from services.relay.udp_port import UdpPort
from services.sessions.store import SessionStore
from tests.integration.assist.stage import (
    AssistClient,
    connected,
    node_process,
    on_process,
    running_node,
    welcomed,
)
from tests.media.client import MediaClient
from tests.media.film import FPS, Film, FilmCamera

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize(
        "redis_url", [pytest.param(EmbeddedRedis, marks=pytest.mark.embedded, id="valkey")], indirect=True
    ),
]


@asynccontextmanager
async def filming(ana: AssistClient, codec: str = "vp8") -> AsyncIterator[FilmCamera]:
    """ANA's camera is on while the block lasts."""
    port = UdpPort(["127.0.0.1"])
    port.start()
    client = MediaClient(port)
    client.add("audio", "sendonly")
    client.add("video", "sendonly")
    await ana.say(type="offer", sdp=await client.offer())
    answer = await ana.until(lambda one: one["type"] == "answer")
    await client.accept(answer["sdp"])
    camera = FilmCamera(client, Film(codec))
    running = asyncio.create_task(camera.run())
    try:
        yield camera
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await client.close()
        port.close()


async def pictures(camera: FilmCamera, more: int) -> None:
    """Wait until the camera has sent so many more pictures."""
    until = camera.pictures + more
    async with asyncio.timeout(40):
        while camera.pictures < until:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def kind_is(*kinds: str) -> Any:
    """Whether a message is an entry of these kinds."""
    return lambda one: one["type"] == "log" and one["entry"]["kind"] in kinds


async def recorded_segments(store: SessionStore, session_id: str, count: int) -> list[Any]:
    """The entries of segments once there are so many."""
    async with asyncio.timeout(30):
        while True:
            found = [
                one for one in await store.entries_after(session_id, 0) if one.kind == "segment_recorded"
            ]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


def shown(file: Path) -> int:
    """How many pictures a decoder gets out of a file."""
    with av.open(io.BytesIO(file.read_bytes()), "r") as opened:
        return len(list(opened.decode(video=0)))


def exported(node: Node, session_id: str, folder: Path) -> Path:
    """The bundle as it is had from a node over HTTP."""
    token, expires_at = node.tokens.evidence(session_id, "LEAD")
    passed = ExportPass(
        session_id=session_id, region="R1", token=token, expires_at=expires_at, nodes=[node.settings.own_url]
    )
    made = folder / "fetched"
    made.mkdir()
    with httpx.Client(trust_env=False) as client:
        found = collect(Nodes(passed, client), made, lambda *_: None)
    assert found.findings == []
    pack(found, folder / "bundle.zip", None)
    return folder / "bundle.zip"


async def test_evidence_is_only_for_who_has_its_pass(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path
) -> None:
    """No token, a party's ticket, another session's pass and a name that leads elsewhere open nothing."""
    more = {"relay_recordings": tmp_path / "recordings"}
    async with (
        running_node(redis_url, store.prefix, **more) as node,
        httpx.AsyncClient(trust_env=False, base_url=node.settings.own_url) as http,
    ):
        passes = {
            "no-token": 401,
            node.tokens.ticket(session_id, "ANA", "technician"): 401,
            node.tokens.evidence("ses-2", "LEAD")[0]: 401,
            node.tokens.evidence(session_id, "LEAD")[0]: 200,
        }
        for token, status in passes.items():
            headers = {"Authorization": f"Bearer {token}"}
            for path in ("", "/chain.jsonl"):
                answer = await http.get(f"/v1/sessions/{session_id}/evidence{path}", headers=headers)
                assert answer.status_code == status
        for name in ("..%2f..%2fchain.jsonl", "nothing.webm", ".hidden", "x.part"):
            answer = await http.get(f"/v1/sessions/{session_id}/evidence/segments/{name}", headers=headers)
            assert answer.status_code == 404


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_it_records_from_consent_to_withdrawal_and_no_longer(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path, codec: str
) -> None:
    """Everybody is told when it starts and stops; each file is bound by its hash, and its owner's alone."""
    folder = tmp_path / "recordings"
    more = {"relay_recordings": folder, "relay_record_segment_s": 2.0}
    async with (
        running_node(redis_url, store.prefix, **more) as node,
        connected(node, session_id, "ANA", "technician") as ana,
    ):
        await welcomed(ana)
        async with filming(ana, codec) as camera:
            await pictures(camera, FPS)
            assert not list(folder.rglob("*.*"))
            await ana.op("give_consent")
            await ana.until(kind_is("recording_started"))
            begun = camera.sent
            await pictures(camera, 4 * FPS)
            await ana.op("withdraw_consent")
            await ana.until(kind_is("recording_stopped"))
            ended = camera.sent
            await recorded_segments(store, session_id, 1)
            await pictures(camera, 10)
        await ana.op("end", outcome="resolved")
    found = await recorded_segments(store, session_id, 1)
    files = {one.segment: folder / session_id / "segments" / one.segment for one in found}
    assert {path.name for path in (folder / session_id / "segments").iterdir()} == set(files)
    for one in found:
        content = files[one.segment].read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (one.sha256, one.octets)
        assert stat.S_IMODE(files[one.segment].stat().st_mode) == 0o600
        assert one.party == "ANA"
    counted = sum(map(shown, files.values()))
    assert (ended - begun) * 0.8 <= counted <= ended - begun + FPS // 2
    assert (folder / session_id / "chain.jsonl").is_file()


async def test_a_killed_node_loses_no_more_than_its_last_cluster(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path
) -> None:
    """After kill -9 the node that starts again with the folder makes whole what was cut, and binds it."""
    told = {"MUSTER_RELAY_RECORDINGS": str(tmp_path / "recordings"), "MUSTER_RELAY_RECORD_SEGMENT_S": "3"}
    async with (
        node_process(redis_url, store, tmp_path, told) as victim,
        on_process(victim, store, session_id) as ana,
        filming(ana) as camera,
    ):
        await ana.op("give_consent")
        await ana.until(kind_is("recording_started"))
        begun = camera.sent
        await recorded_segments(store, session_id, 1)
        await pictures(camera, int(2.5 * FPS))
        os.kill(victim.child.pid, signal.SIGKILL)
        killed = camera.sent
        await ana.closed()
    folder = tmp_path / "recordings" / session_id / "segments"
    assert len(list(folder.glob("*.part"))) == 1
    more = {"relay_recordings": tmp_path / "recordings"}
    async with running_node(redis_url, store.prefix, **more) as node:
        found = await recorded_segments(store, session_id, 2)
        bundle = await asyncio.to_thread(exported, node, session_id, tmp_path)
    with Bundle(bundle) as opened:
        proved, findings = check(opened, node.signer)
    assert findings == []
    assert {name for name in proved.files if name.startswith("segments/")} == {
        f"segments/{one.segment}" for one in found
    }
    for one in found:
        assert hashlib.sha256((folder / one.segment).read_bytes()).hexdigest() == one.sha256
    counted = sum(shown(folder / one.segment) for one in found)
    assert killed - begun - 2 * FPS <= counted <= killed - begun + FPS


async def test_a_full_disk_stops_the_recording_and_nothing_else(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path
) -> None:
    """Everybody is told why, and the session goes on."""
    more = {"relay_recordings": tmp_path / "recordings", "relay_record_free_mb": 1_000_000}
    async with (
        running_node(redis_url, store.prefix, **more) as node,
        connected(node, session_id, "ANA", "technician") as ana,
    ):
        await welcomed(ana)
        await ana.op("give_consent")
        stopped = await ana.until(kind_is("recording_stopped"))
        assert stopped["entry"]["reason"] == "disk_full"
        assert (await ana.op("say", text="still here"))["type"] == "done"


async def test_a_node_without_a_folder_says_that_it_records_nothing(
    redis_url: str, store: SessionStore, session_id: str
) -> None:
    """Consent alone is no recording, and nobody is left to believe so."""
    async with (
        running_node(redis_url, store.prefix) as node,
        connected(node, session_id, "ANA", "technician") as ana,
    ):
        await welcomed(ana)
        await ana.op("give_consent")
        assert (await ana.until(kind_is("recording_stopped")))["entry"]["reason"] == "not_here"


async def test_a_session_takes_no_more_than_its_share_of_the_disk(
    redis_url: str, store: SessionStore, session_id: str, tmp_path: Path
) -> None:
    """At its limit the recording stops with an event; what was recorded stays whole."""
    more = {"relay_recordings": tmp_path / "recordings", "relay_record_segment_s": 1.0}
    async with (
        running_node(redis_url, store.prefix, **more) as node,
        connected(node, session_id, "ANA", "technician") as ana,
    ):
        await welcomed(ana)
        async with filming(ana) as camera:
            await ana.op("give_consent")
            await ana.until(kind_is("recording_started"))
            recorder = node.media[session_id].recorder
            assert recorder is not None
            recorder.terms = Terms(segment_s=1.0, session_bytes=150_000)
            stopped = await ana.until(kind_is("recording_stopped"))
            assert stopped["entry"]["reason"] == "size_limit"
            found = await recorded_segments(store, session_id, 1)
            await pictures(camera, 10)
    assert all(shown(tmp_path / "recordings" / session_id / "segments" / one.segment) for one in found)
