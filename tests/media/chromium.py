"""Chromium as a client of a room: how it is started, what it offers, and when it showed pictures."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from services.relay.room import Room

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
AWAKE = ("--disable-background-timer-throttling", "--disable-renderer-backgrounding")
OFFER = """
async ({publishes, views, codec}) => {
  const pc = window.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  if (publishes) {
    const wish = {video: {width: 320, height: 240}, audio: true};
    const media = await navigator.mediaDevices.getUserMedia(wish);
    for (const track of media.getTracks()) {
      const line = pc.addTransceiver(track, {direction: 'sendonly', streams: [media]});
      if (track.kind === 'video') {
        const all = RTCRtpSender.getCapabilities('video').codecs;
        line.setCodecPreferences(all.filter(one => [codec, 'video/rtx'].includes(one.mimeType)));
      }
    }
  }
  if (views) for (const kind of ['audio', 'video']) pc.addTransceiver(kind, {direction: 'recvonly'});
  pc.ontrack = ({track}) => {
    const shown = document.createElement(track.kind);
    Object.assign(shown, {autoplay: true, muted: true, srcObject: new MediaStream([track])});
    document.body.append(shown);
  };
  window.heard = [];
  pc.createDataChannel('marks').onmessage = event => window.heard.push(event.data);
  await pc.setLocalDescription(await pc.createOffer());
  return pc.localDescription.sdp;
}
"""
NOTE_EVERY_PICTURE = """
() => {
  const [shown, times] = [document.querySelector('video'), window.shownAt = []];
  const note = now => { times.push(now); shown.requestVideoFrameCallback(note); };
  shown.requestVideoFrameCallback(note);
}
"""


async def join(browser: Browser, room: Room, name: str, **wish: Any) -> Page:
    """A page of its own that is connected to the room; `wish` is publishes, views and codec."""
    page = await browser.new_page()
    await page.goto("file:///dev/null")
    offer = await page.evaluate(OFFER, wish)
    answer = await room.accept_offer(name, offer, publish=wish["publishes"], view=wish["views"])
    await page.evaluate("sdp => pc.setRemoteDescription({type: 'answer', sdp})", answer)
    return page


@asynccontextmanager
async def chromium_in(namespace: str, program: Path) -> AsyncIterator[Browser]:
    """Chromium with a fake camera and its network in this namespace."""
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / "chromium"
        inside.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {program} "$@"\n')
        inside.chmod(0o755)
        async with async_playwright() as playwright:
            flags = [*CHROMIUM_FLAGS, *FAKE_CAMERA, *AWAKE]
            browser = await playwright.chromium.launch(executable_path=inside, args=flags)
            try:
                yield browser
            finally:
                await browser.close()


async def watched(page: Page) -> None:
    """Wait for the page's first picture, and note from now on when it shows a new one."""
    await page.wait_for_function("(document.querySelector('video')?.videoWidth ?? 0) > 0", timeout=30_000)
    await page.evaluate(NOTE_EVERY_PICTURE)


async def pictures_shown(page: Page) -> list[float]:
    """When it showed new pictures, in seconds of its own clock."""
    return [at / 1000 for at in await page.evaluate("window.shownAt")]
