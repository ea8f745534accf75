"""Chromium as a client of the relay: what a browser offers is answered, and its pictures are decoded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from services.relay.endpoint import Endpoint
from services.relay.room import Room
from tests.media.chromium import join
from tests.media.heard import Heard

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STATISTICS = """
async () => {
  const all = [...(await pc.getStats()).values()];
  const picture = all.find(one => one.type === 'inbound-rtp' && one.kind === 'video');
  const sound = all.find(one => one.type === 'inbound-rtp' && one.kind === 'audio');
  const {srtpCipher} = all.find(one => one.type === 'transport');
  return {frames: picture?.framesDecoded ?? 0, lost: picture?.packetsLost, cipher: srtpCipher,
    samples: sound?.totalSamplesReceived};
}
"""


async def seen(page: Page, frames: int) -> dict[str, Any]:
    """The page's statistics once it has decoded so many frames."""
    async with asyncio.timeout(30):
        while True:
            found: dict[str, Any] = await page.evaluate(STATISTICS)
            if found["frames"] >= frames and found["samples"]:
                return found
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
async def test_browsers_see_and_hear_each_other(camera_browser: Browser, codec: str) -> None:
    """A technician, an expert who views, one who does both: frames are decoded everywhere, none is lost."""
    endpoint, heard = Endpoint(), Heard()
    endpoint.start()
    room = Room("session", endpoint, heard)
    try:
        await join(camera_browser, room, "technician", publishes=True, views=False, codec=codec)
        expert = await join(camera_browser, room, "expert", publishes=False, views=True, codec=codec)
        both = await join(camera_browser, room, "both", publishes=True, views=True, codec=codec)
        for page in (expert, both):
            found = await seen(page, frames=60)
            assert found["lost"] == 0
            assert found["cipher"] == "SRTP_AEAD_AES_128_GCM"
        for _, channel in heard.channels:
            channel.send("a mark")
        await expert.wait_for_function("window.heard.length === 1 && window.heard[0] === 'a mark'")
        assert (heard.losses, heard.misfits) == ([], [])
    finally:
        await room.close()
        endpoint.close()
