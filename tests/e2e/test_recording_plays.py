"""The recording of a session on a bad link plays from its begin to its end, for ffprobe and for Chromium."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from schemas.assist_log import Entry
from services.assist import lifecycle
from services.assist.chain import Signer, chained
from services.assist.drafts import Actor, Draft
from services.assist.playback import playback
from services.assist.session import Session
from services.evidence.film import make_film
from services.relay.endpoint import Endpoint
from services.relay.recording.disk import Disk
from services.relay.recording.recorder import Recorder, Terms
from services.relay.recording.tap import KEY_FRAME_EVERY_S
from services.relay.room import Room
from services.relay.udp_port import UdpPort
from tests.conftest import missing
from tests.media.bad_link import Terms as LinkTerms
from tests.media.bad_link import bad_link, inside
from tests.media.bad_link import missing as no_link
from tests.media.chromium import CHROMIUM_FLAGS
from tests.media.client import MediaClient
from tests.media.film import Film, FilmCamera
from tests.media.heard import Heard

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]
FILMED_S = 9.0
ANA = Actor("ANA", "technician")
PLAY = """
async name => {
  const video = Object.assign(document.createElement('video'), {muted: true, src: name, playbackRate: 3});
  document.body.replaceChildren(video);
  const heard = event => new Promise((resolve, reject) => {
    video.addEventListener(event, resolve, {once: true});
    video.addEventListener('error', () => reject(new Error(video.error.message)), {once: true});
  });
  const ended = heard('ended');
  await video.play();
  await ended;
  const {totalVideoFrames: frames, corruptedVideoFrames: corrupted} = video.getVideoPlaybackQuality();
  const seeked = heard('seeked');
  video.currentTime = video.duration - 0.3;
  await seeked;
  return {frames, corrupted, duration: video.duration, at: video.currentTime, width: video.videoWidth};
}
"""


class Ledger:
    """The log of a session with ANA's consent, in memory; whoever follows it hears of each entry."""

    def __init__(self) -> None:
        self.session, self.epoch = Session("ses-1", "INC-1", "R1"), 1
        self.log: list[Entry] = []
        self.follow: Callable[[list[Entry]], None] = lambda _: None

    def now(self) -> datetime:
        """Real time."""
        return datetime.now(UTC)

    async def commit(self, decide: Callable[[Session], list[Draft]]) -> list[Entry]:
        """Decide, chain and fold."""
        entries = chained(
            self.session, decide(self.session), self.now(), Signer("a secret of 32 characters or more")
        )
        for entry in entries:
            self.session.apply(entry)
        self.log += entries
        self.follow(entries)
        return entries


class Stage(Heard):
    """A room that is recorded."""

    recorder: Recorder

    def published(self, peer_id: str, kind: str) -> None:
        """Tell the recorder."""
        super().published(peer_id, kind)
        self.recorder.published(peer_id)


@asynccontextmanager
async def recording(codec: str, folder: Path) -> AsyncIterator[tuple[Ledger, FilmCamera]]:
    """ANA films over a link that loses 3 % both ways; the recorder is closed at the end."""
    terms = LinkTerms(loss=0.03, delay_s=0.02)
    async with bad_link(terms, terms, 7) as (relay_side, client_side, _):
        with inside(relay_side.namespace):
            endpoint = Endpoint([relay_side.address])
        with inside(client_side.namespace):
            port = UdpPort([client_side.address])
        endpoint.start()
        port.start()
        stage, ledger, disk = Stage(), Ledger(), Disk(folder, 0)
        room = Room("ses-1", endpoint, stage)
        stage.recorder = Recorder(ledger, room, disk, Terms(segment_s=3.0, session_bytes=10**9))
        ledger.follow = stage.recorder.follow
        client = MediaClient(port)
        client.add("audio", "sendonly")
        client.add("video", "sendonly")
        await client.accept(await room.accept_offer("ANA", await client.offer(), publish=True, view=True))
        camera = FilmCamera(client, Film(codec, 320, 240))
        filming = asyncio.create_task(camera.run())
        try:
            await ledger.commit(lambda _: lifecycle.open_session(ANA, "ANA"))
            await ledger.commit(lambda session: lifecycle.join(session, "ANA", "technician"))
            yield ledger, camera
        finally:
            await stage.recorder.close()
            filming.cancel()
            await asyncio.gather(filming, client.close(), room.close(), return_exceptions=True)
            disk.close()
            port.close()
            endpoint.close()


def probed(file: Path) -> dict[str, Any]:
    """What ffprobe and a whole decoding say; any word of complaint fails."""
    asked = (
        "-show_entries",
        "format=duration:stream=codec_type,nb_read_frames:packet=codec_type,pts_time,flags",
    )
    command = ["ffprobe", "-v", "error", "-count_frames", *asked, "-of", "json", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stderr == "", told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def pictures_in(found: dict[str, Any]) -> int:
    """How many pictures could be decoded."""
    return next(int(one["nb_read_frames"]) for one in found["streams"] if one["codec_type"] == "video")


def key_frames(found: dict[str, Any]) -> list[float]:
    """Where one can begin, and the end."""
    pictures = [one for one in found["packets"] if one["codec_type"] == "video"]
    return [float(one["pts_time"]) for one in pictures if "K" in one["flags"]] + [
        float(pictures[-1]["pts_time"])
    ]


async def played(chromium: Path, files: list[Path]) -> list[dict[str, Any]]:
    """Each file from begin to end in Chromium, and then sought near its end."""
    page_file = files[0].with_name("player.html")
    page_file.write_text("<!doctype html><title>player</title>")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*CHROMIUM_FLAGS])
        page = await browser.new_page()
        await page.goto(page_file.as_uri())
        found = [await page.evaluate(PLAY, file.name) for file in files]
        await browser.close()
    return found


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_a_recording_with_loss_plays_from_begin_to_end(
    chromium: Path, tmp_path: Path, codec: str
) -> None:
    """3 % loss both ways: no complaint, the right length, a key frame each few seconds, sought to the end."""
    if no_link():
        missing(no_link())
    if shutil.which("ffprobe") is None:
        missing("no ffprobe is on the PATH; `make system` installs it (Debian: ffmpeg)")
    async with recording(codec, tmp_path) as (ledger, camera):
        await ledger.commit(lambda session: lifecycle.consent(session, ANA, "given"))
        while not ledger.session.recording:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        begun_rtp, begun_sent = camera.rtp, camera.sent
        await asyncio.sleep(FILMED_S)
        await ledger.commit(lambda session: lifecycle.consent(session, ANA, "withdrawn"))
        ended_rtp, sent = camera.rtp, camera.sent - begun_sent
    folder = tmp_path / "ses-1" / "segments"
    files = sorted(folder.glob("e1-*"))
    assert [file.name for file in files] == sorted(ledger.session.segments)
    assert len(files) >= 2
    first_rtp = playback(ledger.log).pieces[0].rtp
    assert first_rtp is not None
    assert first_rtp - begun_rtp < 2 * 90_000
    length_s = (ended_rtp - first_rtp) / 90_000
    told = await asyncio.to_thread(lambda: [probed(file) for file in files])
    assert sum(float(one["format"]["duration"]) for one in told) == pytest.approx(length_s, abs=0.5)
    assert sum(map(pictures_in, told)) >= 0.85 * (sent - 30)
    gaps = [later - before for one in told for before, later in pairwise(key_frames(one))]
    assert max(gaps) < KEY_FRAME_EVERY_S + 1.5
    film = folder / "film.webm"
    film_s = await asyncio.to_thread(make_film, playback(ledger.log), folder, {}, film, lambda *_: None)
    assert film_s == pytest.approx(length_s, abs=0.5)
    shown = await played(chromium, [*files, film])
    for one, said in zip(told, shown, strict=False):
        assert said["frames"] > 0.9 * pictures_in(one)
        assert said["duration"] == pytest.approx(float(one["format"]["duration"]), abs=0.1)
        assert said["at"] > said["duration"] - 0.5
        assert (said["corrupted"], said["width"]) == (0, 320)
    assert shown[-1]["duration"] == pytest.approx(film_s, abs=0.3)
