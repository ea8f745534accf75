"""People of a remote-assist session, each in a browser with a fake camera: for the tests and the bench."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.stack import Installation

CAMERA_FLAGS = (
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # A name that is no secure context, as a phone sees an installation without --tls.
    "--host-resolver-rules=MAP plain.test 127.0.0.1",
)
MAY_FILM = {"permissions": ["camera", "microphone"]}
SOON_MS = 20_000

OBSERVE = """
window.peers = [];
const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(options) {
    super({...options, ...(window.peerOptions ?? {})});
    window.peers.push(this);
  }
};
"""
"""Remembers the page's connections, so that a test can ask for their statistics."""
RELAY_ONLY = "window.peerOptions = {iceTransportPolicy: 'relay'};"
NO_WAY = "window.peerOptions = {iceTransportPolicy: 'relay', iceServers: []};"
"""As on a network that lets no UDP through, and no TURN either."""
ONLY_H264 = """
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (what, options) {
  const line = add.call(this, what, options);
  if ((what.kind ?? what) === 'video') {
    const all = RTCRtpReceiver.getCapabilities('video').codecs;
    line.setCodecPreferences(all.filter(one => ['video/H264', 'video/rtx'].includes(one.mimeType)));
  }
  return line;
};
"""
STATISTICS = """
async () => {
  const pc = window.peers.findLast(one => one.connectionState === 'connected');
  if (!pc) return {};
  const all = [...(await pc.getStats()).values()];
  const video = all.find(one => one.kind === 'video' && ['inbound-rtp', 'outbound-rtp'].includes(one.type));
  const pair = all.find(one => one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded');
  const sounds = all.filter(one => one.type === 'inbound-rtp' && one.kind === 'audio');
  return {
    decoded: video?.framesDecoded ?? 0, sent: video?.framesSent ?? 0, freezes: video?.freezeCount ?? 0,
    frozen_s: video?.totalFreezesDuration ?? 0,
    codec: all.find(one => one.id === video?.codecId)?.mimeType,
    candidate: all.find(one => one.id === pair?.localCandidateId)?.candidateType,
    heard: Math.max(0, ...sounds.map(one => one.packetsReceived)),
  };
}
"""


def own_address() -> str:
    """An address of this machine that is not the loopback one; 127.0.0.1 where there is no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent
            return str(sock.getsockname()[0])
        except OSError:
            return "127.0.0.1"


@dataclass
class Person:
    """Somebody on their page."""

    page: Page
    name: str

    def statistics(self) -> dict[str, Any]:
        """Of the connection that is up now."""
        found: dict[str, Any] = self.page.evaluate(STATISTICS)
        return found

    def sees(self, what: str) -> None:
        """Wait until the picture is `video`, `still` or `ladder`."""
        expect(self.page.locator(".stage")).to_have_attribute("data-shown", what, timeout=SOON_MS)

    def has_media(self, state: str = "connected") -> None:
        """Wait for a state of the media connection."""
        expect(self.page.locator("[data-assist]")).to_have_attribute("data-media", state, timeout=SOON_MS)

    def sees_marks(self, count: int) -> None:
        """Wait until so many marks are on the picture."""
        expect(self.page.locator("[data-mark]")).to_have_count(count, timeout=SOON_MS)

    def do(self, what: str) -> None:
        """Press a button."""
        self.page.click(f'[data-do="{what}"]', timeout=SOON_MS)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw with the tool in hand, in parts of the stage's width and height."""
        box = self.page.locator(".stage-marks").bounding_box()
        assert box is not None
        for number, (x, y) in enumerate((start, end)):
            self.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=4)
            if number == 0:
                self.page.mouse.down()
        self.page.mouse.up()


class Crew:
    """Opens the pages of one installation's people."""

    def __init__(self, stack: Installation, region: str) -> None:
        self.stack, self.region = stack, region

    def technician(self, context: BrowserContext, name: str) -> Person:
        """From the job's card into a session of the incident."""
        person = self._open(context, "technician", name, "/job")
        person.do("call_expert")
        person.page.wait_for_selector('[data-assist="technician"]', timeout=SOON_MS)
        return person

    def expert(self, context: BrowserContext, name: str, incident: str) -> Person:
        """Through the list of open sessions."""
        person = self._open(context, "expert", name, "/assist")
        person.page.locator(".session-row", has_text=incident).locator('[data-as="expert"]').click()
        person.page.wait_for_selector('[data-assist="expert"]', timeout=SOON_MS)
        return person

    def _open(self, context: BrowserContext, role: Any, name: str, path: str) -> Person:
        context.add_init_script(OBSERVE)
        page = context.new_page()
        page.goto(f"{self.stack.url}{path}#token={self.stack.token(role, name, [self.region])}")
        return Person(page, name)


PHONE_WITH_CAMERA: dict[str, Any] = {"viewport": PHONE, "has_touch": True, **MAY_FILM}
